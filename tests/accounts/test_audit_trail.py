"""The audit trail, searched by those who may."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from asimati.kit import audit, db
from asimati.kit.ids import new_id
from asimati.kit.policy import SYSTEM

Headers = dict[str, str]
TRAIL = "/api/v1/staff/audit"


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("administrator", 200), ("reviewer", 403)])
def test_only_those_who_oversee_read_it(
    client: FlaskClient, as_staff: Callable[..., Headers], role: str, status: int
) -> None:
    assert client.get(TRAIL, headers=as_staff(role)).status_code == status


def test_it_is_found_by_deed_by_subject_and_by_whom_it_is_about(
    client: FlaskClient, as_staff: Callable[..., Headers]
) -> None:
    person = new_id()
    with db.transaction() as tx:
        audit.record(tx, SYSTEM, "events.tried", ("booking", "B1"), [person], seats=2)
        audit.record(tx, SYSTEM, "places.tried", ("block", "317"))
    auditor = as_staff("auditor")
    for asked, found in (
        ({"action": "events."}, ["events.tried"]),
        ({"subject_type": "block", "subject_id": "317"}, ["places.tried"]),
        ({"person": str(person)}, ["events.tried"]),
        ({"action": "events.", "until": "2000-01-01T00:00:00Z"}, []),
    ):
        items = client.get(TRAIL, query_string=asked, headers=auditor).json["items"]
        assert [one["action"] for one in items if one["action"] != "audit.opened"] == found, asked


def test_looking_leaves_a_line_too(client: FlaskClient, as_staff: Callable[..., Headers]) -> None:
    auditor = as_staff("auditor")
    client.get(TRAIL, query_string={"action": "events."}, headers=auditor)
    newest = client.get(TRAIL, headers=auditor).json["items"][:2]
    assert "audit.opened" in [one["action"] for one in newest]
    assert all(one["staff_name"]["ar"] for one in newest), "the trail says by name who of the staff it was"


def test_what_was_sought_stays_only_where_it_is_a_name_of_the_trail(
    client: FlaskClient, as_staff: Callable[..., Headers]
) -> None:
    """Else a telephone typed where a subject is asked for would stand in the trail for good."""
    with db.transaction() as tx:
        audit.record(tx, SYSTEM, "places.tried", ("block", "317"))
    auditor = as_staff("auditor")
    for subject in ("317", "+97333112233"):
        client.get(TRAIL, query_string={"subject_id": subject}, headers=auditor)
    found, nothing = (
        json.loads(one["facts"]) for one in reversed(client.get(TRAIL, headers=auditor).json["items"][:2])
    )
    assert (found["sought"], nothing["sought"]) == ({"subject_id": "317"}, {})
