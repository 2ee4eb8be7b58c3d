"""What volunteering refuses."""

from asimati.kit.errors import Conflict, Forbidden
from asimati.kit.words import _


class ShiftFull(Conflict):
    slug = "shift-full"
    title = _("The shift is full")
    detail = _("All {places} places are taken.")
    says = {"places": "its places"}


class ShiftOver(Conflict):
    slug = "shift-over"
    title = _("This shift is over")


class PlacesTaken(Conflict):
    slug = "places-taken"
    title = _("More places are taken than that")
    detail = _("{taken} places are taken.")
    says = {"taken": "how many"}


class ShiftCancelled(Conflict):
    slug = "shift-cancelled"
    title = _("This shift does not take place")


class ShiftUsed(Conflict):
    slug = "shift-used"
    title = _("Volunteers are signed up for these times")
    detail = _("Cancel the shift and make another, so that they hear of it and choose anew.")


class AlreadySignedUp(Conflict):
    slug = "already-signed-up"
    title = _("You are signed up for this shift already")


class ShiftOfferLapsed(Conflict):
    slug = "shift-offer-lapsed"
    title = _("The time to accept this place has run out")
    detail = _("It has gone to the next in line.")


class SwapOffered(Conflict):
    slug = "swap-offered"
    title = _("You have offered this place already")
    detail = _("Take that offer back first.")


class SwapSettled(Conflict):
    slug = "swap-settled"
    title = _("This place is not offered any more")


class OwnPlace(Conflict):
    slug = "own-place"
    title = _("This is your own place")


class RoleNeeded(Conflict):
    slug = "role-needed"
    title = _("Say in which role")
    detail = _("Each role of this shift asks for a skill. Choose the one you would serve in.")
    says = {"roles": "the codes to choose from"}


class RolesUsed(Conflict):
    slug = "roles-used"
    title = _("Volunteers have signed up for a role already")
    detail = _("What they signed up for stays. Give it more places or fewer, or add another role.")


class SkillNeeded(Conflict):
    slug = "skill-needed"
    title = _("This role asks for a skill")
    detail = _("Say in your profile which of its skills you have, then sign up again.")
    says = {"skills": "their codes, of which one is enough"}


class LineWaits(Conflict):
    slug = "line-waits"
    title = _("Others are waiting in line for this shift")
    detail = _("A place that is given back goes to them. With its code you can hand it to somebody you choose.")


class UnderReview(Conflict):
    slug = "under-review"
    title = _("This is with the staff now")
    detail = _("It can be changed once they have decided.")


class NothingToSubmit(Conflict):
    slug = "nothing-to-submit"
    title = _("There is no shift to come")
    detail = _("Add a shift before you submit.")


class NothingToReview(Conflict):
    slug = "nothing-to-review"
    title = _("Nothing here waits for a word")


class MemberElsewhere(Conflict):
    slug = "member-elsewhere"
    title = _("You are with another organisation of this kind already")
    detail = _("Leave it first: hours count for one school, one company and one society at a time.")


class LastCoordinator(Conflict):
    slug = "last-coordinator"
    title = _("The organisation would have no coordinator")
    detail = _("Make another member its coordinator first.")


class NotAccredited(Conflict):
    slug = "not-accredited"
    title = _("The organisation is not accredited")


class NoEntityCategory(Conflict):
    slug = "no-entity-category"
    title = _("The present edition has no category for organisations of this kind")


class TooYoung(Forbidden):
    slug = "too-young"
    title = _("This shift has a minimum age")
    detail = _("Volunteers must be at least {minimum_age} years old.")
    says = {"minimum_age": "in years"}


class NotNow(Conflict):
    slug = "not-now"
    title = _("It is not the time for this")
    detail = _(
        "Check-in opens 30 minutes before the shift and closes when it ends; check-out closes 2 hours after."
    )


class WrongShiftCode(Conflict):
    slug = "wrong-shift-code"
    title = _("This is not the code shown at the shift")
    detail = _("The code changes every minute. Scan the one that is shown now.")


class EditionRunning(Conflict):
    slug = "edition-running"
    title = _("The edition is not over")
    detail = _("It ends on {ends_on}.")
    says = {"ends_on": "its last day"}


class EditionFrozen(Conflict):
    slug = "edition-frozen"
    title = _("The ranking of this edition stands already")


class EditionOpen(Conflict):
    slug = "edition-open"
    title = _("The ranking of this edition has not been frozen yet")


