"""The tables of accounts."""

from asimati.accounts.models.consents import Consent
from asimati.accounts.models.household import Guardianship, HouseholdMember, Relation, Side
from asimati.accounts.models.keys import ApiKey
from asimati.accounts.models.people import (
    PROFILE,
    CalendarLink,
    Device,
    Engagement,
    EngagementKind,
    FormerAccount,
    HolderKind,
    Language,
    Person,
    PersonSensitive,
    Preference,
    Sex,
)
from asimati.accounts.models.proofs import Authenticator, Passkey, PasskeyChallenge, RecoveryCode
from asimati.accounts.models.sessions import AccountSession, CodeChallenge, RefreshToken
from asimati.accounts.models.sign_on import SignOn, SignOnLink
from asimati.accounts.models.staff import Clearance, RoleGrant, StaffMember

__all__ = [
    "PROFILE",
    "AccountSession",
    "ApiKey",
    "Authenticator",
    "CalendarLink",
    "Clearance",
    "CodeChallenge",
    "Consent",
    "Device",
    "Engagement",
    "EngagementKind",
    "FormerAccount",
    "Guardianship",
    "HolderKind",
    "HouseholdMember",
    "Language",
    "Passkey",
    "PasskeyChallenge",
    "Person",
    "PersonSensitive",
    "Preference",
    "RecoveryCode",
    "RefreshToken",
    "Relation",
    "RoleGrant",
    "Sex",
    "Side",
    "SignOn",
    "SignOnLink",
    "StaffMember",
]  # fmt: skip
