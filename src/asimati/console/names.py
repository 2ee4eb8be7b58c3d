"""What codes of the API are called on the pages."""

from __future__ import annotations

from asimati.kit.words import _

NAMES = {
    "queue": {
        "mine": _("My cases"), "unassigned": _("Unassigned"), "overdue": _("Overdue"), "referred": _("Referred"),
        "waiting": _("Waiting for the resident"), "due-today": _("Due today"), "due_today": _("Due today"),
        "sign-ups": _("Sign-ups"), "hours": _("Hours to approve"), "bookings": _("Bookings to decide"),
        "data-requests": _("Data requests"), "disputes": _("Disputes"), "all": _("All open cases"),
    },
    "status": {
        "draft": _("Draft"), "submitted": _("New"), "claimed": _("In review"), "in_review": _("In review"),
        "referred": _("Referred"), "waiting": _("Waiting for the resident"), "resolved": _("Resolved"),
        "declined": _("Declined"), "withdrawn": _("Withdrawn"), "closed": _("Closed"), "merged": _("Merged"),
        "proposed": _("Awaiting a second officer"),
        "published": _("Published"), "cancelled": _("Cancelled"), "confirmed": _("Confirmed"),
        "pending": _("Pending approval"), "waitlisted": _("In line"), "offered": _("Offered"),
        "checked_in": _("Checked in"), "no_show": _("Did not come"), "lapsed": _("Lapsed"),
        "approved": _("Approved"), "rejected": _("Rejected"), "signed_up": _("Signed up"),
        "checked_out": _("Checked out"), "corrected": _("Corrected"), "provisional": _("Provisional"),
        "scheduled": _("Scheduled"), "sending": _("Being sent"), "sent": _("Sent"), "stopped": _("Stopped"),
    },
    "orientation": {
        "as_edition": _("As the edition says"), "required": _("Needed before serving"),
        "not_required": _("Not needed"), "held": _("This is the orientation"),
    },
    "guardian_word": {
        "none": _("Not asked yet"), "asked": _("Asked, no answer yet"), "given": _("Given"),
        "refused": _("Refused"), "lapsed": _("Not answered in time"), "withdrawn": _("Taken back"),
    },
    "against": {
        "signed_up": _("Have a place already"), "called_already": _("Were called for this shift"),
        "no_calls": _("Do not wish to be called"), "age": _("Too young, or no guardian has consented"),
        "skills": _("Lack the skills"), "languages": _("Lack the languages"), "reach": _("Out of their reach"),
        "times": _("Not free then, or away"), "engaged": _("Engaged elsewhere, or without rest"),
        "called_enough": _("Were called often enough this week"),
    },
    "turn": {
        "us": _("Our turn"), "entity": _("The entity's turn"), "resident": _("The resident's turn"),
        "nobody": _("Nobody's turn"),
    },
    "move": {
        "claim": _("Claim"), "release": _("Release"), "assign": _("Assign"), "ask": _("Ask the resident"),
        "refer": _("Refer"), "return": _("Take back"), "resolve": _("Resolve"), "decline": _("Decline"),
        "note": _("Note"), "reopen": _("Reopen"), "approve": _("Approve"), "merge": _("Merge"),
        "hand_over": _("Hand over"), "submit": _("The case was filed"),
        "answer": _("Answered"), "write": _("Wrote"),
        "withdraw": _("Withdrawn"), "rate": _("Rated"), "intake": _("Taken in"), "send_back": _("Send back"),
        "propose": _("Propose for approval"), "appeal": _("Appealed"), "declare": _("Declare an interest"),
    },
    "relation": {
        "child": _("Child"), "spouse": _("Spouse"), "parent": _("Parent"), "sibling": _("Brother or sister"),
        "grandparent": _("Grandparent"), "grandchild": _("Grandchild"), "ward": _("Ward"), "other": _("Other"),
    },
    "key": {"requests.file": _("File requests (Open311)"), "figures.read": _("Read public figures"),
            "offers.read": _("Read what its organisation offers volunteers")},
    "merge": {"proposed": _("Waits for a second person"), "done": _("One account"), "refused": _("Left apart")},
    "together": {
        "move": _("Moves"), "one": _("Moves, where the other has none"), "block": _("Moves"), "end": _("Is ended"),
        "leave": _("Stays"),
    },
    "guardianship": {
        "none": _("No guardianship"), "declared": _("Guardian, not verified"), "verified": _("Verified guardian"),
        "refused": _("Guardianship not confirmed"),
    },
    "weekday": {
        "sun": _("Sunday"), "mon": _("Monday"), "tue": _("Tuesday"), "wed": _("Wednesday"), "thu": _("Thursday"),
        "fri": _("Friday"), "sat": _("Saturday"),
    },
    "entity_kind": {"school": _("School"), "company": _("Company"), "society": _("Society")},
    "entity_status": {
        "applied": _("Waiting for a word"), "accredited": _("Accredited"), "declined": _("Declined"),
        "ended": _("Accreditation ended"),
    },
    "mode": {"in_person": _("In person"), "online": _("Online"), "hybrid": _("Hybrid")},
    "type": {
        "workshop": _("Workshop"), "talk": _("Talk"), "panel": _("Panel"), "mentoring": _("Mentoring"),
        "exhibition": _("Exhibition stall"),
    },
    "language": {"ar": _("Arabic"), "en": _("English"), "both": _("Arabic and English")},
    "kind": {
        "complaint": _("Complaint"), "request": _("Request"), "suggestion": _("Suggestion"),
        "inquiry": _("Inquiry"),
    },
    "channel": {
        "app": _("App"), "office": _("Office"), "phone": _("Phone"), "majlis": _("Majlis"),
        "field_visit": _("Field visit"), "social_media": _("Social media"), "tawasul": _("Tawasul"),
        "open311": _("Open311"),
    },
    "stage": {
        "draft": _("Draft"), "awaiting_approval": _("Waits for approval"), "scheduled": _("Scheduled"),
        "sending": _("Being sent"), "sent": _("Sent"), "stopped": _("Stopped"),
    },
    "by": {"inbox": _("In the app"), "email": _("E-mail"), "sms": _("Text message"), "push": _("Push")},
    "sent": {
        "pending": _("On the way"), "sent": _("Sent"), "delivered": _("Delivered"), "failed": _("Failed"),
        "unknown": _("Not known"), "stopped": _("Stopped"),
    },
    "role": {
        "reviewer": _("Reviewer"), "supervisor": _("Supervisor"), "coordinator": _("Coordinator"),
        "partner_coordinator": _("Partner's coordinator"), "auditor": _("Auditor"),
        "administrator": _("Administrator"), "data_protection_officer": _("Data-protection officer"),
        "integrity_officer": _("Integrity officer"),
    },
    "method": {
        "password": _("by password"), "totp": _("by password and app"), "passkey": _("by passkey"),
        "development": _("for demonstration"), "code": _("by code"),
    },
    "visit": {
        "booked": _("Expected"), "arrived": _("Has come"), "served": _("Was served"), "cancelled": _("Cancelled"),
        "no_show": _("Did not come"),
    },
    "scope": {
        "department": _("Department"), "area": _("Area"), "service": _("Service"), "programme": _("Programme"),
    },
    "thing": {
        "block": _("Blocks"), "holiday": _("Holidays"), "entity": _("Entities"), "service": _("Services"),
        "service_form": _("Forms"), "desk": _("Desks"), "appointment_service": _("Services by appointment"),
        "letter_template": _("Letters"), "edition": _("Editions"), "opportunity": _("Opportunities"),
        "skill": _("Skills"), "spoken_language": _("Languages of volunteers"),
        "charter": _("Volunteers' charter"),
        "shift": _("Shifts"), "programme": _("Programmes"), "event": _("Events"), "goal": _("Goals"),
        "target": _("Targets"), "indicator": _("Indicators"), "measure": _("Measures"),
        "objective": _("National objectives"), "crosswalk": _("Targets and objectives"), "aim": _("Aims"),
        "dossier_form": _("Reports"), "template": _("Templates"),
    },
    "change": {
        "added": _("New"), "changed": _("Changed"), "retired": _("No longer offered"), "removed": _("Taken out"),
    },
    "actor": {
        "staff": _("Staff"), "resident": _("Resident"), "system": _("The system"), "partner": _("Partner"),
        "anonymous": _("Without sign-in"),
    },
    "dimension": {
        "sex": _("Sex"), "age_band": _("Age"), "disability": _("Disability"), "first_time": _("Here before"),
    },
    "group": {
        "female": _("Women"), "male": _("Men"), "unknown": _("Not known"), "yes": _("Yes"), "no": _("No"),
        "true": _("For the first time"), "false": _("Came before"),
    },
    "asked": {
        "copy": _("A copy of the file"), "rectify": _("A correction"), "block": _("Blocking"),
        "erase": _("Erasure"), "object": _("An objection"), "withdraw": _("Withdrawing a consent"),
        "review": _("A person's review of a decision"),
    },
    "answered": {
        "open": _("New"), "in_hand": _("In review"), "done": _("Done"), "partly": _("Done in part"),
        "refused": _("Refused"), "cancelled": _("Cancelled"),
    },
    "pressing": {"soon": _("ends soon"), "late": _("past")},
    "fate": {
        "delete": _("is deleted"), "redact": _("stays without its words"), "keep": _("stays"),
    },
    "purpose": {
        "identify": _("To know who it is"), "contact": _("To reach the person"), "urgent": _("Danger"),
        "correct": _("To correct something"), "data_request": _("A data-protection request"),
        "legal": _("A legal duty"),
    },
    "restriction": {"block": _("Blocked"), "objection": _("Objected to")},
    "basis": {
        "consent": _("Consent"), "contract": _("Contract"), "legal_obligation": _("Legal duty"),
        "vital_interest": _("Vital interest"), "public_task": _("Public duty"),
    },
    "field": {
        "name_ar": _("Name in Arabic"), "name_latin": _("Name in Latin letters"), "phone": _("Telephone"),
        "email": _("E-mail"), "cpr": _("Personal number"), "sex": _("Sex"), "birth_date": _("Born on"),
        "nationality": _("Nationality"),
        "flat": _("Flat"), "building": _("Building"), "road": _("Road"), "block": _("Block"),
        "language": _("Language"),
    },
    "concern": {
        "bribery": _("Bribery"), "conflict_of_interest": _("Conflict of interest"),
        "misuse_of_funds": _("Misuse of funds"), "favouritism": _("Favouritism"), "harassment": _("Harassment"),
        "data_misuse": _("Misuse of data"), "safety": _("Safety"), "other": _("Something else"),
    },
    "damage": {
        "altered": _("A line was altered"), "missing": _("A line is missing"),
        "rewritten": _("Lines were written anew"), "forged": _("A signature is not ours"),
        "cut off": _("The end was cut off"), "unsigned": _("A checkpoint is not signed"),
    },
    "entity": {
        "ministry": _("Ministry"), "municipality": _("Municipality"), "authority": _("Authority"),
        "internal": _("Within the governorate"),
    },
    "studied": {"received": _("New"), "studied": _("In review"), "closed": _("Closed")},
    "finding": {
        "substantiated": _("It was so"), "unsubstantiated": _("It could not be shown"),
        "referred": _("Passed to the competent body"),
    },
    "outcome": {
        "admitted": _("Welcome"), "already-in": _("Already in"), "cancelled": _("Booking cancelled"),
        "not-confirmed": _("No seat confirmed"), "wrong-event": _("Ticket for another event"),
        "wrong-day": _("Ticket for another day"), "too-early": _("The doors are not open yet"),
        "too-late": _("The event is over"), "unknown": _("Unknown ticket"), "forged": _("Not one of our tickets"),
        "unreadable": _("Not one of our tickets"), "invalid": _("Not one of our tickets"),
    },
}  # fmt: skip
