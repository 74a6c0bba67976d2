"""The words of what is done to many readers: in the list, on the page that asks, and when it is done."""

from collections.abc import Mapping
from dataclasses import dataclass

from kbadmin.readers.bulk import MOST_COUNTED, Done, LeftOut
from kbadmin.readers.bulk_models import Ended
from kbadmin.readers.bulk_orders import FOR_ACCESS, FOR_GROUPS, Deed


@dataclass(frozen=True)
class Words:
    """One deed: as it is chosen, asked and reported. ``nobody`` is said where it is for none of those who were meant,
    ``mails`` is whether they are told.
    """

    choice: str
    title: str
    button: str
    consequences: tuple[str, ...]
    done: str
    nobody: str = "Nobody of them is there any more."
    kind: str = "primary"
    mails: bool = False


WORDS = {
    Deed.ADD_TO_GROUP: Words(
        choice="Add to a group",
        title="Add Readers to a Group",
        button="Add to the group",
        consequences=(
            "They see what is restricted to the group, wherever they have access.",
            "Whoever belongs to it already stays as they are.",
        ),
        done="{} added to the group.",
    ),
    Deed.REMOVE_FROM_GROUP: Words(
        choice="Remove from a group",
        title="Remove Readers from a Group",
        button="Remove from the group",
        consequences=("They no longer see what is restricted to the group.", "Their other groups stay."),
        done="{} removed from the group.",
    ),
    Deed.GIVE_ACCESS: Words(
        choice="Give access to a knowledge base",
        title="Give Readers Access",
        button="Give access",
        consequences=(
            "They may open it from now on, besides what they may open already.",
            "Whoever may open everything stays as they are.",
        ),
        done="{} given access.",
    ),
    Deed.TAKE_ACCESS: Words(
        choice="Take access to a knowledge base",
        title="Take Access from Readers",
        button="Take access",
        consequences=(
            "They may not open it any more.",
            "Whoever may open everything keeps all the others of today, but gets none that are created later.",
        ),
        done="Access taken from {}.",
    ),
    Deed.WELCOME: Words(
        choice="Send a welcome",
        title="Send Welcomes",
        button="Send",
        consequences=(
            "Each gets an e-mail with a link to choose a password. The link of an earlier welcome stops working.",
        ),
        done="Welcomes to {} are on their way.",
        nobody="Nobody of them may sign in, so nobody is welcomed.",
    ),
    Deed.CLEAR_WELCOME: Words(
        choice="Clear failed welcomes",
        title="Clear Failed Welcomes",
        button="Clear",
        consequences=("The marker that their last welcome failed goes away. Nothing is sent.",),
        done="Warnings of {} cleared.",
        nobody="No last welcome of theirs failed.",
    ),
    Deed.LET_IN: Words(
        choice="Let in",
        title="Let Readers In",
        button="Let In",
        consequences=("They can sign in and open what their access and groups allow.",),
        done="{} let in.",
        nobody="Nobody of them waits to be let in.",
        mails=True,
    ),
    Deed.REFUSE: Words(
        choice="Refuse",
        title="Refuse Readers",
        button="Refuse",
        consequences=(
            "Names, addresses and passwords are wiped, and cannot be brought back.",
            "They are told nothing.",
            "The addresses are free: the people can sign up again, or you can add them.",
        ),
        done="{} refused.",
        nobody="Nobody of them waits to be let in.",
        kind="danger",
    ),
    Deed.DISABLE: Words(
        choice="Disable",
        title="Disable Readers",
        button="Disable",
        consequences=(
            "They are signed out everywhere at once and cannot sign in any more.",
            "Links in e-mails they were sent stop working.",
            "Names, groups and access are kept. You can enable them again.",
            "Whoever waits to be let in goes on waiting: let them in, or refuse them.",
        ),
        done="{} disabled.",
        nobody="Nobody of them may sign in, so nobody is disabled.",
        kind="danger",
    ),
    Deed.ENABLE: Words(
        choice="Enable",
        title="Enable Readers",
        button="Enable",
        consequences=(
            "They can sign in and open what their access and groups allow.",
            "Whoever waits to be let in goes on waiting.",
        ),
        done="{} enabled.",
        nobody="Nobody of them is disabled.",
    ),
    Deed.DELETE: Words(
        choice="Delete",
        title="Delete Readers",
        button="Delete",
        consequences=(
            "They are signed out everywhere at once and cannot sign in any more.",
            "Names, addresses and all that was entered about them are wiped, and cannot be brought back.",
            "Their addresses are removed from the delivery log. E-mail that waits for them is not sent.",
        ),
        done="{} deleted.",
        kind="danger",
    ),
}


