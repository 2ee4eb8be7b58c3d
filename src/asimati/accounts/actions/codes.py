"""Signing in by a one-time code: asking for one, and giving it back."""

from __future__ import annotations

import hmac
import logging
import secrets as random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, text, true, update
from sqlalchemy.orm import Session

from asimati.accounts import rules
from asimati.accounts.actions.people import ensure_person
from asimati.accounts.actions.sessions import start_session
from asimati.accounts.actions.signing_on import prover
from asimati.accounts.messages import CodeRequested
from asimati.accounts.models import CodeChallenge
from asimati.accounts.refusals import CodeExpired, CodesSpent, MessageAwaited, NoCodesThere, WrongCode
from asimati.kit import clock, outbox, secrets
from asimati.kit.errors import Invalid
from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.words import _
from asimati.settings import settings

# Whoever asks waits for others who ask for the same phone, then for others of the same network: always in this
# order, so that no two wait for each other.
_ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(:phone, 0)),"
    " pg_advisory_xact_lock(hashtextextended(:network, 1))"
)
# Codes asked for by known devices are counted apart, and so are those of each person who proved who they are: what
# others spend on a phone takes nothing from its owner.
_SPENT = text(
    """
    SELECT count(*) FILTER (WHERE mine AND hour) AS phone,
           extract(epoch FROM app_now() - max(created_at) FILTER (WHERE mine AND hour)) AS phone_last,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE mine AND hour)) AS phone_first,
           count(*) FILTER (WHERE mine) AS phone_day,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE mine)) AS phone_day_first,
           count(*) FILTER (WHERE nets AND hour) AS network,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE nets AND hour)) AS network_first,
           count(*) FILTER (WHERE mine AND nets AND hour) AS near,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE mine AND nets AND hour)) AS near_first,
           count(*) FILTER (WHERE mine AND nets) AS near_day,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE mine AND nets)) AS near_day_first,
           count(*) FILTER (WHERE device = :device) AS identity_day,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE device = :device)) AS identity_first
    FROM (SELECT created_at, created_at > app_now() - interval '1 hour' AS hour, device,
                 phone_index = :index AND CASE
                   WHEN :proved THEN device = :device
                   ELSE (device IS NOT NULL AND device NOT LIKE 'proved:%') = :known AND
                        coalesce(device NOT LIKE 'proved:%', true) END AS mine,
                 requester = :requester AND device IS NULL AS nets
          FROM code_challenge
          WHERE created_at > app_now() - interval '1 day' AND awaited IS NULL
            AND (phone_index = :index OR requester = :requester AND created_at > app_now() - interval '1 hour'
                 OR :proved AND device = :device)
         ) AS recent
    """
)
# What the whole house spends is not counted under a lock: a few too many are nothing, a queue of all callers is.
_SPENT_BY_ALL = text(
    """
    SELECT (SELECT count(*) FROM code_challenge
            WHERE created_at > app_now() - interval '1 day' AND awaited IS NULL) AS day,
           (SELECT count(*) FROM code_challenge
            WHERE country = :country AND created_at > app_now() - interval '1 hour' AND awaited IS NULL) AS country
    """
)
PROVED = "proved:"  # begins the name of whoever asks as somebody they proved to be
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
log = logging.getLogger(__name__)


def request_code(
    tx: Session, written: str, requester: str, language: str, device_token: str = "", sign_on: str = ""
) -> tuple[CodeChallenge, datetime]:
    """Begin a sign-in: a code goes to the phone; with it, when the next may be asked for.

    The same answer whether or not the phone is known. `device_token` is what an earlier sign-in by this phone
    gave: whoever has it asks from a reserve that strangers cannot spend. Whoever has just proved who they are by
    a sign-on (`sign_on`: its code) has a budget of their own. Raises Invalid for no phone, NoCodesThere for a
    number we send none to, TooMany past a budget: of the phone, the caller's network (for this phone, and in
    all), the country, or the day. Budgets are counted in rows, so that they hold without Redis and for all.
    """
    phone = phone_for_codes(written)
    index = secrets.blind_index(phone, "phone")
    country, device = rules.country_of(phone), _known_device(index, device_token, clock.now(tx))
    if device is None and sign_on and (who := prover(tx, sign_on)):
        device = PROVED + who
    wait = _spend(tx, index, requester, country, device)
    tx.execute(
        update(CodeChallenge)
        .where(
            CodeChallenge.phone_index == index,
            CodeChallenge.used_at.is_(None),
            CodeChallenge.awaited.is_(None),
            CodeChallenge.device.is_not_distinct_from(device),
            # A stranger elsewhere who asks for my phone does not make my code void.
            CodeChallenge.requester == requester if device is None else true(),
        )
        .values(used_at=func.app_now(), code=None)
    )
    code, now = rules.new_code(), clock.now(tx)
    challenge = CodeChallenge(
        id=(made := uuid4()),  # not time-ordered: it is half of what must be guessed
        phone=secrets.seal(phone, "phone"),
        phone_index=index,
        code=secrets.seal(code, "code"),
        code_mac=code_mac(made, code),
        language=language,
        requester=requester,
        country=country,
        device=device,
        created_at=now,
        expires_at=now + timedelta(seconds=settings().codes.lifetime),
    )
    tx.add(challenge)
    outbox.publish(tx, CodeRequested(challenge=made))
    return challenge, now + timedelta(seconds=wait)