class HoursWaiting(Conflict):
    slug = "hours-waiting"
    title = _("Hours of this edition still wait for a word")
    detail = _(
        "{claims} are not decided and {disputes} are disputed. Freeze in spite of that, or decide them first."
    )
    says = {"claims": "hours that wait for a decision", "disputes": "objections that do"}


class Thanked(Conflict):
    slug = "thanked"
    title = _("The volunteers of this edition have been thanked already")


class HoursDecided(Conflict):
    slug = "hours-decided"
    title = _("These hours have been decided already")
    detail = _("Read them again to see what was decided.")
    says = {"decision": "what was decided"}


class HoursNotDecided(Conflict):
    slug = "hours-not-decided"
    title = _("These hours have not been decided yet")
    detail = _("There is nothing to dispute until a coordinator has decided.")


class HoursClaimed(Conflict):
    slug = "hours-claimed"
    title = _("The hours of this shift are known already")
    detail = _("If you disagree with what is decided about them, dispute it.")


class ClaimNotOpen(Conflict):
    slug = "claim-not-open"
    title = _("Hours of this shift cannot be claimed now")
    detail = _("They can be claimed from the end of the shift, for {days} days.")
    says = {"days": "in which hours may be claimed"}


class NothingToClaim(Conflict):
    slug = "nothing-to-claim"
    title = _("You had no place on this shift")


class EvidenceMissing(Conflict):
    slug = "evidence-missing"
    title = _("There is no evidence for these hours")
    detail = _("Ask the volunteer for a photograph or a letter, or correct the hours and say what you know.")


class DisputeClosed(Conflict):
    slug = "dispute-closed"
    title = _("It is too late to dispute this")
    detail = _("A decision can be disputed for {days} days.")
    says = {"days": "in which one may object"}


class DisputeOpen(Conflict):
    slug = "dispute-open"
    title = _("You have disputed this already")
    detail = _("Somebody other than who decided will look at it.")


class DisputeSettled(Conflict):
    slug = "dispute-settled"
    title = _("This dispute has been settled")


class OwnDecision(Forbidden):
    slug = "own-decision"
    title = _("Someone else must settle this dispute")
    detail = _("Whoever decided the hours may not settle the dispute about them.")


class OwnHours(Forbidden):
    slug = "own-hours"
    title = _("These are your own hours")
    detail = _("Nobody decides on their own hours, and nobody writes down their own times as staff.")


class OwnRecord(Forbidden):
    slug = "own-record"
    title = _("Someone else must approve this")
    detail = _("Whoever wrote the times down may not approve the hours.")


class OutsideShift(Conflict):
    slug = "outside-shift"
    title = _("This can be read around the shift alone")
    detail = _("What volunteers say for an emergency or of their needs is for the day of their shift.")
    says = {"opens_at": "from when; null: from the sign-up on", "closes_at": "until when"}


class CharterNotAccepted(Conflict):
    slug = "charter-not-accepted"
    title = _("Accept the volunteers' charter first")
    detail = _("Read the charter in the app and accept it, then sign up again.")
    says = {"version": "the one to read and accept"}


class CharterChanged(Conflict):
    slug = "charter-changed"
    title = _("The charter has changed meanwhile")
    detail = _("Read it again, then accept it if you still wish to.")
    says = {"version": "the present one"}


class OrientationNeeded(Conflict):
    slug = "orientation-needed"
    title = _("Attend the orientation first")
    detail = _("Sign up for an orientation of this edition. Once you were there, sign up again.")
    says = {"edition": "the present one"}


class NotEnrolled(Conflict):
    slug = "not-enrolled"
    title = _("Choose the category you volunteer in first")
    detail = _("Choose it in your passport, then sign up again.")
    says = {"edition": "the present one"}


class GuardianNeeded(Conflict):
    slug = "guardian-needed"
    title = _("A parent or guardian must consent first")
    detail = _("You are under {below}. Ask your parent or guardian in the app to agree, then sign up again.")
    says = {"below": "the age in years under which a guardian consents"}


class GuardianAwaited(Conflict):
    slug = "guardian-awaited"
    title = _("A guardian has not answered yet")
    detail = _("The volunteer is under age. The place is kept for them until a guardian answers.")
    says = {"answer_by": "until when the place is kept for the answer"}


# What a sign-up may be refused for, beside the shift itself.
NOT_READY = (TooYoung, CharterNotAccepted, OrientationNeeded, NotEnrolled, GuardianNeeded, SkillNeeded)


class NobodyToCall(Conflict):
    slug = "nobody-to-call"
    title = _("There is nobody to call")
    detail = _("Nobody who fits has not been called already. The preview says what speaks against the others.")
