"""What may be done to one reader after a question: the words of its page, and the operation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kbadmin.readers import letting_in, operations
from kbadmin.readers.models import ReaderStatus


@dataclass(frozen=True)
class Deed:
    """A deed as its page asks for it. ``stays`` says whether the reader can be shown afterwards, ``for_status`` that
    it is for readers of one status only, ``mails`` that they are told.
    """

    title: str
    button: str
    consequences: tuple[str, ...]
    done: str
    perform: Callable[..., Any]
    kind: str = "primary"
    stays: bool = True
    for_status: ReaderStatus | None = None
    mails: bool = False


#: What is said of a reader whom a deed is not for.
NOT_FOR = {
    ReaderStatus.ACTIVE: "Nothing to do: {} is active.",
    ReaderStatus.PENDING: "{} waits to be let in. Let them in, or refuse them.",
    ReaderStatus.DISABLED: "Nothing to do: {} is disabled.",
}
DEEDS = {
    "let-in": Deed(
        title="Let In",
        button="Let In",
        consequences=("The reader can sign in and opens what their access and groups allow.",),
        done="{} is let in.",
        perform=letting_in.let_in,
        for_status=ReaderStatus.PENDING,
        mails=True,
    ),
    "refuse": Deed(
        title="Refuse",
        button="Refuse",
        consequences=(
            "Name, address and password are wiped, and cannot be brought back.",
            "They are told nothing.",
            "The address is free: the person can sign up again, or you can add them.",
        ),
        done="{} is refused.",
        perform=letting_in.refuse,
        kind="danger",
        stays=False,
        for_status=ReaderStatus.PENDING,
    ),
    "disable": Deed(
        title="Disable",
        button="Disable",
        consequences=(
            "The reader is signed out everywhere at once and cannot sign in any more.",
            "Links in e-mails they were sent stop working.",
            "Name, groups and access are kept. You can enable the reader again at any time.",
        ),
        done="{} is disabled.",
        perform=operations.disable,
        kind="danger",
        for_status=ReaderStatus.ACTIVE,
    ),
    "enable": Deed(
        title="Enable",
        button="Enable",
        consequences=("The reader can sign in and opens what their access and groups allow.",),
        done="{} is enabled.",
        perform=operations.enable,
        for_status=ReaderStatus.DISABLED,
    ),
    "delete": Deed(
        title="Delete",
        button="Delete",
        consequences=(
            "The reader is signed out everywhere at once and cannot sign in any more.",
            "Name, address and all that was entered about them are wiped, and cannot be brought back.",
            "Their address is removed from the delivery log. E-mail that waits for them is not sent.",
            "The address is free: the person can be added anew.",
        ),
        done="{} is deleted.",
        perform=operations.remove,
        kind="danger",
        stays=False,
    ),
}