def verify_code(tx: Session, challenge_id: UUID, code: str) -> dict[str, Any]:
    """Exchange a code for tokens; a new phone becomes a new person, this device a known one.

    Raises CodeExpired, MessageAwaited, or WrongCode (counted).
    """
    found = redeem_code(tx, challenge_id, code)
    person = ensure_person(tx, secrets.unseal(found.phone, "phone"), language=found.language)
    shown = None if (found.device or "").startswith(PROVED) else found.device
    known = _device_token(found.phone_index, shown or random.token_urlsafe(12), clock.now(tx))
    method = "code" if found.awaited is None else "message"
    return start_session(tx, person=person.id, assurance="phone", method=method) | {"device_token": known}


def redeem_code(tx: Session, challenge_id: UUID, code: str) -> Any:
    """The challenge that a right code answers: its phone is in the hands of whoever sent it. Raises as above.

    The attempt is counted by one guarded statement before the code is looked at. The statement holds the row until
    the guess is judged, so that guesses sent all at once are no more than guesses sent one by one, and the code
    signs in once.
    """
    guess = (
        update(CodeChallenge)
        .where(
            CodeChallenge.id == challenge_id,
            CodeChallenge.attempts < settings().codes.attempts,
            CodeChallenge.used_at.is_(None),
            CodeChallenge.expires_at > func.app_now(),
            or_(CodeChallenge.awaited.is_(None), CodeChallenge.arrived_at.is_not(None)),
        )
        .values(attempts=CodeChallenge.attempts + 1)
        .returning(
            CodeChallenge.code_mac,
            CodeChallenge.attempts,
            CodeChallenge.phone,
            CodeChallenge.phone_index,
            CodeChallenge.language,
            CodeChallenge.device,
            CodeChallenge.awaited,
        )
    )
    found = tx.execute(guess).one_or_none()
    if found is None:
        raise MessageAwaited if _is_on_its_way(tx, challenge_id) else CodeExpired
    left = settings().codes.attempts - found.attempts
    right = hmac.compare_digest(found.code_mac, code_mac(challenge_id, rules.code_as_sent(code)))
    if right or left <= 0:
        _forget(tx, challenge_id)
    if not right:
        raise WrongCode(attempts_left=max(0, left))
    return found


def _is_on_its_way(tx: Session, challenge_id: UUID) -> bool:
    """Whether its phone may still send the code of a challenge."""
    waits = select(CodeChallenge.id).where(
        CodeChallenge.id == challenge_id,
        CodeChallenge.awaited.is_not(None),
        CodeChallenge.arrived_at.is_(None),
        CodeChallenge.expires_at > func.app_now(),
    )
    return tx.scalar(waits) is not None


def purge_codes(tx: Session) -> int:
    """Forget codes that are too old, and whole challenges that no budget counts any more; the number of these."""
    tx.execute(text("UPDATE code_challenge SET code = NULL WHERE expires_at <= app_now() AND code IS NOT NULL"))
    uncounted = text(
        "DELETE FROM code_challenge WHERE created_at < app_now() - interval '1 day'"
        " OR awaited IS NOT NULL AND expires_at <= app_now()"
    )
    gone = tx.execute(uncounted)
    return int(gone.rowcount)  # type: ignore[attr-defined]


