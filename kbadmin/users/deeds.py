"""What can be done to a colleague or an invitation, each with the words of the page that asks first."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kbadmin.users import invitations, team
from kbadmin.users.models import Membership


@dataclass(frozen=True)
class Deed:
    """One thing to confirm. ``{name}`` in the texts is the person's; consequences are said before, ``done`` after."""

    title: str
    consequences: tuple[str, ...]
    button: str
    done: str
    operation: Callable[..., Any]
    fits: Callable[[Membership], bool]
    is_destructive: bool = False

    def perform(self, membership_id: uuid.UUID, **arguments: Any) -> Any:
        """Do it; raises what the operation raises."""
        return self.operation(membership_id, **arguments)


def _is_open(member: Membership) -> bool:
    return member.joined_at is None


def _has_joined(member: Membership) -> bool:
    return member.joined_at is not None


DEEDS = {
    "send-again": Deed(
        "Send the invitation again",
        (
            "A new link is made for {name}, valid for 7 days.",
            "The link that was sent before stops working.",
        ),
        "Send again",
        "The invitation was sent again.",
        invitations.send_again,
        _is_open,
    ),
    "withdraw": Deed(
        "Withdraw the invitation",
        ("The link stops working: {name} cannot join with it.", "You can invite the same person again later."),
        "Withdraw invitation",
        "The invitation is withdrawn.",
        invitations.withdraw,
        _is_open,
        is_destructive=True,
    ),
    "disable": Deed(
        "Disable access",
        (
            "{name} is signed out of this account at once and cannot come in again.",
            "Role and permissions are kept; you can enable access again.",
            "What {name} made stays as it is.",
        ),
        "Disable access",
        "Access is disabled.",
        team.disable,
        lambda member: _has_joined(member) and member.disabled_at is None,
        is_destructive=True,
    ),
    "enable": Deed(
        "Enable access",
        ("{name} can work in this account again, with the same role and permissions as before.",),
        "Enable access",
        "Access is enabled.",
        team.enable,
        lambda member: _has_joined(member) and member.disabled_at is not None,
    ),
    "remove": Deed(
        "Remove from the team",
        (
            "{name} is signed out of this account at once.",
            "Role and permissions are forgotten. To come back, {name} needs a new invitation.",
            "What {name} made stays, and so do the lines about {name} in the audit log.",
        ),
        "Remove from the team",
        "The person is removed from the team.",
        team.remove,
        _has_joined,
        is_destructive=True,
    ),
}
