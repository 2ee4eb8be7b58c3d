"""What accounts refuse."""

from asimati.kit.errors import Conflict, Forbidden, TooMany, Unauthenticated, Unavailable
from asimati.kit.words import _


class NoCodesThere(Forbidden):
    slug = "no-codes-there"
    title = _("No codes are sent to this number")
    detail = _("Use the number of a local mobile telephone, or sign in another way.")


class CodesSpent(TooMany):
    """There have been as many codes as there may be: for the telephone, the network, or the whole house."""

    says = TooMany.says | {"by_message": "whether POST /auth/otp/by-message is open all the same"}


class AssuranceTooLow(Forbidden):
    slug = "assurance-too-low"
    title = _("For this we need to know you better")
    detail = _("Sign on in one of the ways named, then send it again: what you wrote is not lost.")
    says = {
        "needed": "the level asked for",
        "present": "the level one has",
        "ways": "where a sign-in at the level begins: by, title, start",
    }


class CodeExpired(Conflict):
    slug = "code-expired"
    title = _("This code is no longer good")
    detail = _("It was used, is too old, or was guessed too often. Ask for a new one.")


class NoMessagesTaken(Conflict):
    slug = "no-messages-taken"
    title = _("Signing in by a message of your own is not offered here")
    detail = _("Ask for a code, or sign in another way.")


class MessageAwaited(Conflict):
    """Asked again in a few seconds, it may have come."""

    slug = "message-awaited"
    title = _("Your message has not arrived yet")
    detail = _("Send it from the telephone you named, then wait a moment.")


class WrongCode(Conflict):
    """The wrong guess is counted whatever follows, so the refusal keeps its work."""

    slug = "wrong-code"
    title = _("This is not the code")
    detail = _("You can try {attempts_left} more times.")
    says = {"attempts_left": "guesses that are left"}
    keeps_work = True
    noted = True


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


class ProofTooOld(Forbidden):
    slug = "proof-too-old"
    title = _("Sign in once more first")
    detail = _(
        "What you sign in with can be changed for some minutes after you did: a screen left open changes nothing."
    )


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
    detail = _("It is in lists of stolen passwords, or near to one. Four or five unconnected words are good.")


class ShortPassword(WeakPassword):
    title = _("This password is too short")
    detail = _("Take at least twelve characters; four or five unconnected words are good.")


class OwnWordsPassword(WeakPassword):
    detail = _("Words of your name or of the house count for nothing. Add four or five unconnected ones.")


class WordsChanged(Conflict):
    slug = "words-changed"
    title = _("The words have changed meanwhile")
    detail = _("Read them again, then agree if you still wish to.")
    says = {"version": "the present one"}


class HouseholdFull(Conflict):
    slug = "household-full"
    title = _("This household has no more room")
    detail = _("It holds {limit} people. End what is not right any more first.")
    says = {"limit": "how many members one may have"}


class AskedTooOften(Conflict):
    slug = "asked-too-often"
    title = _("You have asked often enough")
    detail = _(
        "Wait for answers, or take an invitation back. Whoever did not agree can be asked again after a month."
    )


class MemberAlready(Conflict):
    slug = "member-already"
    title = _("This person is in the household already")


class GuardianNotAdult(Conflict):
    slug = "guardian-not-adult"
    title = _("A guardian is 18 or older")
    detail = _("The date of birth in the guardian's profile has to say so.")


class NotUnderAge(Conflict):
    slug = "not-under-age"
    title = _("Only people under 18 ask for a guardian here")
    detail = _("The date of birth in your profile has to say so.")


class TiedAccount(Conflict):
    slug = "tied-account"
    title = _("This member has an account of their own")
    detail = _("They keep what it says of them themselves.")


class NothingToJudge(Conflict):
    slug = "nothing-to-judge"
    title = _("Nobody has said to be the guardian here")


class OwnHousehold(Conflict):
    slug = "own-household"
    title = _("Nobody decides about their own household")
    detail = _("Ask a colleague.")


class AnswerAwaited(Conflict):
    slug = "answer-awaited"
    title = _("Somebody was asked and has not answered")
    detail = _("Wait for the answer, or end this and begin again.")


class OwnAffair(Forbidden):
    slug = "own-affair"
    title = _("This concerns you as a resident")
    detail = _("Nobody decides on their own affairs. A colleague does it.")


class SignOnRefused(Unauthenticated):
    """What came is spent and the failure noted, so the refusal keeps its work."""

    slug = "sign-on-refused"
    title = _("This sign-on did not succeed")
    detail = _("Begin again; if it goes on, sign in in another way.")
    says = {"reason": "for whoever looks into it: state, issuer, code, level, number, …"}
    keeps_work = True


class SignOnAway(Unavailable):
    slug = "sign-on-away"
    title = _("The sign-on does not answer")
    detail = _("Try again in a moment, or sign in in another way.")


class NoSuchReturn(Forbidden):
    slug = "no-such-return"
    title = _("Nobody is sent back there")
    detail = _("The address to return to is not one that the governorate has named.")


class AnotherPersonalNumber(Conflict):
    slug = "another-personal-number"
    title = _("This account has another personal number")
    detail = _("You signed on as somebody else than this account belongs to. Nothing was changed.")


class PersonalNumberProved(Conflict):
    slug = "personal-number-proved"
    title = _("Your personal number was proved by sign-on")
    detail = _("It cannot be changed by hand.")


class BirthDateProved(Conflict):
    slug = "birth-date-proved"
    title = _("Your date of birth stands beside a proved identity")
    detail = _("It cannot be changed by hand. Ask for its correction under data protection.")


class PhoneTaken(Conflict):
    """Told to whoever has just shown that the telephone is theirs."""

    slug = "phone-taken"
    title = _("Another account has this telephone")
    detail = _("Sign in with the telephone, then add your sign-on there.")


class HasPhone(Conflict):
    slug = "has-phone"
    title = _("This account has a telephone already")
