"""Where the product connects to, and where it never does, whatever is typed or a name server answers."""

import socket
import threading
import time
from ipaddress import ip_address, ip_network

import pytest

from kbadmin.config import PortRanges
from kbadmin.smtp.addresses import (
    InvalidHost,
    InvalidPort,
    NetworkPolicy,
    Unreachable,
    canonical_host,
    canonical_port,
    connect,
)
from kbadmin.smtp.deadlines import Deadline
from kbadmin.smtp.networks import is_public

PORTS = PortRanges.parse("25,465,587,2465,2525,2587")
STRICT = NetworkPolicy((), PORTS)
LOOPBACK = NetworkPolicy((ip_network("127.0.0.0/8"), ip_network("::1/128")), PortRanges.parse("*"))

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.1.2.3", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1",
    "192.168.0.1", "192.168.255.255", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1",
    "2620:4f:8000::1", "3ffe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
]  # fmt: skip

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "40.99.4.34", "52.98.0.1", "100.63.255.255",
    "100.128.0.1", "126.255.255.255", "128.0.0.1", "168.63.129.15", "168.63.129.17", "169.253.255.255",
    "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255", "192.169.0.1", "198.17.255.255",
    "198.20.0.1", "203.0.112.1", "223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2003::1",
    "2400:cb00::1", "2603:1026::1", "2a00:1450::1",
]  # fmt: skip

REFUSED_HOSTS = [
    "", " ", "    ", "a" * 64 + ".example.com", ".".join(["a" * 49] * 6), "x." * 126 + "com",
    "localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "smtp.localhost",
    "127.0.0.1", "127.1", "127.0.0.1.", "2130706433", "0x7f.1", "0x7f000001", "017700000001",
    "0177.0.0.1", "1.2.3",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "ⓛocalhost", "１２７.0.0.1", "smtp。example.com",
    "::1", "[::1]", "::ffff:127.0.0.1", "fe80::1%eth0", "[2001:4860:4860::8888]", "2001:4860:4860::8888",
    "169.254.169.254", "168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "8.8.8.8",
    "smtp.x.com:25", "http://smtp.x.com", "smtp://smtp.x.com", "user@smtp.x.com", "smtp.x.com/..",
    "smtp.x.com?a",
    "smtp.x.com#a", "smtp.x.com\\a",
    "127.0.0.1\x00.x.com", "smtp.x\r\nEHLO a", "smtp.x.com\n", "smtp.x.com\t", "smtp. x.com",
    "smtp.x\u200b.com",
    "smtp.x\u202e.com", "smtp.\u00adx.com", "smtp.\u212a.com",
    "db", "redis", "metadata.google.internal", "*.x.com", "x.onion", "printer.local",
    "nas.home.arpa", "a.lan",
    "1.0.0.127.in-addr.arpa", "mail.corp", "_smtp.x.com", "-a.x.com", "a-.x.com", ".x.com",
    "a..x.com", ".", "..",
    "x.com..", "xn--a.example", "xn--.example", "exa mple.com", "%6cocalhost.com", "$(id).x.com", "a'b.x.com",
]  # fmt: skip

ACCEPTED_HOSTS = {
    "smtp.office365.com": "smtp.office365.com",
    " smtp.office365.com ": "smtp.office365.com",
    "SMTP.Office365.COM": "smtp.office365.com",
    "smtp.office365.com.": "smtp.office365.com",
    "bücher.example": "xn--bcher-kva.example",
    "BÜCHER.example": "xn--bcher-kva.example",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "mail.почта.рф": "mail.xn--80a1acny.xn--p1ai",
    "1and1.com": "1and1.com",
    "127.0.0.1.example.com": "127.0.0.1.example.com",
    "a-b.c--d.co.uk": "a-b.c--d.co.uk",
    "localhost.example.com": "localhost.example.com",
}


def nobody(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} reached the resolver")


def answers(*addresses: str):
    return lambda host, port: list(addresses)


