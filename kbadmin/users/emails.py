"""The letters of this room, and the addresses of its one-time links.

They leave through the platform's own sender; where there is none, nothing is queued and the pages say what to do.
"""

from datetime import datetime

from kbadmin import clock, config
from kbadmin.encryption import fingerprint
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import enqueue, platform_sender_configured
from kbadmin.outbox.rendering import letter
from kbadmin.users.models import Membership, User


def set_password_address(token: str) -> str:
    """Where a link to set a password leads."""
    return f"{config.current().base_url}/set-password/{token}"


def invitation_address(token: str) -> str:
    """Where an invitation leads."""
    return f"{config.current().base_url}/invite/{token}"


def send_invitation(member: Membership, token: str, *, invited_by: str, expires_at: datetime) -> bool:
    """Mail an invitation; False if the platform has no sender and the link has to be passed on by hand."""
    if not platform_sender_configured():
        return False
    said = letter(
        "user_invitation",
        account=member.account.name,
        invited_by=invited_by,
        address=invitation_address(token),
        expires_at=expires_at,
    )
    enqueue(
        kind=Kind.USER_INVITATION,
        recipient=member.user.email,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=f"user invitation {fingerprint(token)}",
        expires_at=expires_at,
    )
    return True


def send_reset_link(user: User, token: str, *, expires_at: datetime) -> None:
    """Mail a link to set a new password."""
    if not platform_sender_configured():
        return
    said = letter("user_reset", address=set_password_address(token), expires_at=expires_at, email=user.email)
    enqueue(
        kind=Kind.USER_RESET,
        recipient=user.email,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=f"user reset {fingerprint(token)}",
        expires_at=expires_at,
    )


def tell_password_changed(user: User) -> None:
    """Tell a person that their password has changed, so that a stranger's change does not stay unseen."""
    if not platform_sender_configured():
        return
    at = clock.now()
    said = letter("password_changed", at=at, email=user.email, forgot=f"{config.current().base_url}/forgot-password")
    enqueue(
        kind=Kind.PASSWORD_CHANGED,
        recipient=user.email,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=f"password changed {user.id} {at.isoformat()}",
    )
