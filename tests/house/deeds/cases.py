"""Cases and their answers, what is beside them, replies; appointments."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

from asimati.appointments.queries import midnight
from asimati.kit import clock, db, worktime
from asimati.places.queries import work_calendar
from tests.house.belongings import BOTH, Headers, House, now, picture, signed_in
from tests.house.deeds import Go, deed, later
from tests.house.test_openings import answers_to

CASES = "/api/v1/staff/service-requests/<reference>"
SAID = {"message": BOTH}


def filing(house: House, service: str, **more: Any) -> dict[str, Any]:
    """What files a case of a service."""
    form = house.ask("GET", f"/services/{service}", None, 200)["form"]
    answers = answers_to(form["schema"])
    answers |= {"phone": "+97333111555"} if "phone" in answers else {}
    return {"service": service, "form_version": form["version"], "answers": answers, **more}


def move(house: House, name: str, who: Headers | None = None, *, of: str = "", **said: Any) -> None:
    """A move of the staff with the owner's case, or another of hers."""
    case = of or house.values["service-requests/reference"]
    house.ask("POST", f"/staff/service-requests/{case}/{name}", who or house.staff["reviewer"], 200, json=said)


def answered(house: House, service: str = "inquiry") -> str:
    """A case of the owner's that was resolved."""
    case = house.ask("POST", "/service-requests", house.owner, json=filing(house, service))["reference"]
    move(house, "claim", of=case)
    move(house, "resolve", of=case, **SAID)
    return str(case)


# --- residents -------------------------------------------------------------------------------------------------


@deed("POST /api/v1/service-requests/<reference>/reopen")
def reopen(house: House, go: Go) -> None:
    go(house.owner, {"text": "It is dark again"}, reference=answered(house))


@deed("POST /api/v1/service-requests/<reference>/appeal")
def appeal(house: House, go: Go) -> None:
    go(house.owner, {"text": "Look again, please"}, reference=answered(house))


@deed("POST /api/v1/service-requests/<reference>/rating")
def rate(house: House, go: Go) -> None:
    go(house.owner, {"stars": 4, "comment": "Quick"}, reference=answered(house))


@deed("PATCH /api/v1/request-drafts/<uuid:draft_id>")
def go_on_with_a_draft(house: House, go: Go) -> None:
    go(house.owner, {"answers": {"benefit": "For everybody"}})


def anothers_case(house: House) -> str:
    """Something in the street that a neighbour reported."""
    neighbour = house.neighbour()
    location = {"block": "317", "lat": 26.2412, "lon": 50.5812}
    told = filing(house, "street-light", location=location)
    return str(house.ask("POST", "/service-requests", neighbour, json=told)["reference"])


@deed("POST /api/v1/service-requests/<reference>/follow")
def follow(house: House, go: Go) -> None:
    go(house.owner, reference=anothers_case(house))


@deed("DELETE /api/v1/service-requests/<reference>/follow")
def follow_no_more(house: House, go: Go) -> None:
    case = anothers_case(house)
    house.ask("POST", f"/service-requests/{case}/follow", house.owner)
    go(house.owner, reference=case)


# --- staff: the moves ------------------------------------------------------------------------------------------


@deed(f"POST {CASES}/assign")
def assign(house: House, go: Go) -> None:
    go(house.staff["supervisor"], {"reviewer": house.values["members/staff_id"]})


@deed(f"POST {CASES}/hand-over")
def hand_over(house: House, go: Go) -> None:
    go(house.staff["reviewer"], {"reviewer": house.values["members/staff_id"], "note": "Half done"})


@deed(f"POST {CASES}/refer")
def refer(house: House, go: Go) -> None:
    go(house.staff["reviewer"], {"entity": house.values["entities/code"]})


@deed(f"POST {CASES}/return")
def take_back_from_the_entity(house: House, go: Go) -> None:
    move(house, "refer", entity=house.values["entities/code"])
    go(house.staff["reviewer"])


@deed(f"POST {CASES}/decline")
def decline(house: House, go: Go) -> None:
    go(house.staff["reviewer"], SAID)


@deed(f"POST {CASES}/reopen")
def reopen_as_staff(house: House, go: Go) -> None:
    move(house, "resolve", **SAID)
    go(house.staff["reviewer"])


