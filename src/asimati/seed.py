"""Demonstration data: staff with a known password, residents, and a little past. Never in production.

The past is made as life makes it, by requests through the application: nothing in it could not have happened.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.accounts.actions import clear, create_staff, ensure_person, start_session
from asimati.accounts.callers import staff_as_actor
from asimati.accounts.models import Person, Sex
from asimati.kit import clock
from asimati.kit.db import transaction
from asimati.kit.policy import SYSTEM, Role
from asimati.settings import SettingsError, settings
from asimati.volunteering.models import Edition

PASSWORD = "asimati-demo"  # noqa: S105 - printed at start; exists in the development profile only
STAFF = {
    "reviewer": ({"ar": "فاطمة جاسم", "en": "Fatima Jassim"}, [Role.REVIEWER]),
    "supervisor": ({"ar": "خالد الماجد", "en": "Khalid Almajed"}, [Role.SUPERVISOR]),
    "coordinator": ({"ar": "سارة يوسف", "en": "Sara Yusuf"}, [Role.COORDINATOR]),
    "auditor": ({"ar": "حسن علي", "en": "Hasan Ali"}, [Role.AUDITOR]),
    "privacy": ({"ar": "أمينة يوسف", "en": "Amina Yusuf"}, [Role.DATA_PROTECTION_OFFICER]),
    "integrity": ({"ar": "خالد إبراهيم", "en": "Khalid Ibrahim"}, [Role.INTEGRITY_OFFICER]),
    "admin": ({"ar": "مدير النظام", "en": "Administrator"}, [Role.ADMINISTRATOR]),
}
CLEARED = {"supervisor"}  # who sees confidential cases too
RESIDENTS = [
    ("مريم أحمد", "Maryam Ahmed", "female", 1991, "317", False),
    ("علي حسن", "Ali Hasan", "male", 1985, "318", None),
    ("نورة سلمان", "Noora Salman", "female", 2003, "317", False),
    ("يوسف إبراهيم", "Yusuf Ibrahim", "male", 1972, "340", True),
    ("زينب عيسى", "Zainab Isa", "female", 1998, "327", False),
    ("محمد راشد", "Mohammed Rashid", "male", 2001, "317", False),
    ("عائشة خليفة", "Aisha Khalifa", "female", 1966, "428", None),
    ("أحمد جعفر", "Ahmed Jaafar", "male", 1994, "317", False),
    ("هدى عبدالله", "Huda Abdulla", "female", 1989, "317", False),
    ("حمد عيسى", "Hamad Isa", "male", 1979, "318", False),
    ("ليلى محمود", "Layla Mahmood", "female", 2000, "327", False),
    ("جاسم علي", "Jassim Ali", "male", 1990, "340", True),
]
# (service, answers, block): cases of some weeks, each resolved.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("road-damage", {"kind": "pothole", "details": "حفرة كبيرة أمام المدرسة"}, "317"),
    ("street-light", {"fault": "out", "details": "عمود الإنارة مطفأ منذ أسبوع"}, "318"),
    ("waste", {"kind": "debris", "details": "أنقاض بناء عند زاوية الطريق"}, "340"),
    ("water-pooling", {"source": "rain", "details": "تجمع مياه الأمطار أمام المنزل"}, "317"),
    ("noise", {"source": "construction", "details": "أعمال بناء في ساعة متأخرة"}, "327"),
    ("suggestion", {"theme": "environment", "idea": "زيادة المساحات الخضراء في الحي"}, "317"),
]

# What residents say of themselves as volunteers.
VOLUNTEERS: list[dict[str, Any]] = [
    {"skills": ["first-aid", "elderly-care"], "languages": ["ar", "en"], "blocks": ["317", "318", "325"]},
    {"skills": ["computers", "teaching"], "languages": ["ar"], "emergency_contact": {
        "name": "أم علي", "relation": "الأم", "phone": "33000099"}},
    {"skills": ["photography"], "languages": ["ar", "hi"], "availability": [
        {"weekday": day, "from": "16:00", "to": "21:00"} for day in ("sun", "mon", "tue", "wed", "thu")]},
    {"languages": ["ar"], "call_outs": False},
]  # fmt: skip

SOCIETY = {
    "name": {"ar": "جمعية أصدقاء الأحياء", "en": "Friends of the Neighbourhoods"},
    "kind": "society", "contact": "info@friends.example",
}  # fmt: skip
SCHOOL = {
    "name": {"ar": "مدرسة الحورة الثانوية", "en": "Hoora Secondary School"},
    "kind": "school", "contact": "office@hoora.example",
}  # fmt: skip
# What the society would have published.
OFFER: dict[str, Any] = {
    "title": {"ar": "صيانة أثاث المنازل لكبار المواطنين", "en": "Furniture repairs for senior citizens"},
    "description": {
        "ar": "إصلاح الأثاث وتجهيز المنازل لتناسب احتياجات كبار المواطنين.",
        "en": "Repair furniture and make homes fit the needs of senior citizens.",
    },
    "location": {"ar": "مقر الجمعية، القضيبية", "en": "The society's house, Gudaibiya"},
    "meeting_point": {"ar": "عند المدخل الرئيسي", "en": "At the main entrance"},
    "block": "325", "targets": ["11.1", "10.2"], "minimum_age": 18,
    "roles": [
        {"title": {"ar": "حرفي", "en": "Repairer"}, "places": 4, "skills": ["crafts"]},
        {"title": {"ar": "مساعد", "en": "Helper"}, "places": 6},
    ],
}  # fmt: skip


def seed(*, staff_only: bool = False) -> dict[str, Any]:
    """Sow once; a second time finds everything there. Who may sign in, and the number of what was made."""
    if settings().profile == "production":
        raise SettingsError("Demonstration data is not for production.")
    with transaction() as tx:
        for name, (title, roles) in STAFF.items():
            member = create_staff(tx, f"{name}@asimati.example", PASSWORD, title, roles)
            known_as = staff_as_actor(tx, member.id)
            if name in CLEARED and known_as and not known_as.cleared:
                until = clock.now(tx) + timedelta(days=365)
                clear(tx, SYSTEM, member.id, ends_at=until, reason="Demonstration")
        now = clock.now(tx)
        _keep_a_season(tx, clock.local_day(now))
        known = tx.scalar(select(func.count()).select_from(Person)) or 0
    if staff_only or known:
        return {**_sign_in(), "residents": 0, "cases": 0}
    from asimati.app import create_app  # late: a start that finds everything there need not load it

    people = [_resident(number, *facts) for number, facts in enumerate(RESIDENTS)]
    client = create_app().test_client()
    reviewer = _ask(client, "POST", "/auth/staff", None, email="reviewer@asimati.example", password=PASSWORD)
    for number, resident in enumerate(
        people
    ):  # everyone one, so that figures by sex are about enough people to show
        service, answers, block = CASES[number % len(CASES)]
        _case(client, resident, reviewer["access_token"], service, answers, block)
    for number, resident in enumerate(people):
        _ask(client, "PUT", "/me/volunteer", resident, **VOLUNTEERS[number % len(VOLUNTEERS)])
    _volunteering(client, people, now)
    return {**_sign_in(), "residents": len(people), "cases": len(people)}


def _keep_a_season(tx: Session, today: date) -> None:
    """The pack's last edition goes on where it has ended or soon will: one may look in any year."""
    last = tx.scalar(select(Edition).order_by(Edition.ends_on.desc()).limit(1))
    if last and last.ends_on < today + timedelta(days=90):
        last.ends_on = today + timedelta(days=365)