EVERY_KNOWLEDGE_BASE = "All knowledge bases, also later ones"


def whom(words: Mapping[str, str]) -> str:
    """Whom a filter finds, which chose these."""
    said = ", ".join(f"{name} “{value}”" for name, value in words.items())
    return f"All that are found with {said}" if said else "Everybody"


def target(deed: Deed) -> str:
    """What its target is called, if it has one."""
    return "Group" if deed in FOR_GROUPS else "Knowledge Base" if deed in FOR_ACCESS else ""


def report(deed: Deed, done: Done) -> str:
    """What has been done, what follows, and who is left out."""
    said = [WORDS[deed].done.format(_readers(done.number))]
    if done.following > MOST_COUNTED:
        said.append(f"More than {MOST_COUNTED:,} others follow in the background, some at a time.")
    elif done.following:
        others = "other one follows" if done.following == 1 else f"other {done.following:,} follow"
        said.append(f"The {others} in the background, some at a time.")
    if words := left_out(done.left_out):
        said.append(f"Left out: {', and '.join(words)}.")
    return " ".join(said)


#: Why a deed ended before everybody was met, and what helps.
WHY = {
    Ended.TARGET_GONE: "The group or knowledge base was deleted meanwhile, so the others cannot be met.",
    Ended.NOBODY_SENDS: "Nobody can send e-mail to them any more. Choose a service first, then go on.",
    Ended.INTERRUPTED: (
        "It broke off several times without getting any further, or the database was restored from a backup, which "
        "does not know who was met later. If it breaks off again, tell whoever operates kbadmin; the log says why."
    ),
}


def so_far(deed: Deed, number: int, left: int | None) -> str:
    """What has been done, and who has not been met; none where the others cannot be found any more."""
    others = f"{_readers(left)} {'was' if left == 1 else 'were'} not met" if left else "Nobody else is to be met"
    if left is None:
        others = "How many others were not met cannot be told any more"
    return f"{WORDS[deed].done.format(_readers(number))} {others[0].upper()}{others[1:]}."


def who_is_met(deed: Deed, *, is_ticked: bool) -> str:
    """Whom it meets if it goes on."""
    found = "whoever of them is still there" if is_ticked else "whoever is found by this now, was there when it began"
    if deed is Deed.WELCOME:
        return f"If you go on, {found} and was not welcomed since is welcomed."
    return f"If you go on, {found} and comes after the last reader who was met is met."


def told(number: int, among: int) -> str:
    """Who gets an e-mail that says so, of as many who are meant; each number is counted up to a limit."""
    if not number:
        return "Nobody can send e-mail to them now, so tell them yourself."
    if number == among:
        return "They get an e-mail that says so."
    gets = f"{_readers(number).capitalize()} {'gets' if number == 1 else 'get'} an e-mail that says so."
    return f"{gets} Nobody can write to the others, so tell them yourself."


def left_out(found: LeftOut) -> list[str]:
    """Who is left out, and why."""
    reasons = ((found.may_not_sign_in, "who may not sign in"), (found.unreached, "whom nobody can write to"))
    return [f"{_readers(number)} {why}" for number, why in reasons if number]


def _readers(number: int) -> str:
    if number > MOST_COUNTED:
        return f"more than {MOST_COUNTED:,} readers"
    return f"{number:,} {'reader' if number == 1 else 'readers'}"
