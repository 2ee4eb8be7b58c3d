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


class FactorAsked(Unauthenticated):
    slug = "second-factor-asked"
    title = _("A code of your authenticator app is needed too")
    detail = _("Send it beside the password, or sign in with a passkey.")


class WrongFactor(Unauthenticated):
    """The wrong try is counted whatever follows, so the refusal keeps its work."""

    slug = "wrong-second-factor"
    title = _("This is not the code of now")
    detail = _("Wait for the next code of your app, or use a recovery code.")
    keeps_work = True


class TooManyTries(Unauthenticated):
    slug = "too-many-tries"
    title = _("Too many wrong codes")
    detail = _("Try again in a quarter of an hour.")


class ProofNeeded(Forbidden):
    slug = "proof-needed"
    title = _("Sign in with your second factor first")
    detail = _("Only then can it be changed.")


class NothingToConfirm(Conflict):
    slug = "nothing-to-confirm"
    title = _("There is no new authenticator app to confirm")
    detail = _("Begin setting it up once more.")


class PasskeyRefused(Conflict):
    """The challenge is spent and the failure noted, so the refusal keeps its work."""

    slug = "passkey-refused"
    title = _("This passkey could not be used")
    detail = _("Try once more; if it goes on, sign in with your password.")
    keeps_work = True


class EmailTaken(Conflict):
    slug = "email-taken"
    title = _("Somebody who works here has this e-mail")


class WeakPassword(Conflict):
    slug = "weak-password"
    title = _("This password is too easy to guess")
    detail = _("Take at least twelve characters; four or five unconnected words are good.")


class WordsChanged(Conflict):
    """`version` is the present one."""

    slug = "words-changed"
    title = _("The words have changed meanwhile")
    detail = _("Read them again, then agree if you still wish to.")
