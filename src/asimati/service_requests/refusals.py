"""What can be wrong with what someone asks of a case."""

from __future__ import annotations

from asimati.kit.errors import Conflict, Forbidden
from asimati.kit.words import _


class ConditionsNotMet(Forbidden):
    slug = "conditions-not-met"
    title = _("This service is not for you")
    detail = _("You do not meet the conditions of the service; they stand beside, in words.")
    says = {"unmet": "which: code, text"}


class ProfileIncomplete(Forbidden):
    slug = "profile-incomplete"
    title = _("Please complete your profile first")
    detail = _("Whether the service is for you depends on something your profile does not say yet.")
    says = {"missing": "what is asked for: pointer, text"}


class FormChanged(Conflict):
    slug = "form-changed"
    title = _("The form has changed")
    detail = _("Version {form_version} of the form is in use now. Fetch it and check your answers.")
    says = {"form_version": "the present one"}


class AlreadyTakenIn(Conflict):
    slug = "already-taken-in"
    title = _("This case is here already")
    detail = _("A case with this number came in by this channel before.")


class NobodyToAsk(Conflict):
    slug = "nobody-to-ask"
    title = _("There is nobody to ask")
    detail = _("The case was filed anonymously, so a question would reach no one.")


class InterestDeclared(Conflict):
    slug = "interest-declared"
    title = _("You have declared an interest in this case")
    detail = _("Whoever has an interest in a case takes no part in it.")


class HandOverFirst(Conflict):
    slug = "hand-over-first"
    title = _("Hand this case over first")
    detail = _("You hold a case that waits for somebody else. Give it to a colleague, then declare your interest.")


class DifferentOfficerNeeded(Conflict):
    slug = "different-officer-needed"
    title = _("A different officer has to do this")
    detail = _("Whoever gave the answer does not check it, nor decide the appeal against it.")


class AlreadyAppealed(Conflict):
    slug = "already-appealed"
    title = _("This answer has been appealed against already")
    detail = _("A case can be appealed once; the second decision stands.")


class ReopenWindowOver(Conflict):
    slug = "reopen-window-over"
    title = _("It is too late to reopen this case")
    detail = _("A case can be reopened for {days} days after its answer. Please file a new one.")
    says = {"days": "in which one may reopen"}


class RatingWindowOver(Conflict):
    slug = "rating-window-over"
    title = _("It is too late to rate this answer")
    detail = _("An answer can be rated for {days} days.")
    says = {"days": "in which one may rate"}


class AlreadyRated(Conflict):
    slug = "already-rated"
    title = _("You have rated this answer already")
