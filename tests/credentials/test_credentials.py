"""Credentials as strangers meet them: verified by another library, with what we publish alone."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import typst
import zxingcpp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask.testing import FlaskClient
from PIL import Image

from asimati.credentials import actions, queries, writing
from asimati.credentials.models import Credential
from asimati.credentials.writing import Claim
from asimati.kit import db, secrets
from asimati.kit.policy import SYSTEM
from tests.credentials.stranger import altered, body_of, published, verified, verified_offline

V1 = "/api/v1"
SignIn = Callable[..., dict[str, str]]
WORDS = {"ar": "شهادة حضور", "en": "Attendance"}


def claim(**other: Any) -> Claim:
    said = {"kind": "attendance", "subject": "booking:1", "facts": {"hours": "3.00"}, "brief": "3.00 h"}
    return Claim(title=WORDS, description=WORDS, criteria=WORDS, **said | other)


def issued(person: UUID | None = None, *, holder: str | None = "Maryam Ali", **other: Any) -> Credential:
    with db.transaction() as tx:
        return actions.issue(tx, SYSTEM, claim(**other), person, holder=holder)


def revoked(credential: UUID) -> None:
    with db.transaction() as tx:
        actions.revoke(tx, SYSTEM, credential, "was not there")


def shown(client: FlaskClient, credential: UUID) -> Any:
    return client.get(f"{V1}/credentials/{credential}").json


def test_another_library_verifies_it_with_the_published_key(client: FlaskClient) -> None:
    said = verified(client, issued().jwt)
    assert said["@context"][:2] == writing.CONTEXTS
    assert said["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert said["credentialSubject"]["achievement"]["name"] == "شهادة حضور · Attendance"
    assert said["credentialSubject"]["facts"] == {"hours": "3.00"}


def test_of_the_holder_it_has_a_hash_that_only_the_name_confirms(client: FlaskClient) -> None:
    made = issued()
    found = verified(client, made.jwt)["credentialSubject"]["identifier"][0]
    digest = hashlib.sha256(("Maryam Ali" + found["salt"]).encode()).hexdigest()
    assert found["identityHash"] == f"sha256${digest}"
    assert "Maryam" not in made.jwt + made.link + client.get(f"{V1}/credentials/{made.id}").text


def test_any_letter_altered_and_it_does_not_verify(client: FlaskClient) -> None:
    token = issued().jwt
    keys = published(client)
    for at in range(0, len(token), 7):
        with pytest.raises((jwt.InvalidTokenError, KeyError, ValueError)):
            other = altered(token, at)
            jwt.decode(other, keys[jwt.get_unverified_header(other)["kid"]], algorithms=["EdDSA"])
        assert client.post(f"{V1}/credentials/verify", json={"token": altered(token, at)}).json["signed"] is False


def test_revoked_it_verifies_nowhere_any_more(client: FlaskClient) -> None:
    others, made = [issued(subject=f"seat:{n}") for n in range(9)], issued()
    verified(client, made.jwt)
    revoked(made.id)
    with pytest.raises(PermissionError):
        verified(client, made.jwt)
    assert all(verified(client, other.jwt) for other in others)
    says = shown(client, made.id)
    assert (says["valid"], says["revoked"], says["reason"]) == (False, True, "was not there")
    judged = client.post(f"{V1}/credentials/verify", json={"token": made.link}).json
    assert (judged["signed"], judged["valid"]) == (True, False)


def test_the_code_on_paper_verifies_without_a_network(client: FlaskClient) -> None:
    made = issued()
    keys = {1: Ed25519PublicKey.from_public_bytes(secrets.public_key(writing.PURPOSE))}
    assert verified_offline(keys, made.link) == (made.id.hex, "3.00 h")
    start = made.link.index("#") + 1
    for at in range(start, len(made.link)):
        with pytest.raises((InvalidSignature, KeyError, ValueError)):
            verified_offline(keys, altered(made.link, at)) if at < len(made.link) - 1 else _refuse(made.link)
    judged = client.post(f"{V1}/credentials/verify", json={"token": made.link}).json
    assert judged["valid"] is True
    assert judged["credential"]["id"] == str(made.id)
    assert len(made.link) < 260  # a QR code of version 11 to 12: a telephone reads it from paper


def test_the_printed_code_is_read_back_from_paper(client: FlaskClient, as_resident: SignIn, tmp_path: Path) -> None:
    who = as_resident()
    made = issued(UUID(client.get(f"{V1}/me", headers=who).json["id"]))
    (tmp_path / "code.svg").write_bytes(client.get(f"{V1}/me/credentials/{made.id}/qr", headers=who).data)
    (tmp_path / "paper.typ").write_text('#set page(width: auto, height: auto)\n#image("code.svg", width: 30mm)')
    paper = typst.compile(str(tmp_path / "paper.typ"), format="png", ppi=200)
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(paper)).convert("L"))
    keys = {1: Ed25519PublicKey.from_public_bytes(secrets.public_key(writing.PURPOSE))}
    assert verified_offline(keys, read.text) == (made.id.hex, "3.00 h")


def _refuse(link: str) -> None:
    """The last letter of base64 may carry unused bits: our own reader accepts one spelling only."""
    with db.transaction() as tx:
        if queries.judged(tx, altered(link, len(link) - 1))["signed"]:
            return
    raise ValueError("refused")


def test_the_public_page_says_whether_it_holds_and_nothing_of_the_holder(
    client: FlaskClient, as_resident: SignIn
) -> None:
    me = UUID(client.get(f"{V1}/me", headers=as_resident()).json["id"])
    made = issued(me)
    says = shown(client, made.id)
    assert (says["valid"], says["facts"], says["title"]) == (True, {"hours": "3.00"}, WORDS)
    assert str(me) not in str(says)
    page = client.get(f"{V1}/credentials/{made.id}", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.mimetype, page.status_code) == ("text/html", 200)
    assert "هذه الشهادة صحيحة" in page.text and "This credential is valid" in page.text
    assert str(me) not in page.text
    unknown = client.get(f"{V1}/credentials/{uuid4()}", headers={"Accept": "text/html"})
    assert (unknown.status_code, unknown.mimetype) == (404, "text/html")
    assert client.get(f"{V1}/credentials/{uuid4()}").status_code == 404


def test_a_hostile_title_stays_text(client: FlaskClient) -> None:
    with db.transaction() as tx:
        bad = {"ar": "<script>alert(1)</script>", "en": '"><img src=x>'}
        made = actions.issue(tx, SYSTEM, Claim(**{**claim().__dict__, "title": bad}), None)
    page = client.get(f"{V1}/credentials/{made.id}", headers={"Accept": "text/html"}).text
    assert "<script>" not in page and "<img" not in page


def test_issued_again_it_keeps_its_name_and_what_is_printed_stays_good(client: FlaskClient) -> None:
    first = issued()
    paper, old = first.link, first.jwt
    again = issued(facts={"hours": "5.00"}, brief="5.00 h")
    assert (again.id, again.number) == (first.id, first.number)
    assert again.jwt != old
    assert shown(client, first.id)["facts"] == {"hours": "5.00"}
    assert verified(client, old)["credentialSubject"]["facts"] == {"hours": "3.00"}
    assert client.post(f"{V1}/credentials/verify", json={"token": paper}).json["valid"] is True
    revoked(first.id)
    assert issued().id != first.id


def test_keys_of_before_a_rotation_stay_published_and_verify(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = issued()
    oldest = secrets.public_key(writing.PURPOSE)
    monkeypatch.setattr(secrets, "_masters", lambda: {2: b"n" * 32})
    assert len(client.get(f"{V1}/credentials/keys").json["keys"]) == 2
    assert {one.public_bytes_raw() for one in published(client).values()} >= {oldest}
    verified(client, made.jwt)
    later = issued(subject="booking:2")
    assert jwt.get_unverified_header(later.jwt)["kid"].endswith("#credential-2")
    verified(client, later.jwt)


def test_holders_have_their_own_and_nobody_elses(client: FlaskClient, as_resident: SignIn) -> None:
    me, other = as_resident(), as_resident()
    made = issued(UUID(client.get(f"{V1}/me", headers=me).json["id"]))
    mine = client.get(f"{V1}/me/credentials", headers=me).json["items"]
    assert [(one["id"], one["jwt"]) for one in mine] == [(str(made.id), made.jwt)]
    assert client.get(f"{V1}/me/credentials", headers=other).json["items"] == []
    picture = client.get(f"{V1}/me/credentials/{made.id}/qr", headers=me)
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert client.get(f"{V1}/me/credentials/{made.id}/qr", headers=other).status_code == 404


def test_only_those_who_may_revoke_do_and_the_first_reason_stays(client: FlaskClient, as_staff: SignIn) -> None:
    made = issued()
    path = f"{V1}/staff/credentials/{made.id}/revoke"
    refused = client.post(path, json={"reason": "no such deed"}, headers=as_staff("reviewer"))
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/forbidden")
    coordinator = as_staff("coordinator")
    assert client.post(path, json={"reason": "issued twice"}, headers=coordinator).json["revoked"] is True
    assert client.post(path, json={"reason": "another"}, headers=coordinator).json["reason"] == "issued twice"


@pytest.mark.parametrize("token", ["", ".", "a", "a.b", "a.b.c", "é.é.é", "x" * 5000, "e30.e30.", "W10.W10.AA"])
def test_what_is_no_credential_is_none(client: FlaskClient, token: str) -> None:
    answer = client.post(f"{V1}/credentials/verify", json={"token": token})
    assert (answer.status_code, answer.json["signed"]) == (200, False)


def test_a_brief_too_long_for_paper_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        writing.short(uuid4(), datetime.now(UTC), "ع" * 33)


def test_a_jwt_of_ours_for_something_else_is_no_credential(client: FlaskClient, as_resident: SignIn) -> None:
    access = as_resident()["Authorization"].removeprefix("Bearer ")
    assert client.post(f"{V1}/credentials/verify", json={"token": access}).json["signed"] is False
    assert body_of(access)