def phone_of(written: str) -> str:
    """A telephone number in E.164; numbers without a country are the governorate's. Raises Invalid."""
    try:
        return phone_number(written, _countries()[0])
    except NoPhone:
        raise Invalid([("/phone", _("This is not a telephone number."))]) from None


def phone_for_codes(written: str) -> str:
    """A telephone number by which people may sign in. Raises Invalid, NoCodesThere."""
    phone = phone_of(written)
    if not rules.receives_codes(phone, _countries()):
        raise NoCodesThere
    return phone


def _countries() -> list[str]:
    countries: list[str] = settings().governorate.facts.get("otp_countries", ["BH"])
    return countries


def _spend(tx: Session, index: bytes, requester: str, country: str, device: str | None) -> int:
    """Count the codes sent; the seconds until this phone's next after this one. Raises TooMany.

    A known device spends its phone's own reserve, whatever its network or country have spent, and of the day's
    budget also the part that strangers leave. A person who proved who they are spends their own.
    """
    config, known = settings().codes, device is not None
    proved = device is not None and device.startswith(PROVED)
    tx.execute(_ONE_AT_A_TIME, {"phone": index.hex(), "network": device if proved else requester})
    spent = tx.execute(
        _SPENT, {"index": index, "requester": requester, "device": device, "known": known, "proved": proved}
    ).one()
    of_hour = config.per_identity_hour if proved else config.per_phone_reserve if known else config.per_phone_hour
    wait = rules.resend_delay(spent.phone, config.resend_after) - (spent.phone_last or 0) if spent.phone else 0
    budgets = [(spent.phone, of_hour, 3600, spent.phone_first)]
    if proved:
        budgets += [(spent.identity_day, config.per_identity_day, 86_400, spent.identity_first)]
    if (
        not known
    ):  # of one telephone's budget one network spends a part, so that a stranger leaves its owner the rest
        budgets += [
            (spent.phone_day, config.per_phone_day, 86_400, spent.phone_day_first),
            (spent.near, config.per_phone_address_hour, 3600, spent.near_first),
            (spent.near_day, config.per_phone_address_day, 86_400, spent.near_day_first),
            (spent.network, config.per_address_hour, 3600, spent.network_first),
        ]
    for used, most, seconds, first in budgets:
        if used >= most:
            wait = max(wait, seconds - (first or 0))
    if wait > 0:
        raise _codes_spent(int(wait) + 1)
    _spend_of_all(tx, country, known=known)
    return rules.resend_delay(int(spent.phone) + 1, config.resend_after)


def _spend_of_all(tx: Session, country: str, *, known: bool) -> None:
    config = settings().codes
    spent = tx.execute(_SPENT_BY_ALL, {"country": country}).one()
    of_strangers = config.per_day - int(config.per_day * config.day_reserve)
    if spent.day >= (config.per_day if known else of_strangers) or (
        not known and spent.country >= config.per_country_hour
    ):
        log.warning("one-time codes: a budget is spent (%s today, %s to %s)", spent.day, spent.country, country)
        raise _codes_spent(600)


def _codes_spent(wait: int) -> CodesSpent:
    return CodesSpent(retry_after=wait, by_message=bool(settings().codes.message_to))


def _device_token(index: bytes, device: str, now: datetime) -> str:
    """What a device shows to be known for one phone: nothing is kept of it, and it is no sign-in."""
    day = str(int(now.timestamp()) // 86_400)
    return ".".join([device, day, secrets.mac([index.hex(), device, day], "known-device").hex()])


def _known_device(index: bytes, token: str, now: datetime) -> str | None:
    """The device that shows a token of this phone, younger than `device_days`; None for anybody else."""
    device, _dot, rest = token.partition(".")
    day = rest.partition(".")[0]
    if not (day.isascii() and day.isdecimal() and len(day) < 8):
        return None
    made = _EPOCH + timedelta(days=int(day))
    expected = _device_token(index, device, made)
    young = now - made < timedelta(days=settings().codes.device_days)
    return device if young and hmac.compare_digest(expected.encode(), token.encode()) else None


def _forget(tx: Session, challenge_id: UUID) -> None:
    done = {"used_at": func.app_now(), "code": None}
    tx.execute(update(CodeChallenge).where(CodeChallenge.id == challenge_id).values(**done))


def code_mac(challenge: UUID, code: str) -> bytes:
    return secrets.mac([str(challenge), code], "one-time-code")
