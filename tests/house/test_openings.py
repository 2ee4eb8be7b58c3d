"""Every read of a resident's data by staff leaves a line that the resident can read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.app import ROOMS
from asimati.http.routes import BY_HAND, Route
from asimati.kit import audit, db
from asimati.kit.audit import AuditLine

V1 = "/api/v1"
READS = [
    route for room in ROOMS for route in room.blp.routes if route.method == "GET" and "staff" in route.who.kinds
]
# Staff read these without learning anything about a resident. Anything else says `opens=`.
NOBODYS = {
    "/.well-known/jwks.json",
    "/api/v1/auth/oidc",
    "/api/v1/auth/oidc/<provider>/start",
    "/api/v1/auth/oidc/<provider>/callback",
    "/api/v1/auth/sessions",
    "/api/v1/staff/me/factors",
    "/api/v1/credentials/<uuid:credential_id>",
    "/.well-known/did.json",
    "/api/v1/credentials/keys",
    "/api/v1/credentials/status/<int:number>",
    "/api/v1/calendar/<token>.ics",
    "/api/v1/editions",
    "/api/v1/volunteering/choices",
    "/api/v1/staff/shifts/<uuid:shift_id>/call-outs",
    "/api/v1/staff/shifts/<uuid:shift_id>/call-outs/preview",
    "/api/v1/volunteering/charter",
    "/api/v1/events",
    "/api/v1/staff/events/<uuid:event_id>/counts",
    "/api/v1/staff/events/<uuid:event_id>/statistics",
    "/api/v1/events/<uuid:event_id>",
    "/api/v1/impact/export/open-sdg.zip",
    "/api/v1/impact/export/tallies.csv",
    "/api/v1/impact/export/tallies.xlsx",
    "/api/v1/impact/export/tallies.sdmx.csv",
    "/api/v1/impact/frameworks",
    "/api/v1/impact/groupings",
    "/api/v1/impact/measures",
    "/api/v1/impact/objectives",
    "/api/v1/impact/people",
    "/api/v1/impact/series",
    "/api/v1/impact/goals",
    "/api/v1/staff/impact/dossiers",
    "/api/v1/staff/impact/dossiers/<code>",
    "/api/v1/staff/impact/endorsements",
    "/api/v1/staff/impact/proofs",
    "/api/v1/staff/impact/stories",  # told with consent, and nobody's file
    "/impact",
    "/impact/style.css",
    "/api/v1/impact/tallies",
    "/api/v1/impact/tallies/<tally_id>/contributions",
    "/api/v1/opportunities",
    "/api/v1/opportunities/<uuid:opportunity_id>",
    "/api/v1/places/blocks",
    "/api/v1/places/check",
    "/api/v1/services/<code>/similar",  # nothing anybody wrote, and nobody's name
    "/api/v1/programmes",
    "/api/v1/programmes/<slug>",
    "/api/v1/push-key",
    "/api/v1/services",
    "/api/v1/staff/audiences",
    "/api/v1/staff/broadcasts",
    "/api/v1/staff/broadcasts/<uuid:broadcast_id>",
    "/api/v1/staff/broadcasts/<uuid:broadcast_id>/preview",
    "/api/v1/staff/broadcasts/<uuid:broadcast_id>/progress",
    "/api/v1/staff/templates",
    "/api/v1/staff/templates/<topic>",
    "/api/v1/staff/dead-letters",
    "/api/v1/staff/undelivered",
    "/api/v1/staff/webhooks",
    "/api/v1/staff/webhooks/<uuid:webhook_id>",
    "/api/v1/staff/webhooks/<uuid:webhook_id>/deliveries",
    "/api/v1/unsubscribe/<token>",
    "/api/v1/services/<code>",
    "/api/v1/services/<code>/slots",
    "/api/v1/staff/letter-templates",
    "/api/v1/staff/api-keys",
    "/api/v1/staff/entities",
    "/api/v1/staff/entities/<code>",
    "/api/v1/staff/pack",
    "/api/v1/data-protection",
    "/api/v1/staff/processing-records",  # what is kept of people in general, and nobody's own
    "/api/v1/staff/processing-records.xlsx",
    "/open311/v2/discovery.<form>",
    "/open311/v2/requests.<form>",  # what the public may know
    "/open311/v2/requests/<reference>.<form>",
    "/open311/v2/services.<form>",
    "/open311/v2/services/<code>.<form>",
    "/open311/v2/tokens/<token>.<form>",
    "/api/v1/staff/decline-reasons",
    "/api/v1/staff/holidays",
    "/api/v1/staff/holidays/<day>",
    "/api/v1/staff/notices",  # to oneself; of a case its reference and service
    "/api/v1/staff/officers",
    "/api/v1/staff/colleagues",
    "/api/v1/staff/departments",
    "/api/v1/staff/reply-templates",
    "/api/v1/staff/reply-templates/<code>",
    "/api/v1/staff/reply-templates/<code>/versions",
    "/api/v1/services/<code>/times",
    "/api/v1/staff/desks",
    "/api/v1/staff/delegations",
    "/api/v1/staff/events",
    "/api/v1/staff/events/<uuid:event_id>",
    "/api/v1/staff/me",
    "/api/v1/staff/members",
    "/api/v1/staff/members/<uuid:staff_id>",
    "/api/v1/staff/opportunities",
    "/api/v1/staff/opportunities/<uuid:opportunity_id>",
    "/api/v1/staff/programmes",
    "/api/v1/staff/programmes/<slug>",
    "/api/v1/staff/queues",
    "/api/v1/staff/shifts",
    "/api/v1/staff/volunteer-entities",
    "/api/v1/staff/editions/<code>/entities",
    "/api/v1/staff/shifts/<uuid:shift_id>",
    "/api/v1/staff/shifts/<uuid:shift_id>/code",
    "/api/v1/tickets/key",
}


@pytest.mark.parametrize("route", READS, ids=lambda route: route.rule)
def test_a_read_by_staff_says_whose_data_it_opens_or_is_named_as_opening_nobodys(route: Route) -> None:
    assert bool(route.opens) != (route.rule in NOBODYS), (
        "declare `opens=` on the route, or name it in NOBODYS if it shows nothing about a resident"
    )
    assert route.opens in {None, BY_HAND, *audit.SUBJECTS}, "name it in audit.SUBJECTS for the access log"


@pytest.fixture
def noise(client: FlaskClient, as_resident: Callable[..., dict[str, str]]) -> dict[str, Any]:
    """A resident's case."""
    from asimati.pack import load, sync
    from asimati.settings import settings

    with db.transaction() as tx:
        sync(tx, load(settings().governorate.folder))
    me = as_resident("+97333118822")
    service = client.get(f"{V1}/services/suggestion").json
    body = {"service": "suggestion", "form_version": service["form"]["version"]}
    body["answers"] = answers_to(service["form"]["schema"])
    made = client.post(f"{V1}/service-requests", json=body, headers=me)
    assert made.status_code == 201, made.get_data(as_text=True)
    return {"me": me, "reference": made.json["reference"], "id": client.get(f"{V1}/me", headers=me).json["id"]}