def _volunteering(client: FlaskClient, people: list[str], now: datetime) -> None:
    """An organisation with members and an offer to look through, another that applies, a series, an open place."""
    coordinator = _ask(client, "POST", "/auth/staff", None, email="coordinator@asimati.example", password=PASSWORD)
    staff, (head, *members) = coordinator["access_token"], people[:3]
    society = _ask(client, "POST", "/volunteer-entities", head, **SOCIETY)["id"]
    _ask(client, "POST", f"/staff/volunteer-entities/{society}/accredit", staff)
    code = _ask(client, "POST", f"/volunteer-entities/{society}/invitation", head)["code"]
    for member in members:
        _ask(client, "POST", "/volunteer-entities/join", member, code=code)
    _ask(client, "POST", f"/volunteer-entities/{society}/enrolment", head)
    _ask(client, "POST", "/volunteer-entities", people[4], **SCHOOL)
    offer = _ask(client, "POST", f"/volunteer-entities/{society}/opportunities", head, **OFFER)["id"]
    at = f"/volunteer-entities/{society}/opportunities/{offer}"
    begins = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=10)
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=3)).isoformat()}
    _ask(client, "POST", f"{at}/shifts", head, **times)
    _ask(client, "POST", f"{at}/submit", head)
    _series(client, staff, members[0], clock.local_day(now))


