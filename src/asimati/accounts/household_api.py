"""Routes of households: one's own, and what the staff see and judge of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asimati.accounts import actions, household, policy
from asimati.accounts import household_schemas as schemas
from asimati.accounts.models import HouseholdMember
from asimati.accounts.refusals import (
    AnswerAwaited,
    AskedTooOften,
    AssuranceTooLow,
    GuardianNotAdult,
    HouseholdFull,
    MemberAlready,
    NothingToJudge,
    NotUnderAge,
    OwnHousehold,
    TiedAccount,
)
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.problems import CONSTRAINTS
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.pages import Page
from asimati.kit.policy import Actor, may
from asimati.kit.words import _

blp = Blueprint("household", __name__, description="The people of a household, and guardians")
CONSTRAINTS["household_member_tie_key"] = MemberAlready
audit.SUBJECTS["household"] = _("your household")
Dict = dict[str, Any]
ONE = "/me/household/<uuid:member_id>"
ASKED = "/me/household/invitations"

DESKS.append(
    Desk(
        titles={"guardians": _("Guardians to verify")},
        may=lambda actor: may(actor, policy.MAY, "judge_guardian"),
        counts=lambda tx, actor: {"guardians": household.waiting(tx)},
        items=lambda tx, actor, name, query: household.staff_rows(tx, query["page"], household.to_judge()),
        gives=schemas.StaffHouseholdOut,
        opens="household",
    )
)


@blp.get("/me/household", who=access.residents, query=PageQuery, gives=page_of(schemas.HouseholdMemberOut))
def members(tx: Session, actor: Actor, query: Dict) -> Page:
    """The members of one's household, and the households one is a member of."""
    return household.mine(tx, actor, query["page"])


@blp.post(
    "/me/household", who=access.residents, takes=schemas.HouseholdMemberIn,
    gives=schemas.HouseholdMemberOut, status=201,
    refuses=[HouseholdFull, MemberAlready, GuardianNotAdult, AskedTooOften, AssuranceTooLow],
)  # fmt: skip
def add(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Count somebody among one's household. With a telephone, whoever has it is asked to agree."""
    return _shown(tx, actor, actions.add_to_household(tx, actor, **payload))


@blp.get(ONE, who=access.residents, gives=schemas.HouseholdMemberOut, tagged=True)
def member(tx: Session, actor: Actor, member_id: UUID) -> Dict:
    """One of them."""
    return household.one(tx, actor, member_id)


@blp.patch(
    ONE, who=access.residents, takes=schemas.HouseholdMemberEdit, gives=schemas.HouseholdMemberOut,
    refuses=[TiedAccount, AnswerAwaited, GuardianNotAdult, MemberAlready, AssuranceTooLow],
)  # fmt: skip
def edit(tx: Session, actor: Actor, payload: Dict, version: int | None, member_id: UUID) -> Dict:
    """Correct what one wrote of a member."""
    return _shown(tx, actor, actions.edit_member(tx, actor, version, member_id, payload))


@blp.delete(ONE, who=access.residents)
def end(tx: Session, actor: Actor, member_id: UUID) -> None:
    """End it, as either of the two. The other is told."""
    actions.end_membership(tx, actor, member_id)


@blp.post(
    f"{ONE}/invitation", who=access.residents, takes=schemas.InviteIn, gives=schemas.HouseholdMemberOut, status=201,
    refuses=[TiedAccount, AnswerAwaited, AskedTooOften],
)  # fmt: skip
def invite(tx: Session, actor: Actor, payload: Dict, member_id: UUID) -> Dict:
    """Ask a member who has an account by now to tie it to one's household."""
    return _shown(tx, actor, actions.invite(tx, actor, member_id, payload["phone"]))


@blp.post(
    "/me/guardians", who=access.residents, takes=schemas.GuardianIn, gives=schemas.HouseholdMemberOut, status=201,
    refuses=[NotUnderAge, AskedTooOften],
)  # fmt: skip
def ask_guardian(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """As somebody under 18, ask whoever has a telephone to agree to be one's guardian."""
    return _shown(tx, actor, actions.ask_guardian(tx, actor, payload["phone"], payload["relation"]))


@blp.get(ASKED, who=access.residents, query=PageQuery, gives=page_of(schemas.AskedOut))
def asked(tx: Session, actor: Actor, query: Dict) -> Page:
    """What others ask of one: to be of their household, or to be their guardian."""
    return household.asked_of_me(tx, actor, query["page"])


@blp.post(
    f"{ASKED}/<uuid:member_id>/agree", who=access.residents, gives=schemas.HouseholdMemberOut,
    refuses=[MemberAlready, HouseholdFull, GuardianNotAdult, AssuranceTooLow],
)  # fmt: skip
def agree(tx: Session, actor: Actor, member_id: UUID) -> Dict:
    """Say yes to what somebody asked."""
    return _shown(tx, actor, actions.agree(tx, actor, member_id))


@blp.post(f"{ASKED}/<uuid:member_id>/decline", who=access.residents)
def decline(tx: Session, actor: Actor, member_id: UUID) -> None:
    """Say no to what somebody asked."""
    actions.decline(tx, actor, member_id)


@blp.get(
    "/staff/people/<uuid:person_id>/household", who=access.staff_who(policy.MAY, "see_household"),
    query=PageQuery, gives=page_of(schemas.StaffHouseholdOut), opens="household",
)  # fmt: skip
def of_person(tx: Session, actor: Actor, query: Dict, person_id: UUID) -> Page:
    """The household of a resident, masked."""
    return household.of_person(tx, person_id, query["page"])


@blp.get(
    "/staff/household/<uuid:member_id>", who=access.staff_who(policy.MAY, "see_household"),
    gives=schemas.StaffHouseholdOut, tagged=True, opens="household",
)  # fmt: skip
def staff_one(tx: Session, actor: Actor, member_id: UUID) -> Dict:
    """One member of a household, masked."""
    return household.staff_one(tx, member_id)


@blp.post(
    "/staff/household/<uuid:member_id>/guardianship", who=access.staff_who(policy.MAY, "judge_guardian"),
    takes=schemas.JudgeIn, gives=schemas.StaffHouseholdOut, opens="household",
    refuses=[NothingToJudge, OwnHousehold],
)  # fmt: skip
def judge(tx: Session, actor: Actor, payload: Dict, member_id: UUID) -> Dict:
    """Write down that a guardian's papers were seen, or why they are not confirmed."""
    actions.judge_guardian(tx, actor, member_id, **payload)
    return household.staff_one(tx, member_id)


def _shown(tx: Session, actor: Actor, row: HouseholdMember) -> Dict:
    return household.shown(tx, actor.person, [row])[0]