def answers_to(schema: dict[str, Any]) -> dict[str, Any]:
    """The least a form takes."""
    kinds: dict[str, Any] = {"string": "كلمات كافية لوصف الاقتراح", "boolean": True, "integer": 1, "number": 1}
    properties = schema["properties"]

    def answer(field: dict[str, Any]) -> Any:
        if field.get("type") == "array":
            return [answer(field["items"])]
        return field.get("enum", [kinds.get(field.get("type", ""), "")])[0]

    return {name: answer(properties[name]) for name in schema.get("required", [])}


def openings() -> list[AuditLine]:
    with db.transaction() as tx:
        return list(tx.scalars(select(AuditLine).where(AuditLine.action.like("%.opened")).order_by(AuditLine.id)))


def test_a_case_opened_by_staff_is_in_the_residents_access_log(
    client: FlaskClient, noise: dict[str, Any], as_staff: Callable[..., dict[str, str]]
) -> None:
    reviewer = as_staff("reviewer")
    assert client.get(f"{V1}/staff/service-requests/{noise['reference']}", headers=reviewer).status_code == 200
    assert client.get(f"{V1}/staff/queues/unassigned", headers=reviewer).json["items"]
    listed, opened = client.get(f"{V1}/me/access-log", headers=noise["me"]).json["items"]
    assert opened["words"]["en"] == "A member of staff opened your request."
    assert opened["about"] == {"type": "service_request", "reference": noise["reference"]}
    assert listed["words"]["ar"] == "اطّلع أحد موظفي المحافظة على طلبكم ضمن قائمة."
    assert listed["staff"] == opened["staff"] is not None
    assert [str(line.people[0]) for line in openings()] == [noise["id"]] * 2  # type: ignore[index]
    assert json.loads(openings()[1].facts) == {"listed": 1, "name": "unassigned", "view": "staff_queue"}


def test_what_one_reads_of_oneself_and_what_shows_nobody_is_no_opening(
    client: FlaskClient, noise: dict[str, Any], as_staff: Callable[..., dict[str, str]]
) -> None:
    assert client.get(f"{V1}/service-requests/{noise['reference']}", headers=noise["me"]).status_code == 200
    assert client.get(f"{V1}/staff/queues/referred", headers=as_staff("reviewer")).json["items"] == []
    assert openings() == []


def test_no_answer_leaves_without_its_line(
    client: FlaskClient,
    noise: dict[str, Any],
    as_staff: Callable[..., dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    reviewer = as_staff("reviewer")
    monkeypatch.setattr(audit.lines, "record", full)
    answer = client.get(f"{V1}/staff/service-requests/{noise['reference']}", headers=reviewer)
    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "answers" not in answer.json
