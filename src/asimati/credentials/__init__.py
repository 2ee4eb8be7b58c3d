"""Credentials: what the governorate vouches for, in a form anybody verifies without asking us.

To issue one, a feature says what it stands on and what it says, in its own transaction:

    from asimati.credentials import actions as credentials
    from asimati.credentials.writing import Claim

    made = credentials.issue(tx, actor, Claim(
        kind="attendance", subject=f"booking:{booking.id}",          # one living credential for each subject
        title={"ar": …, "en": …}, description={"ar": …, "en": …}, criteria={"ar": …, "en": …},
        facts={"hours": "3.00", "day": "2026-11-23"},                # what anyone with its id may read: no person
        brief="3.00 h 2026-11-23",                                   # at most 64 bytes, readable offline in the QR
    ), person_id, holder="Maryam Ali")                               # her name is kept as a salted hash alone

`made.jwt` is a W3C Verifiable Credential 2.0 and Open Badge 3.0 secured as a JWT (EdDSA); `made.link` is what the
QR on paper holds (`writing.qr_svg(made.link)`). Issuing again for a subject renews it in place: the id and the
papers already printed stay good. `credentials.revoke(tx, actor, made.id, reason)` ends it: the public page, the
status list and every verifier say so from then on. Name the kind in both languages in `KINDS`.
"""

from asimati.kit.words import _

# Kinds of credentials and what people call them.
KINDS: dict[str, str] = {
    "volunteering-passport": _("Volunteering passport"),
    "volunteering-ranking": _("Volunteering ranking of an edition"),
    "attendance": _("Certificate of attendance"),
    "letter": _("Official letter"),
}
