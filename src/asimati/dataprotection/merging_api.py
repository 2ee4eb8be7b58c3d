"""Routes of making two accounts of one person one, with four eyes."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asimati.dataprotection import actions, policy, queries, schemas
from asimati.dataprotection.models import AccountMerge
from asimati.dataprotection.refusals import MergeBlocked, MergeProposed, OwnFile, SecondPersonNeeded
from asimati.dataprotection.rules import MergeStatus
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.queues import DESKS, Desk
from asimati.http.routes import BY_HAND, Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor, may
from asimati.kit.words import _

blp = Blueprint("account_merges", __name__, description="Two accounts of one person")
may_enter = partial(access.staff_who, policy.MAY)
Dict = dict[str, Any]
ONE = "/staff/account-merges/<uuid:merge_id>"

DESKS.append(
    Desk(
        titles={"account_merges": _("Accounts to bring together")},
        may=lambda actor: may(actor, policy.MAY, "decide_merge"),
        counts=lambda tx, actor: {"account_merges": queries.merges_waiting(tx)},
        items=lambda tx, actor, name, query: queries.merges(tx, query["page"], MergeStatus.PROPOSED),
        gives=schemas.AccountMergeOut,
        opens="person",
    )
)


@blp.post(
    "/staff/account-merges", who=may_enter("propose_merge"), takes=schemas.MergeAccountsIn,
    gives=schemas.AccountMergeWhole, status=201, opens=BY_HAND, refuses=[NotFound, OwnFile, MergeProposed],
)  # fmt: skip
def propose(tx: Session, actor: Actor, payload: Dict) -> Dict:
    """Say that two accounts are one person's, and why. Nothing moves until a second person agrees."""
    return _whole(tx, actor, actions.propose(tx, actor, **payload))


@blp.get(
    "/staff/account-merges", who=may_enter("decide_merge"), query=PageQuery,
    gives=page_of(schemas.AccountMergeOut), opens="person",
)  # fmt: skip
def merges(tx: Session, actor: Actor, query: Dict) -> Page:
    """What was proposed, done and refused, the newest first."""
    return queries.merges(tx, query["page"])


@blp.get(ONE, who=may_enter("decide_merge"), gives=schemas.AccountMergeWhole, tagged=True, opens=BY_HAND)
def one(tx: Session, actor: Actor, merge_id: UUID) -> Dict:
    """One proposal: both accounts masked, what would move or go, what stands in the way. It changes nothing."""
    return _whole(tx, actor, queries.merge(tx, merge_id))


@blp.post(
    f"{ONE}/approve", who=may_enter("decide_merge"), gives=schemas.AccountMergeWhole, opens=BY_HAND,
    refuses=[OwnFile, IllegalMove, SecondPersonNeeded, MergeBlocked],
)  # fmt: skip
def approve(tx: Session, actor: Actor, merge_id: UUID) -> Dict:
    """Make the two accounts one. It is not undone."""
    return _whole(tx, actor, actions.approve_merge(tx, actor, merge_id))


@blp.post(
    f"{ONE}/refuse", who=may_enter("decide_merge"), takes=schemas.MergeRefusedIn, refuses=[OwnFile, IllegalMove]
)
def refuse(tx: Session, actor: Actor, payload: Dict, merge_id: UUID) -> None:
    """Say no to a proposal; one's own is taken back by it."""
    actions.refuse_merge(tx, actor, merge_id, payload["answer"])


def _whole(tx: Session, actor: Actor, found: AccountMerge) -> Dict:
    audit.opened(tx, actor, ("person", found.kept_id), [found.kept_id, found.other_id], view="account_merge")
    waits = found.status is MergeStatus.PROPOSED
    names = (*schemas.AccountMergeOut().fields, "kept_id", "other_id", "version")
    shown = {name: getattr(found, name) for name in names if name not in ("kept", "other")}
    return shown | {
        "plan": actions.merge_plan(tx, found.kept_id, found.other_id) if waits else None,
        "accounts": [queries.person(tx, actor, one) for one in (found.kept_id, found.other_id)],
    }
