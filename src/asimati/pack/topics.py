"""What each topic's message carries for its template: the contract between features, templates and notifications.

A topic that is not here tells nobody. A message may carry more; a template may use less, but nothing else.
"""

from __future__ import annotations

_CASE = frozenset({"reference", "title"})
_APPOINTMENT = frozenset({"reference", "title", "desk", "place", "starts_at"})
_SIGN_UP = frozenset({"title", "starts_at"})
_BOOKING = frozenset({"reference", "title", "starts_at"})

PLACEHOLDERS: dict[str, frozenset[str]] = {
    "notifications.digest": frozenset({"count", "lines"}),
    "accounts.code_requested": frozenset({"code"}),
    "accounts.signed_in_elsewhere": frozenset({"at"}),
    "accounts.household_invited": frozenset(),
    "accounts.guardian_asked": frozenset(),
    "accounts.household_agreed": frozenset(),
    "accounts.household_ended": frozenset(),
    "accounts.guardianship_verified": frozenset(),
    "accounts.guardianship_refused": frozenset({"note"}),
    "dataprotection.request_received": frozenset({"reference", "title", "due_at"}),
    "dataprotection.request_answered": frozenset({"reference", "title"}),
    "dataprotection.request_due_soon": frozenset({"reference", "title", "due_at"}),
    "dataprotection.request_overdue": frozenset({"reference", "title", "due_at"}),
    "dataprotection.accounts_merged": frozenset(),
    "service_requests.request_submitted": _CASE | {"due_at"},
    "service_requests.request_claimed": _CASE,
    "service_requests.request_referred": _CASE | {"entity", "due_at"},
    "service_requests.request_returned": _CASE | {"entity"},
    "service_requests.resident_asked": _CASE | {"note"},
    "service_requests.answer_reminder": _CASE | {"note"},
    "service_requests.resident_answered": _CASE | {"due_at"},
    "service_requests.case_assigned": _CASE | {"due_at"},
    "service_requests.case_time_moved": _CASE | {"before", "due_at"},
    "service_requests.request_escalated": _CASE | {"level", "late_since"},
    "service_requests.entity_due_soon": _CASE | {"entity", "due_at"},
    "service_requests.entity_late": _CASE | {"entity", "due_at"},
    "service_requests.request_resolved": _CASE | {"note"},
    "service_requests.request_declined": _CASE | {"note"},
    "service_requests.due_time_moved": _CASE | {"before", "due_at"},
    "service_requests.request_merged": _CASE,
    "service_requests.followed_request_answered": _CASE | {"note"},
    "service_requests.followed_request_withdrawn": _CASE,
    "service_requests.request_reopened": _CASE | {"due_at"},
    "service_requests.request_withdrawn": _CASE,
    "service_requests.letter_issued": _CASE | {"letter"},
    "service_requests.letter_revoked": _CASE | {"letter"},
    "appointments.appointment_booked": _APPOINTMENT,
    "appointments.appointment_moved": _APPOINTMENT | {"before"},
    "appointments.appointment_cancelled": _APPOINTMENT | {"note", "offer"},
    "appointments.appointment_reminder": _APPOINTMENT,
    "appointments.appointment_missed": _APPOINTMENT,
    "volunteering.signed_up": _SIGN_UP | {"location"},
    "volunteering.sign_up_waitlisted": _SIGN_UP,
    "volunteering.sign_up_offered": _SIGN_UP | {"offer_expires_at"},
    "volunteering.sign_up_offer_lapsed": _SIGN_UP,
    "volunteering.no_show_noted": _SIGN_UP,
    "volunteering.sign_up_approved": _SIGN_UP | {"location"},
    "volunteering.sign_up_declined": _SIGN_UP | {"note"},
    "volunteering.sign_up_withdrawn": _SIGN_UP,
    "volunteering.shift_cancelled": _SIGN_UP | {"reason"},
    "volunteering.swap_taken": _SIGN_UP,
    "volunteering.opportunity_approved": frozenset({"title"}),
    "volunteering.opportunity_declined": frozenset({"title", "note"}),
    "volunteering.entity_accredited": frozenset({"title"}),
    "volunteering.entity_refused": frozenset({"title", "note"}),
    "volunteering.shift_notice": _SIGN_UP | {"text"},
    "volunteering.shift_reminder": _SIGN_UP | {"location"},
    "volunteering.check_out_missed": _SIGN_UP,
    "volunteering.dispute_upheld": frozenset({"title", "hours", "note"}),
    "volunteering.dispute_dismissed": frozenset({"title", "hours", "note"}),
    "volunteering.guardian_asked": _SIGN_UP | {"answer_by", "location"},
    "volunteering.called_out": _SIGN_UP | {"location", "text"},
    "volunteering.called_out_urgently": _SIGN_UP | {"location", "text"},
    "volunteering.place_without_consent": _SIGN_UP,
    "volunteering.thanked": frozenset({"title", "hours"}),
    "volunteering.won": frozenset({"title", "hours", "place", "category"}),
    "volunteering.hours_approved": frozenset({"title", "hours"}),
    "volunteering.hours_rejected": frozenset({"title", "note"}),
    "volunteering.hours_voided": frozenset({"title", "hours", "note"}),
    "impact.tallies_differed": frozenset({"differences", "lines"}),
    "events.booking_confirmed": _BOOKING | {"venue", "party_size"},
    "events.booking_waitlisted": _BOOKING | {"position"},
    "events.booking_offered": _BOOKING | {"party_size", "offer_expires_at"},
    "events.booking_reminder": _BOOKING | {"venue", "party_size"},
    "events.offer_reminder": _BOOKING | {"party_size", "offer_expires_at"},
    "events.offer_lapsed": _BOOKING,
    "events.booking_cancelled": _BOOKING,
    "events.no_show_recorded": _BOOKING | {"missed"},
    "events.last_miss_warned": _BOOKING | {"missed", "within_days", "days"},
    "events.deferred": frozenset({"missed", "ends_at"}),
    "events.appeal_decided": frozenset({"note", "ends_at"}),
    "events.event_changed": _BOOKING | {"venue", "ends_at", "what"},
}

# Topics that count for impact: the message also has source, on, group and targets, and these as amounts.
AMOUNTS: dict[str, frozenset[str]] = {
    "service_requests.request_submitted": frozenset(),
    "service_requests.request_resolved": frozenset({"in_time"}),
    "service_requests.request_rated": frozenset({"stars"}),
    "appointments.appointment_kept": frozenset(),
    "volunteering.hours_approved": frozenset({"hours"}),
    "events.participant_checked_in": frozenset({"seats"}),
    "events.partner_engaged": frozenset(),
}

# Topics that take a contribution back, and from what: the message has the `source` of the act it undoes.
VOIDS: dict[str, str] = {
    "service_requests.request_reopened": "service_requests.request_resolved",
    "volunteering.hours_voided": "volunteering.hours_approved",
    "events.check_in_voided": "events.participant_checked_in",
    "events.partner_taken_back": "events.partner_engaged",
}

# Without this template nobody can sign in.
NEEDED: frozenset[str] = frozenset({"accounts.code_requested"})
