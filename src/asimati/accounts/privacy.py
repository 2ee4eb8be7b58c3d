"""What accounts keep of people: which columns are sealed, what an erasure leaves, how long things are kept."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true

from asimati.accounts.actions.consents import withdraw_all
from asimati.accounts.actions.household import leave_households
from asimati.accounts.actions.merging import (
    numbered_apart,
    overlapping,
    part_household,
    settle_calendar,
    settle_receipts,
)
from asimati.accounts.models import (
    AccountSession,
    Authenticator,
    CalendarLink,
    Clearance,
    CodeChallenge,
    Consent,
    Device,
    Engagement,
    FormerAccount,
    HouseholdMember,
    Passkey,
    PasskeyChallenge,
    Person,
    PersonSensitive,
    Preference,
    RecoveryCode,
    RefreshToken,
    RoleGrant,
    SignOn,
    SignOnLink,
    StaffMember,
)
from asimati.kit import rotation, secrets
from asimati.kit.privacy import BEFORE_ERASURE, BEFORE_MERGE, CLASHES, Fate, Group, Together, holds
from asimati.kit.words import _

rotation.seals(Person.phone, "phone", index=Person.phone_index)
rotation.seals(Person.email, "email")
rotation.seals(Person.cpr, "cpr", index=Person.cpr_index)
rotation.seals(FormerAccount.phone, "phone", index=FormerAccount.phone_index)
rotation.seals(HouseholdMember.cpr, "cpr", index=HouseholdMember.cpr_index)
rotation.seals(HouseholdMember.phone, "phone", index=HouseholdMember.phone_index)
rotation.seals(StaffMember.cpr, "cpr", index=StaffMember.cpr_index)
rotation.seals(StaffMember.phone, "phone", index=StaffMember.phone_index)
rotation.seals(CodeChallenge.phone, "phone", index=CodeChallenge.phone_index)
rotation.seals(CodeChallenge.code, "code")
rotation.seals(RefreshToken.child, "refresh")
rotation.seals(Authenticator.secret, "totp")
rotation.seals(SignOnLink.subject, "subject", index=SignOnLink.subject_index)
rotation.seals(SignOn.identity, "sign-on")

DELETED = _("It is deleted.")
OF_STAFF = _("Kept as long as the work it was given for can be asked about.")


def _of_their_phone(person: UUID) -> ColumnElement[bool]:
    phone = select(Person.phone_index).where(Person.id == person).scalar_subquery()
    return CodeChallenge.phone_index == phone


def _nobodys() -> dict[str, Any]:
    """A row without a person in it: its phone is no phone, and nothing finds it."""
    return {"phone": secrets.seal("", "phone"), "phone_index": os.urandom(33), "erased_at": func.app_now()}


holds(
    Person,
    Group.IDENTITY,
    _("Your profile"),
    of=lambda person: Person.id == person,
    personal={
        **dict.fromkeys(
            ("name_ar", "name_latin", "sex", "birth_date", "nationality", "cpr", "cpr_index", "cpr_proved_at"),
            Group.IDENTITY,
        ),
        **dict.fromkeys(("phone", "phone_index", "email", "language"), Group.CONTACT),
        **dict.fromkeys(("flat", "building", "road", "block"), Group.ADDRESS),
    },
    fate=Fate.REDACT,
    why=_("An empty row stays, so that what was counted stays counted. Nothing in it says who you were."),
    blanks={"language": "ar", "": _nobodys},
    hidden=["cpr_index", "phone_index"],
    together=Together.LEAVE,
    left=_("What the kept account does not say yet it takes over; the rest is deleted, and the row stays empty."),
)
holds(
    PersonSensitive,
    Group.SENSITIVE,
    _("What you said of a disability"),
    of="person_id",
    personal=["disability"],
    fate=Fate.DELETE,
    why=DELETED,
    together=Together.ONE,
)
holds(
    Preference,
    Group.ACCOUNT,
    _("How you wish to be told things"),
    of="person_id",
    personal=["channels", "topics", "quiet_from", "quiet_to", "friday_prayer", "digest"],
    fate=Fate.DELETE,
    why=DELETED,
    together=Together.ONE,
)
holds(
    Device,
    Group.ACCOUNT,
    _("Your devices"),
    of="person_id",
    personal=["installation_id", "platform", "push_token"],
    fate=Fate.DELETE,
    why=DELETED,
    hidden=["push_token"],
)
holds(
    CalendarLink,
    Group.ACCOUNT,
    _("The address of your calendar"),
    of="person_id",
    personal=["token"],
    fate=Fate.DELETE,
    why=DELETED,
    hidden=["token"],
    together=Together.ONE,
)
holds(
    AccountSession,
    Group.ACCOUNT,
    _("Your sign-ins"),
    of="person_id",
    personal=["assurance", "method", "device"],
    fate=Fate.DELETE,
    why=DELETED,
    periods={"sign_in": true()},
    aged=AccountSession.expires_at,
    together=Together.END,
)
holds(
    SignOnLink,
    Group.ACCOUNT,
    _("Your sign-ons"),
    of="person_id",
    personal=["provider", "subject", "subject_index"],
    fate=Fate.DELETE,
    why=DELETED,
    hidden=["subject_index"],
    together=Together.BLOCK,  # a provider that knows two knows two people
)
holds(
    SignOn,
    Group.ACCOUNT,
    _("Sign-ons of the last minutes"),
    of=None,
    personal=["identity"],
    plain=["provider", "state", "code", "challenge"],
    fate=Fate.DELETE,
    why=DELETED,
    exported=False,
)
holds(
    RefreshToken,
    Group.ACCOUNT,
    _("What keeps you signed in"),
    of="session_id",
    plain=["digest", "child"],
    fate=Fate.DELETE,
    why=DELETED,
    exported=False,
)
holds(
    CodeChallenge,
    Group.ACCOUNT,
    _("One-time codes of the last day"),
    of=_of_their_phone,
    personal=["phone", "phone_index", "requester", "country", "device", "awaited"],
    plain=["code", "code_mac"],
    fate=Fate.DELETE,
    why=DELETED,
    exported=False,
)
holds(
    Engagement,
    Group.PARTICIPATION,
    _("Your calendar"),
    of="person_id",
    personal=["during", "title"],
    fate=Fate.DELETE,
    why=DELETED,
    along=lambda kept: {"person_number": select(Person.number).where(Person.id == kept).scalar_subquery()},
)
holds(
    Consent,
    Group.RECORD,
    _("What you agreed to"),
    of="person_id",
    plain=["code", "text"],
    fate=Fate.KEEP,
    why=_("Withdrawn now. The receipt is kept for its period, as proof of what was agreed and when it ended."),
    periods={"consent": Consent.withdrawn_at.is_not(None)},
    aged=Consent.withdrawn_at,
    together=Together.ONE,  # of two that stand the other's has ended by then: `settle_receipts`
)
holds(
    HouseholdMember,
    Group.IDENTITY,
    _("Your household"),
    of=lambda person: or_(HouseholdMember.holder_id == person, HouseholdMember.person_id == person),
    personal={
        **dict.fromkeys(
            ("name_ar", "name_latin", "sex", "birth_date", "cpr", "cpr_index", "relation"), Group.IDENTITY
        ),
        **dict.fromkeys(("phone", "phone_index"), Group.CONTACT),
        "judged_upon": Group.IDENTITY,
    },
    fate=Fate.REDACT,
    why=_("It ends. An empty line stays under the requests that were filed for its people."),
    blanks={
        "relation": "other",
        "guardianship": "none",
        "asked_of": None,
        "ended_at": func.coalesce(HouseholdMember.ended_at, func.app_now()),
    },
    hidden=["cpr_index", "phone_index"],
    periods={"household": HouseholdMember.ended_at.is_not(None)},
    aged=HouseholdMember.ended_at,
    together=Together.BLOCK,
)
holds(
    FormerAccount,
    Group.CONTACT,
    _("Former accounts of yours, and their telephones"),
    of="person_id",
    personal=["phone", "phone_index"],
    fate=Fate.DELETE,
    why=DELETED,
    hidden=["phone_index"],
    together=Together.ONE,
)
BEFORE_ERASURE += [withdraw_all, leave_households]
BEFORE_MERGE += [settle_receipts, settle_calendar, part_household]
CLASHES += [overlapping, numbered_apart]
for _model, _title, _personal, _plain in (
    (StaffMember, _("Who works here"), ["email", "name", "cpr", "cpr_index", "phone", "phone_index"], ["password"]),
    (RoleGrant, _("What they may do"), ["reason"], ["scopes"]),
    (Clearance, _("Who may know of confidential cases"), ["reason"], []),
    (Authenticator, _("Their authenticator apps"), [], ["secret"]),
    (RecoveryCode, _("Their recovery codes"), [], ["mac"]),
    (Passkey, _("Their passkeys"), ["name"], ["credential", "public_key"]),
    (PasskeyChallenge, _("Passkeys being asked for"), [], ["challenge"]),
):
    holds(
        _model,
        Group.STAFF,
        _title,
        of=None,
        personal=_personal,
        plain=_plain,
        fate=Fate.KEEP,
        why=OF_STAFF,
        exported=False,
    )