def unreachable(host, port=587, policy=STRICT, *, resolver, seconds=30.0, dns_seconds=30.0) -> Unreachable:
    """Half a minute, so that a busy machine's pause is not taken for a name server's: who tests time says how
    much.
    """
    with pytest.raises(Unreachable) as caught:
        connect(host, port, policy, deadline=Deadline.after(seconds), dns_seconds=dns_seconds, resolver=resolver)
    return caught.value


@pytest.fixture
def listener():
    """A port of 127.0.0.1 that counts who connects."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def port_of(listening: socket.socket) -> int:
    return listening.getsockname()[1]


def is_called(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_not_connected_to(address):
    assert not is_public(ip_address(address))
    assert unreachable("mail.example.com", resolver=answers(address)).reason == "not_allowed"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_one(address):
    assert is_public(ip_address(address))


def test_the_tables_are_as_long_as_they_should_be():
    assert len(NOT_PUBLIC) + len(PUBLIC) >= 49
    assert len(REFUSED_HOSTS) + len(ACCEPTED_HOSTS) >= 50


@pytest.mark.parametrize("host", REFUSED_HOSTS)
def test_what_is_no_host_name_is_refused_with_a_sentence_and_never_resolved(host):
    with pytest.raises(InvalidHost) as caught:
        canonical_host(host, STRICT)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert len(sentence) > 30
    assert unreachable(host, resolver=nobody).reason == "not_allowed"


@pytest.mark.parametrize(("typed", "stored"), ACCEPTED_HOSTS.items())
def test_a_host_name_is_stored_in_its_canonical_form(typed, stored):
    assert canonical_host(typed, STRICT) == stored
    assert canonical_host(stored, STRICT) == stored


def test_the_longest_name_is_accepted_and_one_letter_more_is_not():
    longest = ".".join(["a" * 49] * 4 + ["b" * 49, "com"])
    assert len(longest) == 253
    assert canonical_host(longest, STRICT) == longest
    with pytest.raises(InvalidHost):
        canonical_host("a" + longest, STRICT)


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("smtp.x.com:25", "port"),
        ("user@smtp.x.com", "user name"),
        ("http://smtp.x.com", "http://"),
        ("8.8.8.8", "IP address"),
        ("2130706433", "IP address"),
        ("*.x.com", "pattern"),
        ("db", "complete"),
        ("x.onion", ".onion"),
    ],
)
def test_the_sentence_says_what_to_change(host, hint):
    with pytest.raises(InvalidHost, match=hint):
        canonical_host(host, STRICT)


@pytest.mark.parametrize("host", ["localhost", "redis", "127.0.0.1", "127.9.9.9", "::1"])
def test_inner_hosts_are_accepted_where_the_operator_allows_networks(host):
    assert canonical_host(host, LOOPBACK) == host


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "10.0.0.1", "169.254.169.254", "127.1", "2130706433", "0x7f000001", "[::1]", "::ffff:127.0.0.1",
     "fe80::1%eth0", "x.onion", "metadata.google.internal", "_db", "*"],
)  # fmt: skip
def test_allowed_networks_let_nothing_else_in(host):
    with pytest.raises(InvalidHost):
        canonical_host(host, LOOPBACK)


def test_a_single_label_must_answer_from_an_allowed_network(listener):
    port = port_of(listener)
    assert unreachable("relay", port, LOOPBACK, resolver=answers("8.8.8.8")).reason == "not_allowed"
    found = connect("relay", port, LOOPBACK, deadline=Deadline.after(30), resolver=answers("127.0.0.1"))
    found.socket.close()
    assert found.address == "127.0.0.1"


@pytest.mark.parametrize("port", ["22", "80", "443", "3306", "6379", "9200", "0", "65536", "99999"])
def test_other_ports_are_not_allowed(port):
    with pytest.raises(InvalidPort, match="not allowed"):
        canonical_port(port, STRICT)
    assert unreachable("mail.example.com", int(port), resolver=nobody).reason == "not_allowed"


@pytest.mark.parametrize(
    "port", ["٥٨٧", "５８７", "5_87", "+587", "-587", "587.0", "1e3", "0x24b", "587;", "", "5 87", "587\n"]
)
def test_a_port_is_plain_digits(port):
    with pytest.raises(InvalidPort, match="such as 587"):
        canonical_port(port, STRICT)


def test_the_usual_ports_are_allowed():
    assert [canonical_port(port, STRICT) for port in ("25", "465", " 587 ", "2525")] == [25, 465, 587, 2525]


def test_one_bad_answer_condemns_a_name(listener):
    policy = NetworkPolicy((), PortRanges.parse("*"))
    for mixed in (("8.8.8.8", "127.0.0.1"), ("127.0.0.1", "8.8.8.8"), (*["8.8.8.8"] * 20, "10.0.0.1")):
        error = unreachable("mail.example.com", port_of(listener), policy, resolver=answers(*mixed))
        assert error.reason == "not_allowed"
    assert not is_called(listener)


def test_a_name_that_changes_its_answer_gains_nothing(listener):
    """DNS rebinding: the answer that was checked is the one that is connected to, and nobody asks twice."""
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2" if len(asked) % 2 else "127.0.0.1"]

    # 127.0.0.2 plays the public address: allowed, and nobody listens there.
    policy = NetworkPolicy((ip_network("127.0.0.2/32"),), PortRanges.parse("*"))
    port = port_of(listener)
    for _ in range(1_000):
        before = len(asked)
        with pytest.raises(Unreachable):
            connect(
                "rebind.example.com",
                port,
                policy,
                deadline=Deadline.after(30),
                resolver=rebinding,
            )
        assert len(asked) <= before + 1
    assert not is_called(listener)


def test_the_checked_address_is_the_one_that_is_connected_to(listener):
    found = connect(
        "mail.example.com",
        port_of(listener),
        LOOPBACK,
        deadline=Deadline.after(30),
        resolver=answers("127.0.0.1"),
    )
    with found.socket:
        assert found.socket.getpeername()[0] == found.address == "127.0.0.1"


def test_the_next_address_is_tried_when_one_refuses(listener):
    found = connect(
        "mail.example.com",
        port_of(listener),
        LOOPBACK,
        deadline=Deadline.after(30),
        resolver=answers("127.0.0.9", "127.0.0.1"),
    )
    with found.socket:
        assert found.address == "127.0.0.1"


def test_at_most_eight_addresses_are_tried(listener):
    many = [f"127.0.1.{number}" for number in range(1, 1_000 // 4)]
    error = unreachable("mail.example.com", port_of(listener), LOOPBACK, resolver=answers(*many, "127.0.0.1"))
    assert error.reason == "refused"
    assert "127.0.1.8 " in error.detail
    assert not is_called(listener)


def test_a_slow_name_server_ends_in_time():
    released = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        released.wait(30)
        return ["8.8.8.8"]

    began = time.monotonic()
    error = unreachable("mail.example.com", resolver=slow, dns_seconds=0.3)
    released.set()
    assert error.reason == "timed_out"
    assert time.monotonic() - began < 10


def test_a_server_that_never_accepts_ends_in_time():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(full.getsockname())
            waiting.append(client)
        began = time.monotonic()
        error = unreachable("mail.example.com", port_of(full), LOOPBACK, resolver=answers("127.0.0.1"), seconds=0.3)
        for client in waiting:
            client.close()
    assert error.reason == "timed_out"
    assert time.monotonic() - began < 10


def test_not_found_not_allowed_refused_and_timed_out_read_the_same():
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    def busy(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = port_of(gone)
    errors = [
        unreachable("mail.example.com", resolver=unknown),
        unreachable("mail.example.com", resolver=answers()),
        unreachable("mail.example.com", resolver=answers("10.0.0.1")),
        unreachable("mail.example.com", closed, LOOPBACK, resolver=answers("127.0.0.1")),
        unreachable("mail.example.com", resolver=busy),
    ]
    assert [error.reason for error in errors] == [
        "not_found",
        "not_found",
        "not_allowed",
        "refused",
        "timed_out",
    ]
    assert len({str(error) for error in errors}) == 1
    assert "could not be reached" in str(errors[0])
