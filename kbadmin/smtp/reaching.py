"""Which mail server, and the socket to it."""

from dataclasses import dataclass

from kbadmin.smtp.addresses import Connected, NetworkPolicy, Resolver, Unreachable, connect
from kbadmin.smtp.conversation import unreachable
from kbadmin.smtp.deadlines import Budget, Deadline
from kbadmin.smtp.security import Security
from kbadmin.smtp.sign_in import Login
from kbadmin.smtp.steps import OnStep, failed_step


@dataclass(frozen=True)
class MailServer:
    """A mail server and how to sign in there."""

    host: str
    port: int
    security: Security
    login: Login | None = None


def reach(
    server: MailServer,
    policy: NetworkPolicy,
    budget: Budget,
    session: Deadline,
    on_step: OnStep,
    resolver: Resolver,
) -> Connected:
    """Connect; raises :class:`SubmissionFailed` after reporting the step."""
    deadline = session.within(budget.dns + budget.connect)
    try:
        return connect(server.host, server.port, policy, deadline=deadline, dns_seconds=budget.dns, resolver=resolver)
    except Unreachable as error:
        failed = unreachable(error.reason, error.detail)
        on_step(failed_step(failed))
        raise failed from None
