"""Days of people who work here, walked through in a browser, in both languages."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import ARGUMENTS, PASSWORD, House, Opened, chromium, sign_in
from tests.journeys.held import VIEWS, held

both_languages = pytest.mark.parametrize("language", ["ar", "en"])


def move(page: Page, name: str, **fields: str) -> None:
    """Open a move of the case page, fill it in, send it."""
    form = page.locator(f"form[action$='/{name}']")
    form.locator("xpath=..").locator("summary").click()
    for field, value in fields.items():
        target = form.locator(f"[name={field}]")
        if target.evaluate("one => one.tagName") == "SELECT":
            target.select_option(value)
        else:
            target.fill(value)
    form.locator("button").click()
    page.wait_for_load_state()


@both_languages
def test_a_reviewers_morning_with_two_others_at_work(house: House, signed_in: Opened, language: str) -> None:
    references = [house.case() for _ in range(3)]
    page = signed_in("reviewer", language)
    colleague = signed_in("supervisor", language)
    # By the keyboard alone: through the queue, into the first case.
    page.goto("/console/queues/unassigned")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/**")
    # Claim, ask, and hear the resident.
    page.goto(f"/console/cases/{references[0]}")
    move(page, "claim")
    move(page, "ask", message_ar="أين تقع الحفرة بالضبط؟", message_en="Where exactly is the hole?")
    expect(page.locator(".lead .badge").first).to_have_class(re.compile("waiting"))
    assert "أين تقع" in page.content() or "Where exactly" in page.content()
    # Refer, take back, resolve.
    page.goto(f"/console/cases/{references[1]}")
    move(page, "claim")
    move(page, "refer", message_ar="أحيل طلبكم إلى الجهة المختصة.", message_en="Sent to who repairs roads.")
    expect(page.locator(".lead .badge").first).to_have_class(re.compile("referred"))
    move(page, "return", message_ar="عاد الطلب إلينا.", message_en="It is back with us.")
    move(page, "resolve", message_ar="أُصلح الطريق.", message_en="The road is repaired.")
    expect(page.locator(".lead .badge").first).to_have_class(re.compile("resolved"))
    # Two colleagues were quicker, one after the other: what was typed is kept, and nobody's work is overwritten.
    name, password = house.colleague("reviewer")
    other = signed_in(name, language, password)
    for one in (page, colleague, other):
        one.goto(f"/console/cases/{references[2]}")
    move(other, "claim")
    move(colleague, "note", note="ملاحظة المشرفة")
    move(page, "claim", note="ملاحظة كتبتها على مهل")
    expect(page.locator("div.refused")).to_be_visible()
    expect(page.locator("textarea", has_text="ملاحظة كتبتها")).to_have_count(1)
    found = house.ask("GET", f"/staff/service-requests/{references[2]}", house.staff("supervisor"))
    assert [one["move"] for one in found["entries"]].count("claim") == 1


def walk_to(page: Page, selector: str) -> None:
    """Tab until something is reached; on the way whatever has the focus is seen, marked and not hidden."""
    for _ in range(120):
        page.keyboard.press("Tab")
        assert not page.evaluate(HIDDEN), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


# Whether what has the focus cannot be seen: no ring around it, outside the window, or under something else.
HIDDEN = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  if (one === document.body) return false;
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return true;
  const x = box.x + Math.min(box.width / 2, innerWidth - 1), y = box.y + Math.min(box.height / 2, 40);
  if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return true;
  const above = document.elementFromPoint(x, y);
  return !(above && (one.contains(above) || above.contains(one) || above.closest('label')?.control === one));
}"""


@both_languages
def test_a_morning_by_the_keyboard_alone(house: House, signed_in: Opened, language: str) -> None:
    details = f"رصيف مكسور عند الباب {house.case()[3:]}"
    reference = house.case(details)
    page = signed_in("reviewer", language)
    page.goto("/console/queues/unassigned")
    page.keyboard.press("/")
    page.keyboard.type(reference)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**q={reference}*")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("k")  # there is nothing above: one stays
    page.keyboard.press("x")
    expect(page.locator("[data-row] input")).to_be_checked()
    page.keyboard.press("c")
    page.wait_for_url("**/bulk")
    page.goto(f"/console/queues/mine?q={reference}")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(f"**/cases/{reference}")
    walk_to(page, "details:has(form[action$='/ask']) summary")
    page.keyboard.press("Enter")
    walk_to(page, "form[action$='/ask'] textarea[name=message_ar]")
    page.keyboard.type("أين يقع الباب؟")
    walk_to(page, "form[action$='/ask'] textarea[name=message_en]")
    page.keyboard.type("Which door is it?")
    walk_to(page, "form[action$='/ask'] button")
    page.keyboard.press("Enter")
    expect(page.locator(".lead .badge").first).to_have_class(re.compile("waiting"))


