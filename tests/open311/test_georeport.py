"""GeoReport v2 over our cases: the client libraries' requests, both formats, and what the public never sees."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.kit import db
from asimati.service_requests.models import RequestEntry, ServiceRequest
from tests.files.pictures import photograph
from tests.open311.conftest import V2, Headers, table
from tests.service_requests.town import SAID, filed


def read(client: FlaskClient, path: str, **query: str) -> Any:
    answer = client.get(f"{V2}/{path}", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json if path.endswith("json") else ElementTree.fromstring(answer.data)


def test_services_are_listed_and_confidential_ones_are_not(town: FlaskClient) -> None:
    found = {one["service_code"]: one for one in read(town, "services.json")}
    assert set(found) == {"light", "street-lamp", "idea"}, "no security, nothing that needs a higher assurance"
    assert found["light"] == {
        "service_code": "light", "service_name": "Light out", "description": "Tell us, we see to it.",
        "metadata": True, "type": "realtime", "keywords": "complaint", "group": "Services of the governorate",
    }  # fmt: skip
    assert town.get(f"{V2}/services/safety.json").status_code == 404
    arabic = town.get(f"{V2}/services.json", headers={"Accept-Language": "ar"}).json
    assert "إنارة معطلة" in {one["service_name"] for one in arabic}


def test_a_definition_describes_the_form(town: FlaskClient) -> None:
    found = read(town, "services/light.json")
    assert found["service_code"] == "light"
    attributes = {one["code"]: one for one in found["attributes"]}
    assert {code: one["datatype"] for code, one in attributes.items()} == {
        "fault": "singlevaluelist", "details": "text", "poles": "number", "night": "singlevaluelist",
        "seen": "datetime", "sides": "multivaluelist", "phone": "text",
    }  # fmt: skip
    assert attributes["fault"]["required"] and not attributes["details"]["required"], "details come as description"
    assert attributes["fault"]["values"] == [{"key": "out", "name": "Out"}, {"key": "flickers", "name": "Flickers"}]
    xml = read(town, "services/light.xml")
    assert xml.tag == "service_definition"
    assert xml.findtext("attributes/attribute/values/value/key") == "out"


def test_json_and_xml_say_the_same(town: FlaskClient, file: Callable[..., Any]) -> None:
    file()
    for path in ("services", "requests"):
        said = read(town, f"{path}.json")
        xml = read(town, f"{path}.xml")
        assert xml.tag == {"services": "services", "requests": "service_requests"}[path]
        assert len(xml) == len(said)
        for ours, theirs in zip(said, xml, strict=True):
            plain = {k: None if v in (None, "") else str(v).lower() if isinstance(v, bool) else str(v)
                     for k, v in ours.items()}  # fmt: skip
            assert table(theirs) == plain


def test_a_request_is_filed_followed_and_found_by_its_token(
    town: FlaskClient, file: Callable[..., Any], as_staff: Callable[..., Headers]
) -> None:
    answer = file(**{"attribute[poles]": "2", "attribute[night]": "true", "attribute[sides][]": ["left", "right"]})
    assert answer.status_code == 200, answer.text
    [made] = answer.json
    assert set(made) == {"service_request_id", "service_notice", "account_id"}
    number = made["service_request_id"]
    [shown] = read(town, f"requests/{number}.json")
    assert shown["status"] == "open"
    assert shown["description"] == "The lamp before the school is out"
    assert (shown["lat"], shown["long"], shown["zipcode"]) == (26.2412345, 50.5812345, "317")
    assert datetime.fromisoformat(shown["requested_datetime"]) <= datetime.fromisoformat(shown["expected_datetime"])
    assert read(town, f"tokens/{number}.json") == [{"service_request_id": number, "token": number}]
    with db.transaction() as tx:
        case = tx.scalars(select(ServiceRequest)).one()
        assert case.channel == "open311"
        assert case.answers == {
            "fault": "out", "details": shown["description"], "poles": 2, "night": True, "sides": ["left", "right"],
        }  # fmt: skip
        identity = str(case.id)
    assert read(town, f"tokens/{identity}.json") == [{"service_request_id": number, "token": identity}]
    supervisor = as_staff("supervisor")
    for move, body in (("claim", {}), ("resolve", {"message": SAID})):
        path = f"/api/v1/staff/service-requests/{number}/{move}"
        assert town.post(path, json=body, headers=supervisor).status_code == 200
    [closed] = read(town, f"requests/{number}.json")
    assert (closed["status"], closed["status_notes"]) == ("closed", "The case has been answered.")
    assert SAID["en"] not in str(closed), "what is written to the resident is the resident's"


def test_a_client_that_sends_a_name_a_photograph_and_an_address_is_understood(
    town: FlaskClient, file: Callable[..., Any], as_staff: Callable[..., Headers]
) -> None:
    answer = file(
        lat=None, long=None, address_string="Road 1702, Block 317", first_name="Maryam", last_name="Ali",
        email="maryam@example.com", phone="+973 3300 1122", media=(io.BytesIO(photograph()), "lamp.jpg"),
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    number = answer.json[0]["service_request_id"]
    staff = as_staff("reviewer")
    path = f"/api/v1/staff/service-requests/{number}"
    assert [one["name"] for one in town.get(f"{path}/attachments", headers=staff).json["items"]] == ["lamp.jpg"]
    case = town.get(path, headers=staff).json
    assert case["person"] and case["location"]["block"] == "317"
    with db.transaction() as tx:
        assert "Maryam" in (tx.scalars(select(RequestEntry.note)).first() or "")
    public = str(read(town, f"requests/{number}.json"))
    assert "Maryam" not in public and "33001122" not in public


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"api_key": None}, 403, "API key"),
    ({"api_key": "guess"}, 403, "API key"),
    ({"service_code": "safety"}, 404, "nothing"),
    ({"service_code": None}, 404, "nothing"),
    ({"attribute[fault]": "broken"}, 400, "attribute[fault]"),
    ({"attribute[fault]": None}, 400, "attribute[fault]"),
    ({"description": None}, 400, "attribute[details]"),
    ({"attribute[nothing]": "x"}, 400, "attribute[nothing]"),
    ({"lat": None, "long": None}, 400, "address_string"),
    ({"lat": "48.2", "long": "16.37"}, 400, "address_string"),
    ({"lat": "north"}, 400, "lat"),
    ({"lat": "nan"}, 400, "lat"),
    ({"service_code": "street-lamp", "attribute[fault]": None}, 400, "phone"),
    ({"jurisdiction_id": "elsewhere"}, 404, "nothing"),
    ({"description": "\x00"}, 400, "kept"),
    ({"description": "x" * 5000}, 400, "attribute[details]"),
]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_is_wrong_is_said_in_the_standards_shape(file: Callable[..., Any], form: str) -> None:
    for wrong, status, word in WRONG:
        answer = file(form, **wrong)
        assert answer.status_code == status, (wrong, answer.text)
        if form == "json":
            [first, *_] = answer.json
        else:
            root = ElementTree.fromstring(answer.data)
            assert root.tag == "errors"
            first = table(root[0])
        assert str(first["code"]) == str(status)
        assert word in first["description"], wrong


def test_a_revoked_key_files_nothing(
    town: FlaskClient, key: str, file: Callable[..., Any], as_staff: Callable[..., Headers]
) -> None:
    boss = as_staff("administrator")
    [listed] = town.get("/api/v1/staff/api-keys", headers=boss).json["items"]
    assert "api_key" not in listed and key not in str(listed)
    assert town.delete(f"/api/v1/staff/api-keys/{listed['id']}", headers=boss).json["revoked_at"]
    assert file().status_code == 403


def test_what_residents_wrote_in_the_app_is_not_published_and_their_point_is_blurred(
    town: FlaskClient, as_resident: Callable[..., Headers]
) -> None:
    me = as_resident()
    body = filed(location={"block": "317", "road": "1702", "building": "44", "lat": 26.2398765, "lon": 50.5798765})
    made = town.post("/api/v1/service-requests", json=body, headers=me)
    assert made.status_code == 201, made.text
    [shown] = read(town, f"requests/{made.json['reference']}.json")
    assert shown["description"] is None
    assert (shown["lat"], shown["long"]) == (26.24, 50.58)
    assert "1702" not in str(shown) and "44" not in shown["address"]


def test_confidential_and_other_domains_cases_are_never_there(
    town: FlaskClient, as_resident: Callable[..., Headers]
) -> None:
    me = as_resident()
    secret = town.post("/api/v1/service-requests", json=filed("safety"), headers=me).json["reference"]
    plain = town.post("/api/v1/service-requests", json=filed(), headers=me).json["reference"]
    with db.transaction() as tx:
        case = tx.scalars(select(ServiceRequest).where(ServiceRequest.reference == plain)).one()
        case.confidential = True
    for number in (secret, plain):
        assert town.get(f"{V2}/requests/{number}.json").status_code == 404
        assert town.get(f"{V2}/tokens/{number}.json").status_code == 404
        assert read(town, "requests.json", service_request_id=number) == []
    assert read(town, "requests.json") == []
    assert read(town, "requests.json", service_code="safety") == []


def test_windows_statuses_and_pages(town: FlaskClient, file: Callable[..., Any]) -> None:
    numbers = [file().json[0]["service_request_id"] for _ in range(5)]
    now = datetime.now(UTC)
    with db.transaction() as tx:
        for days, number in zip((0, 10, 50, 80, 200), numbers, strict=True):
            case = tx.scalars(select(ServiceRequest).where(ServiceRequest.reference == number)).one()
            case.submitted_at = now - timedelta(days=days, minutes=1)
            if days == 10:
                case.status, case.closed_at = "withdrawn", now

    def ask(**query: str) -> list[str]:
        return [one["service_request_id"] for one in read(town, "requests.json", **query)]

    def day(days: int) -> str:
        return (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert ask() == numbers[:4], "ninety days, the newest first"
    assert ask(start_date=day(60)) == numbers[:3]
    assert ask(start_date=day(60), end_date=day(5)) == numbers[1:3]
    assert ask(end_date=day(150)) == [numbers[4]]
    assert ask(service_request_id=f"{numbers[4]},{numbers[0]}") == [numbers[0], numbers[4]]
    assert ask(status="open") == [numbers[0], *numbers[2:4]]
    assert ask(status="closed") == [numbers[1]]
    assert ask(status="open,closed") == numbers[:4]
    assert ask(service_code="idea,light") == numbers[:4]
    assert ask(service_code="idea") == []
    assert ask(page="1", page_size="2") + ask(page="2", page_size="2") == numbers[:4]
    assert ask(page="3", page_size="2") == []
    assert ask(updated_after=day(1)) == numbers, "whenever they came in"
    assert ask(updated_before=day(1)) == []
    for wrong in ({"status": "lost"}, {"start_date": "yesterday"}, {"page": "0"}, {"page_size": "-1"}):
        assert town.get(f"{V2}/requests.json", query_string=wrong).status_code == 400, wrong


def test_discovery_names_the_endpoint(town: FlaskClient) -> None:
    found = read(town, "discovery.json")
    assert found["endpoints"][0]["url"].endswith(V2)
    assert read(town, "discovery.xml").findtext("endpoints/endpoint/specification")


def test_the_openapi_document_says_what_to_send(town: FlaskClient) -> None:
    paths = town.get("/api/openapi.json").json["paths"]
    body = paths[f"{V2}/requests.{{form}}"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/x-www-form-urlencoded", "multipart/form-data"}
    query = {one["name"] for one in paths[f"{V2}/requests.{{form}}"]["get"]["parameters"] if one["in"] == "query"}
    assert {"service_code", "status", "start_date", "end_date", "page", "page_size"} <= query
    assert town.get(f"{V2}/services.json", query_string={"extensions": "true"}).status_code == 200


def test_an_unknown_format_is_not_there(town: FlaskClient) -> None:
    assert town.get(f"{V2}/services.txt").status_code == 404