def _series(client: FlaskClient, staff: str, member: str, today: date) -> None:
    """Shifts of four weeks, of which somebody offers their place to all who fit."""
    (trees,) = _ask(client, "GET", "/opportunities?q=زراعة", None)["items"]
    first = today + timedelta(days=14)
    rule = {"opportunity": trees["id"], "weekdays": ["sat"], "begins": "07:30", "minutes": 180, "places": 20}
    days = {"first_day": str(first), "until": str(first + timedelta(weeks=4) - timedelta(days=1))}
    _ask(client, "POST", "/staff/shift-series", staff, **rule, **days)
    charter = _ask(client, "GET", "/volunteering/charter", member)
    _ask(client, "PUT", "/me/volunteer/charter", member, version=charter["version"])
    shift = next(
        one for one in _ask(client, "GET", f"/opportunities/{trees['id']}", None)["shifts"] if one["series"]
    )
    place = _ask(client, "POST", f"/shifts/{shift['id']}/sign-ups", member)
    _ask(client, "POST", f"/sign-ups/{place['id']}/swap", member, open=True)


def _sign_in() -> dict[str, Any]:
    return {
        "password": PASSWORD,
        "staff": [{"email": f"{name}@asimati.example", "roles": roles} for name, (_, roles) in STAFF.items()],
    }


def _resident(number: int, ar: str, latin: str, sex: str, born: int, block: str, disability: bool | None) -> str:
    with transaction() as tx:
        profile = {
            "name_ar": ar,
            "name_latin": latin,
            "sex": Sex(sex),
            "birth_date": date(born, 3, 1),
            "block": block,
        }
        person = ensure_person(tx, f"+973330000{number:02}", **profile, disability=disability)
        token: str = start_session(tx, person=person.id)["access_token"]
    return token


def _case(
    client: FlaskClient, resident: str, reviewer: str, service: str, answers: dict[str, Any], block: str
) -> None:
    filed = _ask(
        client, "POST", "/service-requests", resident,
        service=service, form_version=1, answers=answers, location={"block": block},
    )  # fmt: skip
    at = f"/staff/service-requests/{filed['reference']}"
    _ask(client, "POST", f"{at}/claim", reviewer)
    said = {"ar": "تمت المعالجة. شكرًا لتعاونكم.", "en": "This has been done. Thank you for telling us."}
    _ask(client, "POST", f"{at}/resolve", reviewer, message=said)


def _ask(client: FlaskClient, method: str, path: str, token: str | None, **body: Any) -> Any:
    headers = {"Idempotency-Key": str(uuid4()), **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = client.open(f"/api/v1{path}", method=method, json=body, headers=headers)
    if answer.status_code >= 400:
        raise RuntimeError(f"{method} {path}: {answer.get_data(as_text=True)}")
    return answer.get_json()
