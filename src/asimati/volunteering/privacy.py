"""What volunteering keeps of people, and what becomes of their shifts when they leave."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from asimati.kit import rotation
from asimati.kit.policy import Actor
from asimati.kit.privacy import (
    AFTER_MERGE,
    BEFORE_ERASURE,
    BEFORE_MERGE,
    Fate,
    Group,
    Together,
    holds,
    knows_nobody,
)
from asimati.kit.words import _
from asimati.volunteering.actions import entities, signing_up
from asimati.volunteering.actions.claiming import ABOUT
from asimati.volunteering.actions.profiling import ACCESSIBILITY, EMERGENCY
from asimati.volunteering.actions.vouching import end_second_passports, vouch_again
from asimati.volunteering.models import (
    AccessibilityNeed,
    Call,
    CallOut,
    Charter,
    CharterAcceptance,
    Dispute,
    GuardianConsent,
    HoursClaim,
    HoursLine,
    Opportunity,
    Orientation,
    Shift,
    SignUp,
    Swap,
    Volunteer,
)
from asimati.volunteering.models.editions import Enrolment, RankingRow, Snapshot
from asimati.volunteering.models.entities import (
    EntityEnrolment,
    EntityMember,
    EntityRankingRow,
    VolunteerEntity,
)
from asimati.volunteering.rules import LIVE

rotation.seals(Volunteer.emergency, EMERGENCY)
rotation.seals(AccessibilityNeed.needs, ACCESSIBILITY)

DELETED = _("It is deleted.")
_COUNTED = _("Hours that were accredited stay counted, by nobody in particular.")
_WORDS_GO = _("Your words are deleted; the number stays, of nobody in particular.")

holds(
    SignUp,
    Group.PARTICIPATION,
    _("Your sign-ups to volunteer"),
    of="person_id",
    plain=["role"],
    fate=Fate.KEEP,
    why=_("Coming ones are withdrawn. The rest is kept as numbers, of nobody in particular."),
    together=Together.BLOCK,
)
holds(
    Swap,
    Group.PARTICIPATION,
    _("Places on shifts you offered to others"),
    of=lambda person: or_(Swap.person_id == person, Swap.taken_by == person),
    plain=["code"],
    fate=Fate.KEEP,
    why=_("Whose place became whose is kept as numbers, of nobody in particular."),
)
holds(
    EntityMember,
    Group.PARTICIPATION,
    _("The organisations you volunteered with"),
    of="person_id",
    fate=Fate.KEEP,
    why=_COUNTED,
    together=Together.ONE,
)
knows_nobody(VolunteerEntity, "name", "contact", "reason", "invitation", why="an organisation's own")
knows_nobody(Opportunity, "reason", "proposed", why="an organisation's own")
knows_nobody(EntityEnrolment, "category", why="an organisation's own")
knows_nobody(EntityRankingRow, "category", why="an organisation's own")
holds(
    HoursClaim,
    Group.PARTICIPATION,
    _("Hours you claimed"),
    of="person_id",
    personal=["note"],
    fate=Fate.REDACT,
    why=_WORDS_GO,
    blanks={"note": ""},
    files=ABOUT,
)
holds(
    Dispute,
    Group.PARTICIPATION,
    _("Your objections about hours"),
    of="person_id",
    personal=["note", "answer"],
    fate=Fate.REDACT,
    why=_WORDS_GO,
)
holds(
    HoursLine,
    Group.PARTICIPATION,
    _("Your accredited hours"),
    of="person_id",
    personal=["reason"],
    plain=["targets"],
    fate=Fate.KEEP,
    why=_COUNTED,
)
holds(
    Enrolment,
    Group.PARTICIPATION,
    _("The category you volunteer in"),
    of="person_id",
    plain=["category"],
    fate=Fate.DELETE,
    why=DELETED,
    together=Together.ONE,
)
holds(
    RankingRow,
    Group.PARTICIPATION,
    _("Your places in rankings that were frozen"),
    of=lambda person: RankingRow.person_id == person,
    plain=["category"],
    fate=Fate.KEEP,
    why=_("A ranking that was signed does not change. It holds numbers, no names, and yours leads to nobody."),
    together=Together.LEAVE,
    left=_("A frozen ranking never changes; what was served is in the passport of the kept account."),
)
holds(
    Volunteer,
    Group.PARTICIPATION,
    _("What you said of yourself as a volunteer"),
    of="person_id",
    personal={
        **dict.fromkeys(("skills", "languages", "availability", "free", "away", "call_outs"), Group.PARTICIPATION),
        "blocks": Group.ADDRESS,
        "emergency": Group.CONTACT,
    },
    fate=Fate.DELETE,
    why=DELETED,
    hidden=["free"],
    together=Together.ONE,
)
holds(
    AccessibilityNeed,
    Group.SENSITIVE,
    _("Your accessibility needs"),
    of="person_id",
    personal=["needs"],
    fate=Fate.DELETE,
    why=DELETED,
    together=Together.ONE,
)
holds(
    CharterAcceptance,
    Group.PARTICIPATION,
    _("The versions of the charter you accepted"),
    of="person_id",
    fate=Fate.DELETE,
    why=DELETED,
    together=Together.ONE,
)
holds(
    Orientation,
    Group.PARTICIPATION,
    _("Orientations you attended"),
    of="person_id",
    plain=["edition"],
    fate=Fate.DELETE,
    why=DELETED,
    together=Together.ONE,
)
holds(
    GuardianConsent,
    Group.RECORD,
    _("Consents of guardians, for you or given by you"),
    of=lambda person: or_(GuardianConsent.person_id == person, GuardianConsent.guardian_id == person),
    plain=["edition"],
    fate=Fate.KEEP,
    why=_("The receipt is kept, of nobody in particular."),
    together=Together.BLOCK,
)
holds(
    Call,
    Group.PARTICIPATION,
    _("Calls for volunteers you received"),
    of="person_id",
    plain=["answer"],
    fate=Fate.DELETE,
    why=DELETED,
    together=Together.ONE,
)
knows_nobody(CallOut, "text", "role", why="a coordinator's words to many")
knows_nobody(Charter, "title", "text", why="the same words for everybody")
knows_nobody(Snapshot, "digest", why="stands for a whole ranking")


def give_up_shifts(tx: Session, actor: Actor, person: UUID) -> None:
    """Withdraw from what is still to come, so that the place is free."""
    coming = (
        select(SignUp.id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .where(
            SignUp.person_id == person,
            SignUp.status.in_([str(one) for one in LIVE]),
            SignUp.checked_in_at.is_(None),
            Shift.starts_at > func.app_now(),
        )
        .order_by(Shift.id)
    )
    for sign_up in tx.scalars(coming).all():
        signing_up.withdraw(tx, actor, sign_up)


BEFORE_ERASURE.append(give_up_shifts)
BEFORE_ERASURE.append(entities.leave_all)
BEFORE_MERGE.append(end_second_passports)
AFTER_MERGE.append(vouch_again)
