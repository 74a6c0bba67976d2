"""The words of the delivery log: states, kinds, what was decided after an attempt."""

from kbadmin.delivery.decisions import Action
from kbadmin.outbox.models import Kind, Status
from kbadmin.smtp.failures import Stage

STATES = {
    Status.QUEUED: "Queued",
    Status.SENDING: "Sending",
    Status.ACCEPTED: "Accepted by the server",
    Status.FAILED: "Failed",
    Status.HELD: "Held",
    Status.EXPIRED: "Expired",
    Status.CANCELLED: "Cancelled",
}
KINDS = {
    Kind.DIGEST: "Digest",
    Kind.WELCOME: "Welcome",
    Kind.READER_RESET: "Password reset (reader)",
    Kind.READER_SIGN_UP: "Sign-up (reader)",
    Kind.USER_RESET: "Password reset (user)",
    Kind.USER_INVITATION: "Invitation",
    Kind.SUBSCRIPTION_CONFIRMATION: "Confirmation of a subscription",
    Kind.NOTICE: "Notice",
    Kind.PASSWORD_CHANGED: "Password changed",
    Kind.TEST: "Test e-mail",
}
DECISIONS = {
    Action.RETRY: "It is tried again later.",
    Action.REFRESH: "It was tried again with a new access token.",
    Action.PAUSE: "The service was paused; the message waits for it.",
    Action.FAIL: "It was given up: trying again would not help.",
    Action.FAIL_RECIPIENT: "It was given up: the server refuses this address.",
    Action.HOLD: "It was held: whether the server took it is unknown, so a person decides.",
    Action.EXPIRE: "It was given up: it would have come too late to be of use.",
}
#: Where an attempt came to its end.
STEPS = {
    Stage.REACH: "Reaching the server",
    Stage.GREETING: "Greeting",
    Stage.TLS: "Encryption (TLS)",
    Stage.SIGN_IN: "Sign-in",
    Stage.SENDER: "Sender",
    Stage.RECIPIENT: "Recipient",
    Stage.MESSAGE: "Message",
}
PLATFORM_NAME = "Platform sender"


def kind_words(kind: str) -> str:
    """«Digest»; a kind that this version does not know is named as it is stored."""
    return KINDS.get(Kind(kind), kind) if kind in list(Kind) else kind