@both_languages
def test_many_cases_are_found_in_arabic_and_claimed_together(
    house: House, signed_in: Opened, language: str
) -> None:
    word = "الأَسْفَلْت"  # as written with every sign; searched for without
    references = {house.case(f"{word} متشقق {number}") for number in range(2)}
    page = signed_in("reviewer", language)
    page.goto("/console/queues/unassigned")
    page.fill("#q", "الاسفلت متشقق")
    page.select_option("#channel", "app")
    page.fill("#block", "317")
    page.press("#q", "Enter")
    page.wait_for_load_state()
    shown = set(page.locator("[data-open]").all_inner_texts())
    assert references <= shown
    for row in page.locator("[data-row] input").all():
        row.check()
    page.locator("form[action$='/bulk'] button").click()
    page.wait_for_url("**/bulk")
    page.goto("/console/queues/mine")
    assert references <= set(page.locator("[data-open]").all_inner_texts())


@both_languages
def test_counts_keep_themselves_up_to_date(house: House, signed_in: Opened, language: str) -> None:
    page = signed_in("reviewer", language)
    count = page.locator("[data-count=unassigned]").first
    before = int(count.inner_text().replace(",", ""))
    house.case()
    expect(count).not_to_have_text(str(before), timeout=25_000)


def test_a_screen_that_nobody_touches_goes_by_itself(house: House, signed_in: Opened) -> None:
    page = signed_in("reviewer", "en")
    page.clock.install()
    page.goto("/console/queues/mine")
    page.evaluate("window.here = true")
    idle = 1000 * int(page.locator("body").get_attribute("data-idle") or 0)
    for _ in range(2):
        page.clock.fast_forward(idle - 60_000)
        page.keyboard.press("Shift")
    assert page.evaluate("window.here"), "somebody is there"
    with page.expect_navigation():
        page.clock.fast_forward(idle + 60_000)
    assert page.evaluate("window.here") is None


def event_of_today(house: House, capacity: int = 10) -> dict[str, Any]:
    """A published event whose doors are open now."""
    staff = house.staff("coordinator")
    programme = house.ask("GET", "/staff/programmes", staff)["items"][0]["slug"]
    now = time.time()

    def at(minutes: int) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:00+00:00", time.gmtime(now + 60 * minutes))

    said = {
        "programme": programme, "type": "workshop", "language": "both", "mode": "in_person", "capacity": capacity,
        "title": {"ar": "ورشة اليوم", "en": "Workshop of today"}, "starts_at": at(5), "ends_at": at(65),
    }  # fmt: skip
    made = house.ask("POST", "/staff/events", staff, json=said)
    tag = house.client.get(f"/staff/events/{made['id']}", headers=staff).headers["ETag"]
    published = {"status": "published"}
    return dict(house.ask("PATCH", f"/staff/events/{made['id']}", {**staff, "If-Match": tag}, json=published))


@both_languages
def test_the_door_goes_on_while_the_network_is_away(house: House, signed_in: Opened, language: str) -> None:
    event = event_of_today(house)
    tickets = [
        house.ask("POST", f"/events/{event['id']}/bookings", house.resident(), json={})["ticket"] for _ in range(3)
    ]
    other = event_of_today(house)
    stray = house.ask("POST", f"/events/{other['id']}/bookings", house.resident(), json={})["ticket"]
    page = signed_in("coordinator", language, service_workers="block")
    page.goto(f"/console/doors/{event['id']}")

    def scan(ticket: str) -> str:
        before = page.locator("#verdict").inner_text()
        page.fill("#ticket", ticket)
        page.press("#ticket", "Enter")
        page.wait_for_function("one => document.getElementById('verdict').textContent !== one", arg=before)
        return str(page.locator("#verdict").get_attribute("class"))

    assert "good" in scan(tickets[0])
    expect(page.locator("#inside")).to_have_text("1", timeout=15_000)
    page.context.set_offline(True)
    begun = time.monotonic()
    assert "good" in scan(tickets[1])  # checked by its signature, and kept
    assert "bad" in scan(stray)  # a ticket of another event is known without a network
    assert "bad" in scan("A" * 40)
    expect(page.locator("#pending")).to_be_visible()
    while time.monotonic() - begun < 60:  # a minute without a network
        page.wait_for_timeout(1000)
    assert "good" in scan(tickets[2])
    page.context.set_offline(False)
    expect(page.locator("#pending")).to_be_hidden(timeout=20_000)
    expect(page.locator("#inside")).to_have_text("3", timeout=25_000)
    roster = house.ask("GET", f"/staff/bookings?event={event['id']}", house.staff("coordinator"))["items"]
    assert [one["status"] for one in roster] == ["checked_in"] * 3


