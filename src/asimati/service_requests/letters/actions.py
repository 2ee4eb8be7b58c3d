"""Issuing a letter and taking it back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.queries import name_of
from asimati.credentials import actions as credentials
from asimati.credentials.writing import Claim
from asimati.kit import audit, clock, policy
from asimati.kit.errors import Conflict, Invalid
from asimati.kit.ids import new_id
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor, Role
from asimati.kit.text import isolate, say
from asimati.kit.words import LANGUAGES, _, translate
from asimati.service_requests import messages
from asimati.service_requests import policy as cases
from asimati.service_requests.actions import telling
from asimati.service_requests.actions.moving import case
from asimati.service_requests.actions.reviewing import require_no_part
from asimati.service_requests.letters import queries
from asimati.service_requests.letters.models import Letter, LetterTemplate, LetterYear
from asimati.service_requests.models import ServiceRequest
from asimati.settings import settings

Bilingual = Mapping[str, str | None]
MAY: Mapping[str, frozenset[Role]] = {
    "issue": frozenset({Role.REVIEWER, Role.SUPERVISOR}),
    "revoke": frozenset({Role.SUPERVISOR}),
}
_ANYBODY = _("To whom it may concern")
_FIELD = re.compile(r"\{(\w+)\}")  # by name alone: a template is no program


class LetterRevoked(Conflict):
    slug = "letter-revoked"
    title = _("This letter was revoked")
    detail = _("It is no longer valid: {reason}")
    says = {"reason": "why, in both languages"}


def issue(tx: Session, actor: Actor, reference: str, *, template: str, remarks: Bilingual | None = None) -> Letter:
    """Issue a letter of the pack about a case one holds, with remarks of one's own if need be.

    Raises NotFound, ClaimedByAnother, InterestDeclared, OwnAffair; Invalid for a letter there is not, or not for
    this service.
    """
    policy.require(actor, MAY, "issue")
    request = case(tx, actor, reference)
    cases.require_holder(actor, request.claimed_by, cases.about_of(request))
    require_no_part(tx, actor, request)
    worded = tx.get(LetterTemplate, template)
    if worded is None or worded.retired_at or (worded.services and request.service.code not in worded.services):
        raise Invalid([("/template", _("There is no such letter for this service."))])
    if remarks and not all(remarks.get(language) for language in LANGUAGES):
        raise Invalid([("/remarks", _("A letter needs both languages."))])
    now, identity = clock.now(tx), new_id()
    name = name_of(tx, request.person_id) if request.person_id else {}
    year = clock.local(now).year
    number = _next(tx, year)
    letter = Letter(
        id=identity, year=year, number=number, request_id=request.id, person_id=request.person_id,
        template=worded.code, title=worded.title, text=_worded(worded, request, name, remarks), issued_at=now,
        issued_by=actor.id,
    )  # fmt: skip
    made = credentials.issue(tx, actor, _claim(letter), request.person_id, holder=_holder(name))
    letter.credential_id, letter.link = made.id, made.link
    tx.add(letter)
    tx.flush()
    _written_down(tx, actor, "issued", letter)
    publish(tx, messages.LetterIssued(**_told(request, letter)))
    return letter


def revoke(tx: Session, actor: Actor, letter_reference: str, *, reason: str) -> Letter:
    """End a letter: its page, its QR code and every verifier say so from then on; the first reason stays."""
    policy.require(actor, MAY, "revoke")
    letter = queries.letter(tx, actor, letter_reference, locked=True)
    if letter.revoked_at is None:
        letter.revoked_at, letter.reason = clock.now(tx), reason
        credentials.end(tx, actor, letter.credential_id, reason)
        tx.flush()
        _written_down(tx, actor, "revoked", letter)
        publish(tx, messages.LetterRevoked(**_told(letter.request, letter)))
    return letter


def _next(tx: Session, year: int) -> int:
    """The year's next number; whoever else issues one waits for us. If our work is undone, so is the counting."""
    row = insert(LetterYear).values(year=year, last=1)
    counted = row.on_conflict_do_update(index_elements=["year"], set_={"last": LetterYear.last + 1})
    return tx.scalars(counted.returning(LetterYear.last)).one()


def _worded(
    template: LetterTemplate, request: ServiceRequest, name: Bilingual, remarks: Bilingual | None
) -> dict[str, str]:
    """The letter's words in both languages, as they will stand for ever."""
    return {language: _in(language, template, request, name, remarks) for language in LANGUAGES}


def _in(
    language: str, template: LetterTemplate, request: ServiceRequest, name: Bilingual, remarks: Bilingual | None
) -> str:
    apart = isolate if language == "ar" else str  # a date reads backwards in the middle of Arabic
    facts: dict[str, Any] = {
        "name": name.get(language) or say(name, language) or translate(_ANYBODY, language),
        "reference": apart(request.reference),
        "service": say(request.service.title, language),
        "submitted_on": apart(clock.local_day(request.submitted_at).isoformat()),
        "block": apart(request.block or ""),
        "governorate": say(settings().governorate.facts["name"], language),
    }
    words = _FIELD.sub(lambda field: facts.get(field[1], field[0]), template.text[language].strip())
    return f"{words}\n\n{remarks[language]}" if remarks else words


def _claim(letter: Letter) -> Claim:
    day = clock.local_day(letter.issued_at).isoformat()
    return Claim(
        kind="letter",
        subject=f"letter:{letter.id}",
        title=letter.title,
        description=letter.title,
        criteria={
            language: translate(_("Issued from a case of the governorate."), language) for language in LANGUAGES
        },
        facts={"reference": letter.reference, "day": day},
        brief=f"{letter.reference} {day}",
    )


def _holder(name: Bilingual) -> str | None:
    return name.get("en") or name.get("ar")


def _told(request: ServiceRequest, letter: Letter) -> dict[str, Any]:
    return {**telling.of(request), "title": letter.title, "letter": letter.reference}


def _written_down(tx: Session, actor: Actor, deed: str, letter: Letter) -> None:
    audit.record(
        tx, actor, f"letters.{deed}", ("letter", letter.reference), [letter.person_id], template=letter.template
    )
