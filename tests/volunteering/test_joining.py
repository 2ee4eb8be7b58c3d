"""What is asked before somebody serves, and a guardian's word on whether a minor does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from asimati.accounts.actions import start_session
from asimati.accounts.models import Guardianship, HouseholdMember, Person, Relation
from asimati.kit import clock, db
from asimati.kit.errors import IllegalMove
from asimati.kit.outbox import OutboxMessage
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering.actions import readiness
from asimati.volunteering.actions.consenting import lapse_guardians
from asimati.volunteering.joining_rules import (
    ConsentStatus,
    OrientationRule,
    answer_by,
    is_under,
    require_consent_move,
    wants_orientation,
)
from asimati.volunteering.models import Charter, CharterAcceptance, Edition, GuardianConsent, SignUp
from asimati.volunteering.sync import _charter
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, held, make_edition, make_shift, now

SignIn = Callable[..., Headers]
Clock = Callable[..., Any]


# --- rules -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "edition", "wanted"),
    [
        (OrientationRule.AS_EDITION, False, False),
        (OrientationRule.AS_EDITION, True, True),
        (OrientationRule.REQUIRED, False, True),
        (OrientationRule.NOT_REQUIRED, True, False),
        (OrientationRule.HELD, True, False),
    ],
)
def test_who_needs_an_orientation(rule: OrientationRule, edition: bool, wanted: bool) -> None:
    assert wants_orientation(rule, edition_wants=edition) is wanted


def test_a_guardian_answers_before_the_shift_begins() -> None:
    asked = datetime.combine(date(2026, 12, 1), time(8))
    assert answer_by(asked, asked + timedelta(days=9), 72) == asked + timedelta(days=3)
    assert answer_by(asked, asked + timedelta(hours=5), 72) == asked + timedelta(hours=5)


def test_somebody_is_under_age_until_their_birthday() -> None:
    born = date(2008, 12, 5)
    assert is_under(born, date(2026, 12, 4), 18) and not is_under(born, date(2026, 12, 5), 18)
    assert not is_under(None, date(2026, 12, 4), 18)


@pytest.mark.parametrize("ended", [ConsentStatus.REFUSED, ConsentStatus.LAPSED, ConsentStatus.WITHDRAWN])
def test_a_word_that_ended_is_not_given_anew(ended: ConsentStatus) -> None:
    for after in ConsentStatus:
        with pytest.raises(IllegalMove):
            require_consent_move(ended, after)


# --- charter, orientation, category ----------------------------------------------------------------------------


def charter(version: int, words: str = "…") -> None:
    with db.transaction() as tx:
        tx.add(Charter(version=version, title=TITLE, text={"ar": words, "en": words}))


def edition(**said: Any) -> None:
    make_edition()
    if said:
        with db.transaction() as tx:
            tx.execute(update(Edition).values(**said))


def sign_up(client: FlaskClient, who: Headers, shift: UUID) -> Any:
    return client.post(f"{V1}/shifts/{shift}/sign-ups", json={}, headers=who)


def problem(answer: Any) -> str:
    return str(answer.json["type"]).rpartition("/")[2]


def standing(client: FlaskClient, who: Headers) -> Any:
    return client.get(f"{V1}/me/volunteer/standing", headers=who).json


def test_a_new_version_of_the_charter_asks_again(client: FlaskClient, as_resident: SignIn) -> None:
    edition()
    charter(1)
    who, day = as_resident(), now() + timedelta(days=1)
    first, second = make_shift(day), make_shift(day + timedelta(days=1))
    refused = sign_up(client, who, first)
    assert (refused.status_code, problem(refused), refused.json["version"]) == (409, "charter-not-accepted", 1)
    assert standing(client, who)["missing"] == ["charter-not-accepted"]
    for _ in range(2):
        said = client.put(f"{V1}/me/volunteer/charter", json={"version": 1}, headers=who)
        assert (said.status_code, said.json["version"]) == (200, 1)
    assert sign_up(client, who, first).status_code == 201
    charter(2)
    assert client.get(f"{V1}/volunteering/charter").json["version"] == 2
    assert problem(sign_up(client, who, second)) == "charter-not-accepted"
    old = client.put(f"{V1}/me/volunteer/charter", json={"version": 1}, headers=who)
    assert (old.status_code, problem(old), old.json["version"]) == (409, "charter-changed", 2)
    client.put(f"{V1}/me/volunteer/charter", json={"version": 2}, headers=who)
    assert sign_up(client, who, second).status_code == 201
    with db.transaction() as tx:
        assert sorted(tx.scalars(select(CharterAcceptance.version))) == [1, 2]  # both receipts are kept


def test_words_that_were_accepted_do_not_change_under_the_receipt(client: FlaskClient, as_resident: SignIn) -> None:
    charter(1, "first")
    changed = {"version": 1, "title": TITLE, "text": {"ar": "second", "en": "second"}}
    with db.transaction() as tx:
        _charter(tx, changed)
        assert tx.get_one(Charter, 1).text["en"] == "second"  # nobody had read it
    client.put(f"{V1}/me/volunteer/charter", json={"version": 1}, headers=as_resident())
    with db.transaction() as tx:
        _charter(tx, {**changed, "text": {"ar": "third", "en": "third"}})
        assert tx.get_one(Charter, 1).text["en"] == "second"


def test_without_a_charter_there_is_nothing_to_accept(client: FlaskClient, as_resident: SignIn) -> None:
    assert client.get(f"{V1}/volunteering/charter").status_code == 404
    answer = client.put(f"{V1}/me/volunteer/charter", json={"version": 1}, headers=as_resident())
    assert answer.status_code == 404


def person_id(client: FlaskClient, who: Headers) -> str:
    return str(client.get(f"{V1}/me", headers=who).json["id"])


def test_an_orientation_noted_by_a_coordinator_opens_the_edition(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    edition(orientation=True)
    who, coordinator = as_resident(), as_staff("coordinator")
    shift = make_shift(now() + timedelta(days=1))
    refused = sign_up(client, who, shift)
    assert (problem(refused), standing(client, who)["missing"]) == ("orientation-needed", ["orientation-needed"])
    path = f"{V1}/staff/volunteers/{person_id(client, who)}/orientation"
    assert client.put(path, json={}, headers=as_staff("auditor")).status_code == 403
    for _ in range(2):
        assert client.put(path, json={}, headers=coordinator).json["edition"] == "now"
    assert sign_up(client, who, shift).status_code == 201
    assert client.delete(path, headers=coordinator).status_code == 204
    assert client.delete(path, headers=coordinator).status_code == 404
    assert problem(sign_up(client, who, make_shift(now() + timedelta(days=3)))) == "orientation-needed"


def test_serving_on_an_orientation_shift_is_attending_it(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    edition()
    who, coordinator = as_resident(), as_staff("coordinator")
    wanted = make_shift(now() + timedelta(days=1), orientation=OrientationRule.REQUIRED)
    talk = make_shift(now() - timedelta(hours=1), hours=2, orientation=OrientationRule.HELD)
    assert problem(sign_up(client, who, wanted)) == "orientation-needed"
    attended = sign_up(client, who, talk).json["id"]
    for deed in ("check-in", "check-out"):
        assert client.post(f"{V1}/sign-ups/{attended}/{deed}", json={}, headers=coordinator).status_code == 200
    assert sign_up(client, who, wanted).status_code == 201


def test_a_category_is_asked_for_where_the_edition_wants_one(client: FlaskClient, as_resident: SignIn) -> None:
    edition(enrolment=True, categories=[{"code": "youth", "title": TITLE}])
    who, shift = as_resident(), make_shift(now() + timedelta(days=1))
    assert problem(sign_up(client, who, shift)) == "not-enrolled"
    assert client.put(f"{V1}/me/enrolment", json={"category": "youth"}, headers=who).status_code == 200
    assert sign_up(client, who, shift).status_code == 201
    assert standing(client, who)["enrolment"] == {"required": True, "category": "youth"}


# --- guardians -------------------------------------------------------------------------------------------------


class Family:
    """A minor of sixteen and two guardians, with accounts of their own."""

    def __init__(self, guardians: int = 2) -> None:
        people = make_people(guardians + 1)
        self.minor, self.guardians = people[0], people[1:]
        today = clock.local_day(now())
        with db.transaction() as tx:
            tx.get_one(Person, self.minor.id).birth_date = date(today.year - 16, 1, 1)
            for guardian in self.guardians:
                tx.get_one(Person, guardian.id).birth_date = date(today.year - 40, 1, 1)
                tx.add(
                    HouseholdMember(
                        holder_id=guardian.id,
                        person_id=self.minor.id,
                        relation=Relation.CHILD,
                        guardianship=Guardianship.DECLARED,
                    )
                )
        self.who = signed_in(self.minor)
        self.parents = [signed_in(one) for one in self.guardians]


@pytest.fixture
def family(client: FlaskClient) -> Family:
    edition(minimum_age=10)
    return Family()


def asked(client: FlaskClient, parent: Headers) -> Any:
    return client.get(f"{V1}/me/guardian-consents", headers=parent).json["items"]


def say(client: FlaskClient, parent: Headers, word: str, consent: str) -> Any:
    return client.post(f"{V1}/me/guardian-consents/{consent}/{word}", headers=parent)


def statuses(who: Actor) -> list[str]:
    with db.transaction() as tx:
        mine = select(SignUp.status).where(SignUp.person_id == who.id).order_by(SignUp.created_at, SignUp.id)
        return [str(one) for one in tx.scalars(mine)]


def told(topic: str) -> list[str]:
    with db.transaction() as tx:
        found = select(OutboxMessage.payload).where(OutboxMessage.topic == f"volunteering.{topic}")
        return sorted(str(one["person"]) for one in tx.scalars(found))


def test_a_minor_without_a_guardian_is_told_what_to_do(client: FlaskClient) -> None:
    edition(minimum_age=10)
    alone = Family(guardians=0)
    refused = sign_up(client, alone.who, make_shift(now() + timedelta(days=1)))
    assert (refused.status_code, problem(refused), refused.json["below"]) == (409, "guardian-needed", 18)
    assert standing(client, alone.who)["missing"] == ["guardian-needed"]


def test_the_place_is_held_until_a_guardian_consents_and_the_next_needs_no_word(
    client: FlaskClient, family: Family, as_staff: SignIn
) -> None:
    day = now() + timedelta(days=5)
    shift, later = make_shift(day, places=1), make_shift(day + timedelta(days=1))
    made = sign_up(client, family.who, shift)
    assert (made.status_code, made.json["status"], held(shift)) == (201, "pending", 1)
    assert made.json["guardian_by"] < made.json["shift"]["starts_at"]
    assert told("guardian_asked") == sorted(str(one.id) for one in family.guardians)
    approve = client.post(f"{V1}/staff/sign-ups/{made.json['id']}/approve", headers=as_staff("coordinator"))
    assert problem(approve) == "guardian-awaited"
    (one,) = asked(client, family.parents[0])
    assert (one["status"], len(one["places"]), one["places"][0]["title"]) == ("asked", 1, TITLE)
    answer = say(client, family.parents[0], "give", one["id"])
    assert (answer.status_code, answer.json["status"], statuses(family.minor)) == (200, "given", ["confirmed"])
    assert say(client, family.parents[0], "give", one["id"]).status_code == 200  # repeated, nothing changes
    assert sign_up(client, family.who, later).json["status"] == "confirmed"
    assert standing(client, family.who)["guardian"]["status"] == "given"


def test_where_the_governorate_asks_it_a_guardian_consents_after_a_national_sign_on_alone(
    client: FlaskClient, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings().governorate.facts, "household", {"guardian_assurance": "advanced"})
    sign_up(client, family.who, make_shift(now() + timedelta(days=5)))
    (one,) = asked(client, family.parents[0])
    refused = say(client, family.parents[0], "give", one["id"])
    assert (refused.status_code, problem(refused)) == (403, "assurance-too-low")
    assert (refused.json["needed"], refused.json["present"]) == ("advanced", "phone")
    assert statuses(family.minor) == ["pending"]
    with db.transaction() as tx:
        proof = {"assurance": "advanced", "proved_at": clock.now(tx)}
        proved = start_session(tx, person=family.guardians[0].id, **proof)["access_token"]
    assert say(client, {"Authorization": f"Bearer {proved}"}, "give", one["id"]).json["status"] == "given"
    assert statuses(family.minor) == ["confirmed"]
    assert say(client, family.parents[1], "withdraw", one["id"]).status_code == 200, "a no asks for no proof"


def test_a_reviewed_place_waits_for_both(client: FlaskClient, family: Family, as_staff: SignIn) -> None:
    made = sign_up(client, family.who, make_shift(now() + timedelta(days=5), review=True)).json
    (one,) = asked(client, family.parents[0])
    say(client, family.parents[0], "give", one["id"])
    assert statuses(family.minor) == ["pending"]
    approve = client.post(f"{V1}/staff/sign-ups/{made['id']}/approve", headers=as_staff("coordinator"))
    assert (approve.status_code, statuses(family.minor)) == (200, ["confirmed"])


def test_a_refusal_gives_the_place_to_the_next_in_line(client: FlaskClient, family: Family) -> None:
    shift, (other,) = make_shift(now() + timedelta(days=5), places=1, waitlist=True), make_people(1)
    sign_up(client, family.who, shift)
    assert sign_up(client, signed_in(other), shift).json["status"] == "waitlisted"
    (one,) = asked(client, family.parents[1])
    assert say(client, family.parents[1], "refuse", one["id"]).json["status"] == "refused"
    assert (statuses(family.minor), statuses(other)) == (["declined"], ["offered"])
    assert told("place_without_consent") == [str(family.minor.id)]
    again = say(client, family.parents[0], "give", one["id"])
    assert (again.status_code, problem(again)) == (409, "illegal-move")


def test_without_an_answer_in_time_the_place_is_free_and_the_next_sign_up_asks_anew(
    client: FlaskClient, family: Family, moved_clock: Clock
) -> None:
    shift = make_shift(now() + timedelta(days=9), places=1)
    sign_up(client, family.who, shift)
    with db.transaction() as tx:
        assert lapse_guardians(tx) == 0
    with moved_clock(hours=73):
        with db.transaction() as tx:
            assert lapse_guardians(tx) == 1
        with db.transaction() as tx:
            assert lapse_guardians(tx) == 0
    assert (statuses(family.minor), held(shift)) == (["declined"], 0)
    assert sign_up(client, family.who, shift).json["status"] == "pending"
    assert [one["status"] for one in asked(client, family.parents[0])] == ["asked", "lapsed"]


def test_consent_taken_back_ends_what_is_to_come_and_nothing_else(
    client: FlaskClient, family: Family, as_staff: SignIn
) -> None:
    running, coming = make_shift(now() - timedelta(hours=1)), make_shift(now() + timedelta(days=5))
    for shift in (running, coming):
        sign_up(client, family.who, shift)
    (one,) = asked(client, family.parents[0])
    say(client, family.parents[0], "give", one["id"])
    assert statuses(family.minor) == ["confirmed", "confirmed"]
    assert say(client, family.parents[1], "withdraw", one["id"]).json["status"] == "withdrawn"
    assert (statuses(family.minor), held(coming)) == (["confirmed", "withdrawn"], 0)
    assert sign_up(client, family.who, coming).json["status"] == "pending"  # asked anew
    say(client, family.parents[1], "withdraw", one["id"])  # the old word again: the new place stays
    assert statuses(family.minor) == ["confirmed", "withdrawn", "pending"]


def test_a_guardian_who_is_none_any_more_has_no_say(client: FlaskClient, family: Family) -> None:
    sign_up(client, family.who, make_shift(now() + timedelta(days=5)))
    (one,) = asked(client, family.parents[0])
    say(client, family.parents[0], "give", one["id"])
    with db.transaction() as tx:
        tie = select(HouseholdMember).where(HouseholdMember.holder_id == family.guardians[0].id)
        tx.scalars(tie).one().ended_at = now()
    assert asked(client, family.parents[0]) == []
    assert say(client, family.parents[0], "withdraw", one["id"]).status_code == 404
    assert sign_up(client, family.who, make_shift(now() + timedelta(days=8))).json["status"] == "pending"


def test_from_which_age_nobody_is_asked_is_the_editions(client: FlaskClient) -> None:
    edition(minimum_age=10, guardian_below=15)
    family = Family()  # of sixteen
    assert sign_up(client, family.who, make_shift(now() + timedelta(days=5))).json["status"] == "confirmed"
    assert asked(client, family.parents[0]) == []
    with db.transaction() as tx:
        tx.execute(update(Edition).values(guardian_below=17))
    assert sign_up(client, family.who, make_shift(now() + timedelta(days=6))).json["status"] == "pending"
    assert len(asked(client, family.parents[0])) == 1


def test_strangers_and_the_minor_themselves_cannot_answer(client: FlaskClient, family: Family) -> None:
    sign_up(client, family.who, make_shift(now() + timedelta(days=5)))
    (one,) = asked(client, family.parents[0])
    for who in (family.who, signed_in(make_people(1)[0])):
        assert asked(client, who) == []
        assert say(client, who, "give", one["id"]).status_code == 404
    assert statuses(family.minor) == ["pending"]


def test_whoever_withdraws_waits_for_nobody(client: FlaskClient, family: Family) -> None:
    made = sign_up(client, family.who, make_shift(now() + timedelta(days=5))).json
    left = client.delete(f"{V1}/sign-ups/{made['id']}", headers=family.who)
    assert (left.status_code, left.json["guardian_by"]) == (200, None)
    (one,) = asked(client, family.parents[0])
    say(client, family.parents[0], "give", one["id"])
    assert statuses(family.minor) == ["withdrawn"]


def test_a_minor_in_line_is_asked_about_when_they_accept(client: FlaskClient, family: Family) -> None:
    shift, (first,) = make_shift(now() + timedelta(days=5), places=1, waitlist=True), make_people(1)
    taken = sign_up(client, signed_in(first), shift).json["id"]
    waiting = sign_up(client, family.who, shift).json
    assert (waiting["status"], asked(client, family.parents[0])) == ("waitlisted", [])
    client.delete(f"{V1}/sign-ups/{taken}", headers=signed_in(first))
    accepted = client.post(f"{V1}/sign-ups/{waiting['id']}/accept", headers=family.who)
    assert (accepted.json["status"], bool(accepted.json["guardian_by"])) == ("pending", True)
    assert len(asked(client, family.parents[0])) == 1


# --- at once ---------------------------------------------------------------------------------------------------


def both_answers(app: Flask, client: FlaskClient, family: Family) -> list[Any]:
    sign_up(client, family.who, make_shift(now() + timedelta(days=5)))
    (one,) = asked(client, family.parents[0])
    words = [(f"/me/guardian-consents/{one['id']}/give", None, family.parents[0])] * 6
    words += [(f"/me/guardian-consents/{one['id']}/refuse", None, family.parents[1])] * 6
    return all_at_once(app, words)


def test_of_two_guardians_at_once_one_settles_it_and_the_other_hears(
    app: Flask, client: FlaskClient, family: Family
) -> None:
    answers = both_answers(app, client, family)
    assert Counter(one.status_code for one in answers) == {200: 6, 409: 6}
    assert {problem(one) for one in answers if one.status_code == 409} == {"illegal-move"}
    with db.transaction() as tx:
        settled = tx.scalars(select(GuardianConsent.status)).one()
    assert statuses(family.minor) == [{"given": "confirmed", "refused": "declined"}[str(settled)]]


def test_without_the_lock_the_loser_is_not_told_what_was_settled(
    app: Flask, client: FlaskClient, family: Family, without: Callable[..., None]
) -> None:
    without("consent_lock")
    refused = {problem(one) for one in both_answers(app, client, family) if one.status_code >= 400}
    assert refused - {"illegal-move"}  # the row's version alone holds it, and says no more than that


def taken_back_while_signing_up(app: Flask, client: FlaskClient, family: Family, first_day: int = 5) -> list[Any]:
    """A minor whose guardian agreed signs up for eight shifts while that guardian takes it back."""
    day = now() + timedelta(days=first_day)
    sign_up(client, family.who, make_shift(day))
    (one,) = asked(client, family.parents[0])
    say(client, family.parents[0], "give", one["id"])
    shifts = [make_shift(day + timedelta(days=n)) for n in range(1, 9)]
    requests: list[Any] = [(f"/shifts/{shift}/sign-ups", {}, family.who) for shift in shifts]
    requests.insert(4, (f"/me/guardian-consents/{one['id']}/withdraw", None, family.parents[0]))
    answers = all_at_once(app, requests)
    with db.transaction() as tx:
        assert tx.get_one(GuardianConsent, UUID(one["id"])).status is ConsentStatus.WITHDRAWN
    return answers


def test_consent_taken_back_while_the_minor_signs_up_leaves_no_place_behind(
    app: Flask, client: FlaskClient, family: Family
) -> None:
    answers = taken_back_while_signing_up(app, client, family)
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert "confirmed" not in statuses(family.minor)


def test_without_holding_the_consent_a_place_is_left_behind(
    app: Flask, client: FlaskClient, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unheld(tx: Session, person: UUID, edition: str) -> GuardianConsent | None:
        open_ = select(GuardianConsent).where(
            GuardianConsent.person_id == person, GuardianConsent.edition == edition,
            GuardianConsent.ended_at.is_(None),
        )  # fmt: skip
        return tx.scalar(open_)

    monkeypatch.setattr(readiness, "_open_consent", unheld)
    for turn in range(6):
        taken_back_while_signing_up(app, client, family, 5 + 10 * turn)
        if "confirmed" in statuses(family.minor):
            break
    assert "confirmed" in statuses(family.minor)


# --- a place that changes hands --------------------------------------------------------------------------------


def handed_over(client: FlaskClient, shift: UUID, giver: Headers) -> str:
    place = client.post(f"{V1}/shifts/{shift}/sign-ups", headers=giver).json
    return str(client.post(f"{V1}/sign-ups/{place['id']}/swap", json={}, headers=giver).json["code"])


def test_whoever_takes_anothers_place_is_asked_what_a_newcomer_is(client: FlaskClient, as_resident: SignIn) -> None:
    edition(orientation=False)
    shift = make_shift(now() + timedelta(days=4))
    giver, taker = as_resident(), as_resident()
    code = handed_over(client, shift, giver)
    charter(1)
    refused = client.post(f"{V1}/swaps/take", json={"code": code}, headers=taker)
    assert (refused.status_code, problem(refused)) == (409, "charter-not-accepted")
    client.put(f"{V1}/me/volunteer/charter", json={"version": 1}, headers=taker)
    assert client.post(f"{V1}/swaps/take", json={"code": code}, headers=taker).json["status"] == "confirmed"
    assert held(shift) == 1


def test_a_minor_who_takes_anothers_place_waits_for_a_guardian(
    client: FlaskClient, family: Family, as_resident: SignIn
) -> None:
    shift = make_shift(now() + timedelta(days=4))
    code = handed_over(client, shift, as_resident())
    taken = client.post(f"{V1}/swaps/take", json={"code": code}, headers=family.who).json
    assert taken["status"] == "pending" and taken["guardian_by"]
    assert told("guardian_asked") == sorted(str(one.id) for one in family.guardians)
    assert held(shift) == 1