def test_the_doors_page_opens_again_while_the_network_is_away(house: House, signed_in: Opened) -> None:
    event = event_of_today(house)
    ticket = house.ask("POST", f"/events/{event['id']}/bookings", house.resident(), json={})["ticket"]
    page = signed_in("coordinator", "ar")
    page.goto(f"/console/doors/{event['id']}")
    # Its keeper stands there, and the page with all it is made of is on the shelf.
    kept = (
        "async () => navigator.serviceWorker.controller !== null"
        " && await (await caches.open('asimati-door')).match(location.href, { ignoreVary: true }) !== undefined"
    )
    until = time.monotonic() + 30
    while not page.evaluate(kept):
        assert time.monotonic() < until
        page.wait_for_timeout(100)
    page.context.set_offline(True)
    assert page.evaluate("fetch('/healthz').then(() => 'there', () => 'away')") == "away"
    page.reload()
    page.fill("#ticket", ticket)
    page.press("#ticket", "Enter")
    expect(page.locator("#verdict.good")).to_be_visible()
    expect(page.locator("#pending")).to_be_visible()
    page.reload()  # what waits to be sent outlives the page as well
    expect(page.locator("#pending")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#pending")).to_be_hidden(timeout=20_000)
    expect(page.locator("#inside")).to_have_text("1", timeout=25_000)


@both_languages
def test_the_camera_reads_tickets_while_the_network_is_away(
    house: House, chrome: Browser, tmp_path: Path, language: str
) -> None:
    event = event_of_today(house)
    ticket = house.ask("POST", f"/events/{event['id']}/bookings", house.resident(), json={})["ticket"]
    film = tmp_path / "camera.mjpeg"
    frame = io.BytesIO()
    held(ticket, VIEWS["all together"]).resize((1280, 960)).save(frame, "JPEG", quality=85)
    film.write_bytes(frame.getvalue() * 10)
    arguments = [
        *ARGUMENTS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]  # fmt: skip
    browser = chrome.browser_type.launch(executable_path=chromium(), args=arguments)
    try:
        page = sign_in(browser.new_context(base_url=house.address), "coordinator", language)
        page.goto(f"/console/doors/{event['id']}")
        page.evaluate("delete window.BarcodeDetector")  # no browser's own eyes
        expect(page.locator("#inside")).to_have_text("0", timeout=20_000)
        page.context.set_offline(True)
        page.click("#start")
        expect(page.locator("#verdict.good")).to_be_visible(timeout=30_000)
        expect(page.locator("#pending")).to_be_visible()
        assert (
            house.ask("GET", f"/staff/bookings?event={event['id']}", house.staff("coordinator"))["items"][0][
                "status"
            ]
            == "confirmed"
        )  # nobody has heard of it yet
        page.context.set_offline(False)
        expect(page.locator("#inside")).to_have_text("1", timeout=25_000)
        expect(page.locator("#pending")).to_be_hidden()
    finally:
        browser.close()


@both_languages
def test_a_coordinators_day(house: House, signed_in: Opened, language: str) -> None:
    page = signed_in("coordinator", language)
    # A new opportunity with a shift, written on the pages.
    page.goto("/console/opportunities/new")
    page.fill("#title_ar", "تنظيف الساحل صباحًا")
    page.fill("#title_en", "Cleaning the shore")
    page.fill("#location_ar", "ساحل كرباباد")
    page.fill("#location_en", "Karbabad beach")
    page.fill("#targets", "14.1")
    page.check("#review")
    page.check("#published")
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile(r"/opportunities/[0-9a-f-]{36}"))
    page.fill("#starts_at", "2027-03-05T08:00")
    page.fill("#ends_at", "2027-03-05T11:00")
    page.fill("#places", "2")
    page.locator("form[action$='/shifts'] button").click()
    page.wait_for_load_state()
    shift = page.locator("a[href*='/console/shifts/']").first
    shift_id = re.findall(r"shifts/([0-9a-f-]{36})", shift.get_attribute("href") or "")[0]
    # A volunteer signs up in the app; the coordinator approves; the roster shows them.
    volunteer = house.resident()
    house.ask("PUT", "/me/volunteer/charter", volunteer, json={"version": 1})
    house.ask("POST", f"/shifts/{shift_id}/sign-ups", volunteer)
    page.goto("/console/sign-ups")
    page.locator("form[action$='/approve'] button").first.click()
    page.wait_for_load_state()
    page.goto(f"/console/shifts/{shift_id}")
    expect(page.locator("tbody .badge.confirmed")).to_have_count(1)
    # An event is copied, moved and published.
    event = event_of_today(house)
    page.goto(f"/console/events/new?copy={event['id']}")
    page.fill("#title_en", "A copy for next year")
    page.fill("#starts_at", "2027-03-06T09:00")
    page.fill("#ends_at", "2027-03-06T10:30")
    page.locator("main form button").last.click()
    page.wait_for_url(re.compile(r"/events/[0-9a-f-]{36}$"))
    assert "09:00" in page.content() and "draft" in page.content()
    page.locator("button[value=published]").click()
    page.wait_for_load_state()
    expect(page.locator(".lead .badge.published")).to_have_count(1)


