"""What accounts refuse."""

from asimati.kit.errors import Conflict, Forbidden, Unauthenticated
from asimati.kit.words import _


class NoCodesThere(Forbidden):
    slug = "no-codes-there"
    title = _("No codes are sent to this country")
    detail = _("Use a telephone number of the country, or sign in another way.")


class CodeExpired(Conflict):
    slug = "code-expired"
    title = _("This code is no longer good")
    detail = _("It was used, is too old, or was guessed too often. Ask for a new one.")


class WrongCode(Conflict):
    """The wrong guess is counted whatever follows, so the refusal keeps its work."""

    slug = "wrong-code"
    title = _("This is not the code")
    detail = _("You can try {attempts_left} more times.")
    keeps_work = True


class WrongPassword(Unauthenticated):
    slug = "wrong-password"
    title = _("The e-mail or the password is wrong")
    detail = _("Check both and try again.")
    keeps_work = True


class RefreshRefused(Unauthenticated):
    """A reused token has ended its session, which must stay so."""

    slug = "refresh-refused"
    title = _("This sign-in has ended")
    detail = _("Please sign in again.")
    keeps_work = True


class PersonalNumberTaken(Conflict):
    slug = "personal-number-taken"
    title = _("Another account has this personal number")
    detail = _("If it is yours, ask the governorate to bring the two accounts together.")


class SessionLocked(Unauthenticated):
    """Staff alone: the sign-in stands, and the password opens it again."""

    slug = "session-locked"
    title = _("You were away for a while")
    detail = _("Enter your password to go on.")


class OwnAuthority(Conflict):
    slug = "own-authority"
    title = _("Nobody decides on their own authority")
    detail = _("Ask another administrator.")


class DelegationTooWide(Conflict):
    slug = "delegation-too-wide"
    title = _("You cannot lend more than you have")
    detail = _("Choose a part of your own role.")
