"""Who is calling: from an access token to the actor behind it, in one query for each request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from asimati.accounts import rules
from asimati.accounts.refusals import SessionLocked
from asimati.kit import tokens
from asimati.kit.policy import Actor, Role, Scope
from asimati.settings import settings

# A grant holds between its days until it is revoked; a delegated one only while the grant it came from holds and
# whoever delegated it still works here.
LIVE_GRANTS = """
    SELECT held.staff_id, json_agg(json_build_array(held.role, held.scopes)) AS grants
    FROM role_grant AS held
    LEFT JOIN role_grant AS origin ON origin.id = held.origin_id
    LEFT JOIN staff_member AS delegator ON delegator.id = origin.staff_id
    WHERE held.staff_id = ANY(:staff) AND held.revoked_at IS NULL
      AND held.starts_at <= app_now() AND (held.ends_at IS NULL OR held.ends_at > app_now())
      AND (held.origin_id IS NULL OR (
        origin.revoked_at IS NULL AND origin.starts_at <= app_now()
        AND (origin.ends_at IS NULL OR origin.ends_at > app_now())
        AND delegator.disabled_at IS NULL))
    GROUP BY held.staff_id
"""
CLEARED = """
    EXISTS (SELECT FROM clearance WHERE clearance.staff_id = staff.id AND clearance.revoked_at IS NULL
            AND clearance.starts_at <= app_now() AND clearance.ends_at > app_now())
"""
_IDENTIFY = text(
    f"""
    SELECT session.person_id, session.staff_id, session.assurance, person.language, staff.id AS member,
           authority.grants, {CLEARED} AS cleared, extract(epoch FROM app_now() - session.seen_at) AS idle,
           extract(epoch FROM app_now() - session.proved_at) AS proved,
           staff.password_until IS NOT NULL AND session.method IN ('password', 'totp') AS told
    FROM account_session AS session
    LEFT JOIN person ON person.id = session.person_id
    LEFT JOIN staff_member AS staff ON staff.id = session.staff_id AND staff.disabled_at IS NULL
    LEFT JOIN LATERAL ({LIVE_GRANTS.replace(":staff", "ARRAY[staff.id]")}) AS authority ON true
    WHERE session.id = :session AND session.revoked_at IS NULL AND session.expires_at > app_now()
    """  # noqa: S608 - put together from our own text
)
_GRANTS = text(LIVE_GRANTS)
_EVER = text("SELECT DISTINCT staff_id FROM role_grant WHERE role = ANY(:roles) AND revoked_at IS NULL ORDER BY 1")
_MEMBER = text(
    f"SELECT {CLEARED} AS cleared FROM staff_member AS staff WHERE id = :id AND disabled_at IS NULL"  # noqa: S608
)
# Whoever is busy in another request has been seen anyway.
_SEEN = text(
    """
    UPDATE account_session SET seen_at = app_now()
    WHERE id IN (SELECT id FROM account_session WHERE id = :session FOR NO KEY UPDATE SKIP LOCKED)
    """
)
TO_THE_MINUTE = 60


def identify(tx: Session, token: str, *, attended: bool = True) -> Actor | None:
    """The actor behind an access token, if its session still stands. Raises SessionLocked for staff long away.

    `attended`: whether somebody asks, rather than a page that keeps itself up to date: only that is presence.
    """
    claims = tokens.read(token)
    if claims is None:
        return None
    session = UUID(claims["sid"])
    row = tx.execute(_IDENTIFY, {"session": session}).one_or_none()
    if row is None or (row.staff_id is not None and row.member is None):
        return None
    if row.staff_id is not None and is_locked(row.idle):
        raise SessionLocked
    if attended and row.idle > TO_THE_MINUTE:
        tx.execute(_SEEN, {"session": session})
    if row.staff_id is None:
        level = rules.level_now(row.assurance, row.proved, settings().sign_on.fresh)
        return Actor("resident", row.person_id, frozenset(), level, session, row.language)
    roles, scopes = authority(row.grants or ())
    return Actor(
        "staff", row.staff_id, roles, row.assurance, session, cleared=row.cleared, told=row.told, scopes=scopes
    )


def is_locked(idle: float) -> bool:
    """Whether a member of staff was away (seconds) so long that their screen may be anybody's."""
    return idle > settings().staff.idle_minutes * 60


def authority(
    grants: Iterable[tuple[str, Mapping[str, Any]]],
) -> tuple[frozenset[Role], dict[Role, tuple[Scope, ...]]]:
    """The roles of some grants, and where the ones hold that do not hold everywhere."""
    places: dict[Role, list[Scope]] = {}
    for role, scopes in grants:
        places.setdefault(Role(role), []).append({kind: frozenset(values) for kind, values in scopes.items()})
    narrow = {role: tuple(scopes) for role, scopes in places.items() if all(scopes)}
    return frozenset(places), narrow


def staff_as_actor(tx: Session, staff_id: UUID) -> Actor | None:
    """A member of staff as they would act now, to ask what they may do; None for nobody who works here."""
    there = tx.execute(_MEMBER, {"id": staff_id}).one_or_none()
    if there is None:
        return None
    found = tx.execute(_GRANTS, {"staff": [staff_id]}).one_or_none()
    roles, scopes = authority(found.grants if found else ())
    return Actor("staff", staff_id, roles, cleared=there.cleared, scopes=scopes)


def staff_holding(tx: Session, roles: Set[Role]) -> list[Actor]:
    """Everybody who works here and holds one of the roles today, as they would act now."""
    ever = tx.scalars(_EVER, {"roles": sorted(roles)}).all()
    return [one for staff in ever if (one := staff_as_actor(tx, staff)) and one.roles & roles]
