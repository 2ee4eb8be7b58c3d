"""Drafts: what a resident has begun and goes on with later, on any of their devices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from asimati.accounts.models import HouseholdMember
from asimati.kit import audit, clock, forms
from asimati.kit.errors import Conflict, Invalid, NotFound, Stale
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import SYSTEM, Actor
from asimati.kit.words import _
from asimati.service_requests.actions.residents import days_of
from asimati.service_requests.actions.submitting import household_member
from asimati.service_requests.intake.models import Draft
from asimati.service_requests.models import Service

MOST = 20  # drafts of one person: more is a programme gone wrong
KEPT_DAYS = 30  # after the last change, where the pack does not say


class TooManyDrafts(Conflict):
    slug = "too-many-drafts"
    title = _("You have too many drafts")
    detail = _("At most {most} drafts are kept. Send or delete one first.")
    says = {"most": "how many at a time"}


def begin(
    tx: Session,
    actor: Actor,
    *,
    service: str,
    form_version: int,
    answers: Mapping[str, Any],
    location: Mapping[str, Any] | None = None,
    member: UUID | None = None,
) -> Draft:
    """Keep what somebody has written so far, complete or not, for themselves or for a member of their household.

    Raises Invalid, TooManyDrafts.
    """
    offered = tx.scalar(select(Service).where(Service.code == service, Service.retired_at.is_(None)))
    if offered is None:
        raise Invalid([("/service", _("There is no such service."))])
    if (tx.scalar(select(func.count()).where(Draft.person_id == actor.person)) or 0) >= MOST:
        raise TooManyDrafts(most=MOST)
    draft = Draft(person_id=actor.person, service=offered, form_version=form_version)
    _meant_for(tx, draft, member)
    _write(draft, answers, location)
    tx.add(draft)
    tx.flush()
    return draft


def go_on(tx: Session, actor: Actor, draft_id: UUID, version: int | None, changes: Mapping[str, Any]) -> Draft:
    """Keep what was written since: each part that is sent takes the place of what was. Raises NotFound, Stale,
    Invalid."""
    draft = _mine(tx, actor, draft_id, lock=True)
    if version is not None and draft.version != version:
        raise Stale
    draft.form_version = changes.get("form_version", draft.form_version)
    if "member" in changes:
        _meant_for(tx, draft, changes["member"])
    _write(draft, changes.get("answers", draft.answers), changes.get("location", draft.location))
    tx.flush()
    return draft


def throw_away(tx: Session, actor: Actor, draft_id: UUID) -> None:
    """Delete a draft. Raises NotFound."""
    tx.delete(_mine(tx, actor, draft_id, lock=True))


def member_of(tx: Session, actor: Actor, draft_id: UUID) -> UUID | None:
    """For whom of the household a draft is; None for oneself, and for a draft that is not there."""
    return tx.scalar(select(Draft.member_id).where(Draft.id == draft_id, Draft.person_id == actor.person))


def sent(tx: Session, actor: Actor, draft_id: UUID) -> None:
    """A draft became a case: it goes in the case's own transaction. One that is gone already is no matter."""
    tx.execute(delete(Draft).where(Draft.id == draft_id, Draft.person_id == actor.person))


def one(tx: Session, actor: Actor, draft_id: UUID) -> Draft:
    """A draft of one's own. Raises NotFound."""
    return _mine(tx, actor, draft_id)


def mine(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """One's drafts, the last written first."""
    wanted = select(Draft).where(Draft.person_id == actor.person)
    return paginate(tx, wanted, [Draft.updated_at.desc(), Draft.id.desc()], page)


def missing(draft: Draft) -> list[dict[str, str]]:
    """What the form in use would say of the answers, for the app to show where to go on."""
    form = draft.service.form
    found = forms.faults(form.schema, forms.tidy(form.schema, draft.answers), form.ui)
    return [{"pointer": pointer, "detail": words} for pointer, words in found]


def forget(tx: Session) -> int:
    """Delete drafts nobody has touched for as long as the pack says; how many."""
    before = clock.now(tx) - timedelta(days=days_of("draft_days", KEPT_DAYS))
    rows = len(tx.scalars(delete(Draft).where(Draft.updated_at < before).returning(Draft.id)).all())
    if rows:
        audit.record(tx, SYSTEM, "service_requests.drafts_forgotten", ("retention", "drafts"), rows=rows)
    return rows


def _mine(tx: Session, actor: Actor, draft_id: UUID, *, lock: bool = False) -> Draft:
    wanted = select(Draft).where(Draft.id == draft_id, Draft.person_id == actor.person)
    wanted = wanted.options(joinedload(Draft.service).selectinload(Service.form))
    if lock:
        wanted = wanted.with_for_update(of=Draft)
    found = tx.scalar(wanted.execution_options(populate_existing=lock))
    if found is None:
        raise NotFound
    return found


def _meant_for(tx: Session, draft: Draft, member: UUID | None) -> None:
    concerned = household_member(tx, draft.person_id, member)
    draft.member = tx.get(HouseholdMember, concerned.id) if concerned else None


def _write(draft: Draft, answers: Mapping[str, Any], location: Mapping[str, Any] | None) -> None:
    if forms.too_long(answers):
        raise Invalid([("/answers", _("The answers are too long."))])
    draft.answers, draft.location = dict(answers), dict(location) if location else None