@deed(f"POST {CASES}/approve")
def approve(house: House, go: Go) -> None:
    """Of a service whose answers two officers agree on."""
    told = filing(house, "home-adaptation", channel="office", person=str(house.person), location={"block": "317"})
    case = house.ask("POST", "/staff/intake", house.staff["supervisor"], json=told)["reference"]
    move(house, "claim", of=case)
    move(house, "decline", of=case, **SAID)
    go(house.staff["supervisor"], reference=case)


@deed("POST /api/v1/staff/service-requests/moves")
def move_many(house: House, go: Go) -> None:
    go(house.staff["reviewer"], {"move": "claim", "references": [house.values["another case"]]})


# --- staff: taking down ----------------------------------------------------------------------------------------


@deed("POST /api/v1/staff/intake")
def take_down(house: House, go: Go) -> None:
    go(house.staff["reviewer"], filing(house, "inquiry", channel="phone", phone="+97333111555"))


@deed("POST /api/v1/staff/intake/batches")
def take_down_a_batch(house: House, go: Go) -> None:
    told = filing(house, "inquiry", channel="field_visit", person=str(house.person))
    go(house.staff["reviewer"], {"items": [{"key": "a", "request": told}]})


@deed("POST /api/v1/staff/intake/imports")
def bring_a_file(house: House, go: Go) -> None:
    table = "external_ref,service,answers.question,answers.topic\nT-1,inquiry,When do you open?,services\n"
    file = (io.BytesIO(table.encode("utf-8-sig")), "t.csv")
    go(house.staff["reviewer"], data={"file": file}, query={"dry_run": "false"})


@deed(f"DELETE {CASES}/attachments/<uuid:file_id>")
def take_a_file_away(house: House, go: Go) -> None:
    case, who = house.values["service-requests/reference"], house.staff["reviewer"]
    file = house.ask("POST", f"/staff/service-requests/{case}/attachments", who, data=picture())["id"]
    go(who, file_id=file)


@deed("POST /api/v1/staff/reply-templates")
def write_a_reply(house: House, go: Go) -> None:
    go(house.staff["supervisor"], {"code": "sorry", "title": BOTH, "text": BOTH})


@deed("POST /api/v1/staff/reply-templates/preview")
def look_at_a_reply(house: House, go: Go) -> None:
    go(house.staff["reviewer"], {"title": BOTH, "text": BOTH})


# --- appointments ----------------------------------------------------------------------------------------------


def free(house: House, which: int = 3) -> str:
    last = (now() + timedelta(days=14)).date()
    return str(house.ask("GET", f"/services/inquiry/slots?to={last}", None, 200)["items"][which]["starts_at"])


@deed("PATCH /api/v1/appointments/<reference>")
def move_my_time(house: House, go: Go) -> None:
    go(house.owner, {"starts_at": free(house)})


@deed("PATCH /api/v1/staff/appointments/<reference>")
def move_a_time(house: House, go: Go) -> None:
    go(house.staff["reviewer"], {"starts_at": free(house)})


@deed("POST /api/v1/staff/appointments")
def book_for_somebody(house: House, go: Go) -> None:
    booked = {"service": "inquiry", "starts_at": free(house), "phone": "+97333111555"}
    go(house.staff["reviewer"], booked)


@deed("POST /api/v1/staff/appointments/<reference>/serve")
def serve(house: House, go: Go) -> None:
    booked = house.values["appointments/reference"]
    house.ask("POST", f"/staff/appointments/{booked}/arrive", house.staff["reviewer"], 200, json={})
    go(house.staff["reviewer"])


@deed("POST /api/v1/staff/appointments/<reference>/no-show")
def nobody_came(house: House, go: Go) -> None:
    booked = house.ask("GET", f"/appointments/{house.values['appointments/reference']}", house.owner, 200)
    later(seconds=(datetime.fromisoformat(booked["starts_at"]) - now()).total_seconds() + 1000)
    go(signed_in(staff=house.members["reviewer"]))


@deed("POST /api/v1/staff/walk-ins")
def receive_who_came(house: House, go: Go) -> None:
    with db.transaction() as tx:
        tomorrow = midnight(clock.local_day(clock.now(tx)) + timedelta(days=1))
        opening = worktime.next_working_moment(work_calendar(tx), tomorrow)
    later(seconds=(opening - now()).total_seconds() + 1800)
    go(signed_in(staff=house.members["reviewer"]), {"service": "inquiry", "phone": "+97333111555"})
