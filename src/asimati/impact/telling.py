"""Stories and endorsements: told with consent, and told no more when it is taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.impact.errors import NotYet
from asimati.impact.models import DossierForm, Endorsement, Story, Target
from asimati.impact.policy import MAY
from asimati.kit import audit, clock
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor, require
from asimati.kit.words import _


def tell(tx: Session, actor: Actor, **fields: Any) -> Story:
    """Write a story down. Raises Invalid for an unknown target, NotYet for a consent given in the future."""
    require(actor, MAY, "tell")
    if fields.get("target") and tx.get(Target, fields["target"]) is None:
        raise Invalid([("/target", _("There is no such target."))])
    if fields["consented_on"] > clock.local_day(clock.now(tx)):
        raise NotYet
    story = Story(**fields)
    tx.add(story)
    tx.flush()
    audit.record(tx, actor, "impact.story_told", ("story", str(story.id)))
    return story


def withdraw(tx: Session, actor: Actor, story_id: UUID) -> Story:
    """Tell a story no more: its consent was taken back. Doing so again changes nothing."""
    require(actor, MAY, "tell")
    story = tx.get(Story, story_id, with_for_update={"key_share": True})
    if story is None:
        raise NotFound
    if story.withdrawn_at is None:
        story.withdrawn_at = clock.now(tx)
        audit.record(tx, actor, "impact.story_withdrawn", ("story", str(story.id)))
    return story


def endorse(tx: Session, actor: Actor, **fields: Any) -> Endorsement:
    """Write down what a partner says."""
    require(actor, MAY, "tell")
    said = Endorsement(**fields)
    tx.add(said)
    tx.flush()
    audit.record(tx, actor, "impact.endorsed", ("endorsement", str(said.id)))
    return said


def stories(tx: Session, page: PageArgs) -> Page:
    """All stories, also those told no more."""
    return paginate(tx, select(Story), [Story.id], page)


def endorsements(tx: Session, page: PageArgs) -> Page:
    """What partners said."""
    return paginate(tx, select(Endorsement), [Endorsement.id], page)


def forms(tx: Session) -> list[DossierForm]:
    """The pack's forms of a report."""
    return list(tx.scalars(select(DossierForm).order_by(DossierForm.code)))