@both_languages
def test_a_supervisors_broadcast(house: House, signed_in: Opened, language: str) -> None:
    resident = house.resident()
    writer, second = signed_in("coordinator", language), signed_in("supervisor", language)
    writer.goto("/console/broadcasts/new")
    writer.fill("#title_ar", "إغلاق جزئي لشارع المعارض")
    writer.fill("#title_en", "Exhibition Road is partly closed")
    writer.fill("#text_ar", "يُغلق مسار واحد يوم الخميس من التاسعة.")
    writer.fill("#text_en", "One lane is closed on Thursday from nine.")
    writer.locator("main form button").last.click()
    writer.wait_for_url(re.compile(r"/broadcasts/[0-9a-f-]{36}$"))
    people = int(writer.locator("#people").inner_text().replace(",", ""))
    assert people > 0
    address = writer.url
    writer.locator("form[action$='/submit'] button").click()
    writer.wait_for_load_state()
    second.goto(address)
    approve = second.locator("form[action$='/approve'] button")
    if approve.count():
        approve.click()
        second.wait_for_load_state()
    expect(second.locator("#stage")).to_have_class(re.compile("badge (sending|sent|scheduled)"))
    for _ in range(60):
        inbox = house.ask("GET", "/notifications", resident)["items"]
        if any("Exhibition Road" in str(one) or "شارع المعارض" in str(one) for one in inbox):
            break
        time.sleep(1)
    else:
        raise AssertionError("the resident heard nothing")
    second.reload()
    expect(second.locator("[data-at='inbox.arrived']")).not_to_have_text("0")


@both_languages
def test_an_auditors_check(house: House, signed_in: Opened, language: str) -> None:
    reference = house.case()
    staff = house.staff("reviewer")
    house.ask("GET", f"/staff/service-requests/{reference}", staff)
    page = signed_in("auditor", language)
    page.goto("/console/audit")
    page.fill("#action", "service_requests")
    page.locator("form.filters button").click()
    page.wait_for_load_state()
    assert page.locator("tbody tr").count() > 0
    # The trail is proven at a press of a button, and a read of a person's file stands in it.
    page.goto(f"/console/audit?subject_type=service_request&subject_id={reference}")
    expect(page.locator("tbody", has_text="opened")).to_be_visible()
    page.locator("form[method=post] button.plain", has_text=re.compile("Prove|إثبات|تحقق")).click()
    expect(page.locator("main .told, main .refused").filter(has_text=re.compile(r"\d"))).to_have_count(1)
    expect(page.locator("div.refused")).to_have_count(0)
    answer = page.goto(f"/console/cases/{reference}")
    assert answer is not None and answer.status in (200, 403, 404)
    assert page.locator("form[action$='/claim']").count() == 0  # an auditor looks and changes nothing


def test_a_passkey_made_in_the_browser_signs_in_without_a_password(house: House, chrome: Browser) -> None:
    context = chrome.new_context(base_url=house.address.replace("127.0.0.1", "localhost"))
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    able = {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**kind, **able}})
    try:
        page.goto("/console/sign-in")
        page.fill("#email", "auditor@asimati.example")
        page.fill("#password", PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url("**/console/")
        page.goto("/console/me")
        page.fill("#passkey-name", "لوحي الباب")
        page.locator("#make-passkey button").click()
        forget = page.locator("form[action*='/me/passkeys/']")
        expect(forget).to_have_count(1)
        page.locator("form[action$='/sign-out'] button").click()
        page.wait_for_url("**/sign-in")
        page.locator("#use-passkey button").click()
        page.wait_for_url("**/console/")
        page.goto("/console/me")
        forget.locator("button").click()  # the demonstration's staff sign in by password again
        expect(forget).to_have_count(0)
    finally:
        context.close()
