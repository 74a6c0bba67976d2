"""Several workers over one queue, on one host and on two: F10, F44."""

import contextlib
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

from tests.faults.balance import compare
from tests.faults.ground import Ground, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import sink, wait_until

NETWORK, MAIL = "10.177", "10.177.0.1"


@row("F10", "4 workers, the same queue", "no double claim: each message once")
def four_workers(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(4_000, 100_000)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        here.digests(here.service(server.port, max_connections=8), messages)
        for _ in range(4):
            here.work()
        seconds = here.wait_until_settled(600)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        return balance.figures | {"seconds": round(seconds, 1)}


@row("F44", "two workers on two hosts, one PostgreSQL", "no double claim: each message once")
def two_hosts(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(3_000, 100_000)
    with contextlib.ExitStack() as stack:
        networks = stack.enter_context(namespaces()) if can_have_namespaces() else None
        host = MAIL if networks else "127.0.0.1"
        allowed = tuple(map(ip_network, ("127.0.0.0/8", f"{NETWORK}.0.0/16")))
        here = stack.enter_context(ground(site, "postgresql", smtp_allowed_networks=allowed))
        folder = here.settings.instance_folder
        into = networks or {"mail": (), "a": (), "b": ()}
        server = stack.enter_context(sink(folder / "sink", address=host, through=into["mail"]))
        here.digests(here.service(server.port, host=host, max_connections=4), messages)
        for name in ("a", "b"):
            there = here.another_host(folder / name)
            process = there.popen("-m", "tests.faults.worker", through=into[name])
            stack.callback(process.wait)
            stack.callback(process.kill)
            wait_until(
                lambda p=process, t=there: p.poll() is not None or list(_signs(t)), 60, what=f"working on host {name}"
            )
            assert process.poll() is None, (there.settings.instance_folder / "worker.log").read_text()[-1000:]
        seconds = here.wait_until_settled(600)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        shares = here.lane_workers()
        assert len(shares) == 2, shares
        return balance.figures | {
            "hosts": " and ".join(sorted(shares)), "network namespaces": "yes" if networks else "no",
            "seconds": round(seconds, 1),
        }  # fmt: skip


def _signs(there: Ground) -> Iterator[Path]:
    return there.settings.instance_folder.glob("working-*")


def can_have_namespaces() -> bool:
    """Whether we may make networks: root, with iproute2, where the kernel lets us."""
    if os.geteuid() != 0:
        return False
    try:
        return (
            subprocess.run(["unshare", "--net", "--uts", "ip", "link"], capture_output=True, check=False).returncode
            == 0
        )
    except FileNotFoundError:
        return False


@contextmanager
def namespaces() -> Iterator[dict[str, tuple[str, ...]]]:
    """Two hosts and a mail server's, each with a network and a name of its own; what to put before a command."""
    mark = uuid.uuid4().hex[:6]
    names = {name: f"kb{mark}{name}" for name in ("mail", "a", "b")}
    try:
        for name in names.values():
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", names["mail"], "addr", "add", f"{MAIL}/32", "dev", "lo")
        for number, name in enumerate(("a", "b"), start=1):
            far, near = f"kb{mark}f{number}", f"kb{mark}n{number}"
            _ip("link", "add", far, "netns", names["mail"], "type", "veth", "peer", "name", near, "netns", names[name])
            _ip("-n", names["mail"], "addr", "add", f"{NETWORK}.{number}.1/24", "dev", far)
            _ip("-n", names["mail"], "link", "set", far, "up")
            _ip("-n", names[name], "addr", "add", f"{NETWORK}.{number}.2/24", "dev", near)
            _ip("-n", names[name], "link", "set", near, "up")
            _ip("-n", names[name], "route", "add", "default", "via", f"{NETWORK}.{number}.1")
        yield {name: _inside(names[name], f"host-{name}") for name in names}
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _inside(namespace: str, host: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", namespace, "unshare", "--uts", "sh", "-c", f'hostname {host} && exec "$@"', "sh")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
