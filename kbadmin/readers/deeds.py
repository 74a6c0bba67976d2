"""What may be done to one reader after a question: the words of its page, and the operation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kbadmin.readers import operations


@dataclass(frozen=True)
class Deed:
    """A deed as its page asks for it. ``stays`` says whether the reader can be shown afterwards."""

    title: str
    button: str
    consequences: tuple[str, ...]
    done: str
    perform: Callable[..., Any]
    kind: str = "primary"
    stays: bool = True


DEEDS = {
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
    ),
    "enable": Deed(
        title="Enable",
        button="Enable",
        consequences=("The reader can sign in and opens what their access and groups allow.",),
        done="{} is enabled.",
        perform=operations.enable,
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
