"""Where we connect to: a customer's host name, resolved once, every answer checked, then that very address.

:func:`connect` is the only function in the product that opens a socket to a host a customer chose. Because it
connects to the checked address and not to the name, a name that answers differently the second time (DNS
rebinding) gains nothing.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Literal

from kbadmin.smtp.deadlines import Deadline
from kbadmin.smtp.hosts import (
    InvalidHost,
    InvalidPort,
    NetworkPolicy,
    canonical_host,
    canonical_port,
    is_inner,
    literal,
)
from kbadmin.smtp.networks import Address, is_public, is_within

__all__ = [
    "Connected",
    "InvalidHost",
    "InvalidPort",
    "NetworkPolicy",
    "Reason",
    "Resolver",
    "Unreachable",
    "canonical_host",
    "canonical_port",
    "connect",
    "resolve",
]

Reason = Literal["not_found", "not_allowed", "refused", "timed_out"]
Resolver = Callable[[str, int], Sequence[str]]

ANSWERS_USED = 8
COULD_NOT_BE_REACHED = (
    "The mail server could not be reached. Check the host name, the port and the kind of security "
    "(usually 587 with STARTTLS or 465 with TLS), and that the server accepts connections from us."
)


class Unreachable(Exception):
    """We have no connection. The sentence is the same whatever the reason, so that nobody maps networks with
    us.

    ``reason`` and ``detail`` are for the operator's log only.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(COULD_NOT_BE_REACHED)
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Connected:
    """An open TCP connection and the checked address it leads to."""

    socket: socket.socket
    address: str


def resolve(host: str, port: int) -> Sequence[str]:
    """The system's answers for a name, in its order of preference; raises OSError (``socket.gaierror``)."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def connect(
    host: str,
    port: int,
    policy: NetworkPolicy,
    *,
    deadline: Deadline,
    dns_seconds: float = 5.0,
    resolver: Resolver = resolve,
) -> Connected:
    """Connect to a host if policy allows the port and every address it answers with; raises
    :class:`Unreachable`.

    ``deadline`` covers DNS and connecting. The caller sets the socket's timeout before each use.
    """
    try:
        host = canonical_host(host, policy)
    except InvalidHost as error:
        raise Unreachable("not_allowed", f"host: {error}") from None
    if not policy.allowed_ports.allows(port):
        raise Unreachable("not_allowed", f"port {port} is not among {policy.allowed_ports}")
    answers = _answers(host, port, deadline.within(dns_seconds), resolver)
    return _first_to_accept(_checked(host, answers, policy), port, deadline)


def _answers(host: str, port: int, deadline: Deadline, resolver: Resolver) -> Sequence[str]:
    """Resolve in a thread of its own, for ``getaddrinfo`` knows no timeout; a late answer is dropped."""
    found: SimpleQueue[Sequence[str] | OSError | ValueError] = SimpleQueue()

    def look_up() -> None:
        try:
            found.put(resolver(host, port))
        except (OSError, ValueError) as error:
            found.put(error)

    if literal(host) is not None:
        return [host]
    try:
        Thread(target=look_up, name="dns", daemon=True).start()
        answers = found.get(timeout=deadline.remaining())
    except (Empty, TimeoutError):
        raise Unreachable("timed_out", f"no answer from DNS for {host}") from None
    if isinstance(answers, socket.gaierror) and answers.errno == socket.EAI_AGAIN:
        raise Unreachable("timed_out", f"DNS gave up on {host} for now")
    if isinstance(answers, OSError | ValueError):
        raise Unreachable("not_found", f"DNS does not know {host}: {answers}")
    if not answers:
        raise Unreachable("not_found", f"DNS has no address for {host}")
    return answers


def _checked(host: str, answers: Sequence[str], policy: NetworkPolicy) -> list[str]:
    """The first few answers, once all of them have passed; one bad answer condemns the name."""
    for answer in answers:
        try:
            allowed = _is_allowed(ip_address(answer), policy, only_networks=is_inner(host))
        except ValueError:
            allowed = False
        if not allowed:
            raise Unreachable("not_allowed", f"{host} answers with {answer}")
    return list(answers[:ANSWERS_USED])


def _is_allowed(address: Address, policy: NetworkPolicy, *, only_networks: bool) -> bool:
    return is_within(address, policy.allowed_networks) or (is_public(address) and not only_networks)


def _first_to_accept(addresses: list[str], port: int, deadline: Deadline) -> Connected:
    """Try the addresses in turn, each with its share of the time, so that a dead first one does not use it
    up.
    """
    reason: Reason = "timed_out"
    detail = "no time left to connect"
    for tried, address in enumerate(addresses):
        try:
            share = deadline.remaining() / (len(addresses) - tried)
            return Connected(_open(address, port, share), address)
        except TimeoutError:
            reason, detail = "timed_out", f"{address} port {port} did not answer"
        except OSError as error:
            reason, detail = "refused", f"{address} port {port}: {error}"
    raise Unreachable(reason, detail)


def _open(address: str, port: int, seconds: float) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect((address, port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        opened.close()
        raise
    return opened
