"""What accounts keep of people: which columns are sealed."""

from __future__ import annotations

from asimati.accounts.models import Authenticator, CodeChallenge, Person, RefreshToken, StaffMember
from asimati.kit import rotation

rotation.seals(Person.phone, "phone", index=Person.phone_index)
rotation.seals(Person.email, "email")
rotation.seals(Person.cpr, "cpr", index=Person.cpr_index)
rotation.seals(StaffMember.cpr, "cpr", index=StaffMember.cpr_index)
rotation.seals(StaffMember.phone, "phone", index=StaffMember.phone_index)
rotation.seals(CodeChallenge.phone, "phone", index=CodeChallenge.phone_index)
rotation.seals(CodeChallenge.code, "code")
rotation.seals(RefreshToken.child, "refresh")
rotation.seals(Authenticator.secret, "totp")
