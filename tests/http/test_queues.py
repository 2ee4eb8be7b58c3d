"""The staff's queues show the work of every room to whoever has something to do with it."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from tests.events.ground import make_event, make_people, signed_in

Headers = dict[str, str]
QUEUES = "/api/v1/staff/queues"


def test_each_role_sees_the_queues_it_works_on(client: FlaskClient, as_staff: Callable[..., Headers]) -> None:
    def seen(role: str) -> set[str]:
        return {queue["name"] for queue in client.get(QUEUES, headers=as_staff(role)).json["items"]}

    assert {"mine", "unassigned", "overdue", "referred", "waiting"} <= seen("reviewer")
    assert {"sign-ups", "hours", "bookings"} <= seen("coordinator")
    assert seen("reviewer") & seen("coordinator") <= {"guardians"}  # households are looked after by both


def test_a_booking_that_waits_for_a_decision_is_counted_and_listed(
    client: FlaskClient, as_staff: Callable[..., Headers]
) -> None:
    event, (who,) = make_event(approval=True), make_people(1)
    made = client.post(f"/api/v1/events/{event}/bookings", json={}, headers=signed_in(who)).json
    coordinator = as_staff("coordinator")
    counts = {one["name"]: one["count"] for one in client.get(QUEUES, headers=coordinator).json["items"]}
    assert counts["bookings"] == 1
    listed = client.get(f"{QUEUES}/bookings", headers=coordinator).json["items"]
    assert [one["reference"] for one in listed] == [made["reference"]]


def test_every_queue_has_a_title_in_both_languages(client: FlaskClient, as_staff: Callable[..., Headers]) -> None:
    for role in ("supervisor", "coordinator"):
        for queue in client.get(QUEUES, headers=as_staff(role)).json["items"]:
            assert queue["title"]["ar"] != queue["title"]["en"], queue


def test_a_queue_of_others_is_closed_and_one_there_is_not_is_404(
    client: FlaskClient, as_staff: Callable[..., Headers]
) -> None:
    reviewer = as_staff("reviewer")
    assert client.get(f"{QUEUES}/hours", headers=reviewer).status_code == 403
    assert client.get(f"{QUEUES}/nobody", headers=reviewer).status_code == 404
