"""Coming and going: by the code shown at the shift, or written down by a coordinator."""

from __future__ import annotations

import hmac
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit import audit, clock, secrets
from asimati.kit.errors import Invalid
from asimati.kit.ids import ALPHABET
from asimati.kit.policy import Actor
from asimati.kit.text import western_digits
from asimati.kit.words import _
from asimati.volunteering import policy, rules
from asimati.volunteering.actions import readiness
from asimati.volunteering.actions.moves import of
from asimati.volunteering.models import HoursClaim, Shift, SignUp
from asimati.volunteering.queries import tolerance_of
from asimati.volunteering.refusals import NotNow, WrongShiftCode
from asimati.volunteering.rules import ClaimStatus, SignUpStatus


def shift_code(shift_id: UUID, moment: datetime, windows_ago: int = 0) -> str:
    """The code shown at a shift in the minute of a moment: eight letters that nobody can reckon from outside."""
    window = int(moment.timestamp()) // rules.CODE_WINDOW - windows_ago
    mac = secrets.mac([str(shift_id), str(window)], "shift-code")
    return "".join(ALPHABET[byte % 32] for byte in mac[:8])


def as_shown(typed: str) -> str:
    """A code as a person may type it: any digits and case, spaces, and the letters Crockford reads as digits."""
    bare = "".join(western_digits(typed).upper().split()).replace("-", "")
    return bare.translate(str.maketrans("OIL", "011"))


def check_in(
    tx: Session, actor: Actor, sign_up_id: UUID, code: str | None = None, at: datetime | None = None
) -> SignUp:
    """Note that a volunteer came: by the code shown at the shift, or by a coordinator, who may say when."""
    found, shift, when = _at_the_shift(tx, actor, sign_up_id, code, at)
    if not shift.starts_at - rules.CHECK_IN_OPENS <= when < shift.ends_at:
        raise NotNow
    rules.require_move(found.status, SignUpStatus.CHECKED_IN)
    found.status, found.checked_in_at = SignUpStatus.CHECKED_IN, when
    found.checked_in_by = actor.id if actor.is_staff else None
    audit.record(tx, actor, "volunteering.checked_in", ("sign_up", found.id), [found.person_id])
    return found


def check_out(
    tx: Session, actor: Actor, sign_up_id: UUID, code: str | None = None, at: datetime | None = None
) -> SignUp:
    """Note that a volunteer left, by the code still shown there; the time served waits for a second person's word.

    Who forgot to is checked out by a coordinator, who says when it was, at any time afterwards.
    """
    found, shift, when = _at_the_shift(tx, actor, sign_up_id, code, at)
    if when > shift.ends_at + rules.CHECK_OUT_CLOSES and not actor.is_staff:
        raise NotNow
    rules.require_move(found.status, SignUpStatus.CHECKED_OUT)
    arrived = found.checked_in_at or when
    if when < arrived:
        raise Invalid([("/at", _("This is before the check-in."))])
    found.status, found.checked_out_at = SignUpStatus.CHECKED_OUT, when
    found.checked_out_by = actor.id if actor.is_staff else None
    readiness.note_served(tx, found, shift)
    minutes = rules.accredited_minutes(arrived, when, shift.starts_at, shift.ends_at, tolerance_of(tx, shift))
    tx.add(HoursClaim(sign_up_id=found.id, person_id=found.person_id, minutes=minutes, status=ClaimStatus.PENDING))
    audit.record(tx, actor, "volunteering.checked_out", ("sign_up", found.id), [found.person_id], minutes=minutes)
    return found


def _at_the_shift(
    tx: Session, actor: Actor, sign_up_id: UUID, code: str | None, at: datetime | None
) -> tuple[SignUp, Shift, datetime]:
    of(tx, actor, sign_up_id)
    found = tx.scalars(
        select(SignUp)
        .where(SignUp.id == sign_up_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    shift, now = tx.get_one(Shift, found.shift_id), clock.now(tx)
    if actor.is_staff:
        policy.require(actor, "record_times")
        policy.require_not_own(tx, actor, found.person_id)
        if at is not None and at > now:
            raise Invalid([("/at", _("This has not been yet."))])
        return found, shift, at or now
    if at is not None:
        raise Invalid([("/at", _("Only a coordinator can say when it was."))])
    shown = [shift_code(shift.id, now, ago) for ago in (0, 1)]
    given = as_shown(code or "")
    if not any(hmac.compare_digest(given.encode(), one.encode()) for one in shown):
        raise WrongShiftCode
    return found, shift, now
