"""The pack beside the tables: what is wrong in it, what a sync would change, and the sync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asimati import pack
from asimati.http import access
from asimati.http.fields import Anything, Enum, Integer, List, Nested, Schema, String, Text
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session, transaction
from asimati.kit.errors import Conflict, Invalid
from asimati.kit.policy import Actor, Role
from asimati.kit.words import _
from asimati.pack.differences import Change, differences, digest
from asimati.settings import settings

blp = Blueprint("pack", __name__, description="The governorate's configuration pack")
PATIENCE = 30.0  # seconds; a first sync of a large pack takes longer than a request may


class OtherPack(Conflict):
    slug = "pack-changed"
    title = _("The pack has changed since it was shown")
    detail = _("Look at the differences again, then let them in.")


class PackFaultOut(Schema):
    file = String()
    line = Integer()
    message = String()


class LeafOut(Schema):
    name = String(metadata={"description": "The place of the value, such as title/ar"})
    before = Anything(allow_none=True)
    after = Anything(allow_none=True)


class DifferenceOut(Schema):
    kind = String(metadata={"description": "What it is: service, holiday, event …"})
    key = String()
    title = Text(allow_none=True)
    change = Enum(Change)
    fields_ = List(Nested(LeafOut), data_key="fields", attribute="fields")


class PackOut(Schema):
    digest = String(metadata={"description": "Stands for the files as they were read"})
    faults = List(Nested(PackFaultOut))
    differences = List(Nested(DifferenceOut))


class SyncIn(Schema):
    digest = String(required=True, max_length=64, metadata={"description": "Of the pack whose differences you saw"})


class SyncedOut(Schema):
    counts = Anything(metadata={"type": "object", "description": "By feature, what was added, changed, retired"})


@blp.get("/staff/pack", who=access.staff_with({Role.ADMINISTRATOR, Role.AUDITOR}), gives=PackOut)
def show(tx: Session, actor: Actor) -> Mapping[str, Any]:
    """What a sync of the pack would change now, or what is wrong in the pack."""
    folder = settings().governorate.folder
    read = digest(folder)
    if faults := pack.check(folder):
        return {"digest": read, "faults": faults, "differences": []}
    with transaction(patience=PATIENCE) as trial:
        return {"digest": read, "faults": [], "differences": differences(trial, pack.load(folder))}


@blp.post(
    "/staff/pack/sync", who=access.staff_with({Role.ADMINISTRATOR}), takes=SyncIn, gives=SyncedOut,
    refuses=(OtherPack,),
)  # fmt: skip
def let_in(tx: Session, actor: Actor, payload: dict[str, Any]) -> Mapping[str, Any]:
    """Put the pack into the tables, if it is still the one that was looked at."""
    folder = settings().governorate.folder
    if digest(folder) != payload["digest"]:
        raise OtherPack
    if faults := pack.check(folder):
        raise Invalid([(f"/{fault.file}:{fault.line}", fault.message) for fault in faults])
    counts = pack.sync(tx, pack.load(folder))
    audit.record(tx, actor, "pack.synced", ("pack", payload["digest"][:16]))
    return {"counts": counts}
