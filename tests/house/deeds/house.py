"""The data-protection desk, the integrity channel, notices, partners, the pack, and what is only asked by POST."""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from standardwebhooks import Webhook as Verifier

from asimati.credentials.models import Credential
from asimati.kit import db, outbox
from asimati.settings import settings
from tests.house.belongings import BOTH, OWNER, STRANGER, House, member, signed_in
from tests.house.deeds import Go, deed

SENT = "UPDATE notification SET status = 'sent', provider = 'first' WHERE channel = 'sms' RETURNING id::text"
PROVIDER = """
    [[provider]]
    name = "first"
    channel = "sms"
    kind = "gateway"
    url = "https://sms.example"
    receipts = { secret = "s3cret", reference = "ref", status = "state", delivered = ["DELIVRD"], failed = [] }
    messages = { secret = "s3cret", from = "sender", text = "words" }
    """

# --- the data-protection desk ----------------------------------------------------------------------------------


@deed("POST /api/v1/staff/data-requests")
def ask_for_somebody(house: House, go: Go) -> None:
    object_to = {"kind": "object", "text": "Not for this", "person": str(house.person), "group": "contact"}
    go(house.staff["data_protection_officer"], object_to)


@deed("POST /api/v1/staff/data-requests/<reference>/passed-on")
def pass_it_on(house: House, go: Go) -> None:
    """What was put right is told to those who have it from us."""
    desk = house.staff["data_protection_officer"]
    right = {"kind": "rectify", "text": "My name is written otherwise", "group": "identity",
             "changes": {"name_latin": "Mariam"}}  # fmt: skip
    asked = house.ask("POST", "/me/data-requests", house.owner, json=right)["reference"]
    house.ask("POST", f"/staff/data-requests/{asked}/carry-out", desk, 200, json={"answer": "Done."})
    go(desk, reference=asked)


@deed("POST /api/v1/staff/people/find")
def find_somebody(house: House, go: Go) -> None:
    go(house.staff["data_protection_officer"], {"phone": OWNER})


# --- the integrity channel -------------------------------------------------------------------------------------


def code(house: House) -> str:
    told = {"category": "bribery", "text": "Words enough to be read"}
    return str(house.ask("POST", "/integrity/reports", None, json=told)["code"])


@deed("POST /api/v1/integrity/reports/follow")
def come_back_to_a_report(house: House, go: Go) -> None:
    go(None, {"code": code(house)})


@deed("POST /api/v1/integrity/reports/messages")
def say_more(house: House, go: Go) -> None:
    go(None, {"code": code(house), "text": "There is more to say"})


# --- notices and partners --------------------------------------------------------------------------------------


@deed("PATCH /api/v1/staff/broadcasts/<uuid:broadcast_id>")
def edit_an_announcement(house: House, go: Go) -> None:
    go(house.staff["coordinator"], {"title": BOTH})


@deed("POST /api/v1/staff/broadcasts/<uuid:broadcast_id>/approve")
def approve_an_announcement(house: House, go: Go) -> None:
    """A warning, which a second person lets go."""
    first = signed_in(staff=member("supervisor"))
    warning = {"title": BOTH, "text": BOTH, "channels": ["inbox"], "critical": True}
    written = house.ask("POST", "/staff/broadcasts", first, json=warning)["id"]
    house.ask("POST", f"/staff/broadcasts/{written}/submit", first, 200, json={})
    go(house.staff["supervisor"], broadcast_id=written)


@deed("POST /api/v1/staff/templates/<topic>/preview")
def look_at_a_notice(house: House, go: Go) -> None:
    go(house.staff["supervisor"], {"title": BOTH})


@deed("POST /api/v1/staff/dead-letters/revive")
def work_it_again(house: House, go: Go) -> None:
    house.ask("POST", "/auth/otp", None, 202, json={"phone": STRANGER})
    with db.transaction() as tx:
        from workers.listeners import table

        outbox.lease(tx, table(), batch=10, seconds=0)
        tx.execute(text("UPDATE delivery SET status = 'dead', runs = 8"))
    go(house.staff["administrator"], {})


def from_the_provider(go: Go, said: dict[str, Any]) -> None:
    """What a provider of text messages called "first" tells us, signed by it."""
    body = json.dumps(said).encode()
    signed = {"X-Signature": hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        file = Path(folder) / "providers.toml"
        file.write_text(PROVIDER)
        patch.setattr(settings().providers, "file", str(file))
        go(signed, data=body, name="first")


@deed("POST /api/v1/providers/<name>/receipts")
def a_receipt_comes(house: House, go: Go) -> None:
    with db.transaction() as tx:
        sent = tx.scalar(text(SENT))
    from_the_provider(go, {"ref": sent, "state": "DELIVRD"})


@deed("POST /api/v1/providers/<name>/messages")
def a_message_comes(house: House, go: Go) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings().codes, "message_to", "+97317000000")
        begun = house.ask("POST", "/auth/otp/by-message", None, 202, json={"phone": STRANGER})
    from_the_provider(go, {"sender": STRANGER, "words": begun["text"]["en"]})


@deed("PATCH /api/v1/staff/webhooks/<uuid:webhook_id>")
def edit_a_webhook(house: House, go: Go) -> None:
    go(house.staff["administrator"], {"name": "UNDP Bahrain"})


@deed("POST /api/v1/partners/webhooks/<uuid:webhook_id>")
def a_partner_looks_after_its_own(house: House, go: Go) -> None:
    hook = {"name": "UNDP", "url": "https://hooks.undp.org/asimati", "topics": ["events.booking_confirmed"]}
    made = house.ask("POST", "/staff/webhooks", house.staff["administrator"], json=hook)
    body, now = json.dumps({"deed": "pause"}), datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "Content-Type": "application/json",
        "webhook-signature": Verifier(made["secret"]).sign("msg_1", now, body),
    }  # fmt: skip
    go(headers, data=body, webhook_id=made["id"])


# --- what else the house keeps ---------------------------------------------------------------------------------


@deed("POST /api/v1/staff/holidays")
def add_a_holiday(house: House, go: Go) -> None:
    go(house.staff["supervisor"], {"day": "2027-02-02", "name": BOTH, "standing": "confirmed"})


@deed("POST /api/v1/staff/impact/endorsements")
def keep_an_endorsement(house: House, go: Go) -> None:
    said = {"partner": BOTH, "text": BOTH, "signatory": BOTH, "on": "2026-11-03"}
    go(house.staff["coordinator"], said)


@deed("POST /api/v1/staff/pack/sync")
def let_the_pack_in(house: House, go: Go) -> None:
    chief = house.staff["administrator"]
    with db.transaction() as tx:
        tx.execute(text("UPDATE service SET target_time = 'P99D' WHERE code = 'suggestion'"))
    go(chief, {"digest": house.ask("GET", "/staff/pack", chief, 200)["digest"]})


@deed("POST /api/v1/credentials/verify")
def verify_a_credential(house: House, go: Go) -> None:
    with db.transaction() as tx:
        token = tx.scalars(select(Credential.jwt).limit(1)).one()
    go(None, {"token": token})
