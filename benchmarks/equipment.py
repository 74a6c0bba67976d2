"""What is compared against: Debian's programs, unpacked but never installed, and a virtual environment per rival.

Everything lies in one folder, ``KBADMIN_BENCH_CACHE`` or ``~/.cache/kbadmin-benchmarks``; delete it to start afresh.
Nothing is started as a service, and nothing here touches the environment that kbadmin runs in.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGES = {"smtp-sink": "postfix", "smtp-source": "postfix", "redis-server": "redis-server"}


class NotAvailable(RuntimeError):
    """Something to compare with cannot be had on this machine; the message says what and why."""


def cache() -> Path:
    """The folder that everything is kept in."""
    chosen = os.environ.get("KBADMIN_BENCH_CACHE")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "kbadmin-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def program(name: str) -> list[str]:
    """The start of a command line for one of Debian's programs, unpacked when first asked for."""
    root = _unpacked(PACKAGES[name])
    for folder in ("usr/sbin", "usr/bin"):
        if (root / folder / name).exists():
            libraries = ":".join(
                str(root / path) for path in ("usr/lib/postfix", f"usr/lib/{os.uname().machine}-linux-gnu")
            )
            return ["env", f"LD_LIBRARY_PATH={libraries}", str(root / folder / name)]
    raise NotAvailable(f"{PACKAGES[name]} holds no {name}")


def python_with(requirements: Iterable[str]) -> Path:
    """A Python that has these packages, in an environment made for exactly this list."""
    wanted = sorted(requirements)
    folder = cache() / "environments" / hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:12]
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
        (folder / "complete").write_text("\n".join(wanted))
    return python


def versions(python: Path) -> list[str]:
    """What is installed beside that Python, as ``name==version``."""
    done = subprocess.run([str(python), "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
    return done.stdout.split()


def _unpacked(package: str) -> Path:
    """A folder with the package and the libraries it depends on, fetched with ``apt-get download``."""
    root = cache() / "debian" / package
    if not (root / "complete").exists():
        archives = root / "archives"
        archives.mkdir(parents=True, exist_ok=True)
        for name in _with_libraries(package):
            _run(["apt-get", "download", "-qq", name], folder=archives)
        for archive in sorted(archives.glob("*.deb")):
            _run(["dpkg", "-x", str(archive), str(root)])
        (root / "complete").touch()
    return root


def _with_libraries(package: str) -> list[str]:
    """The package, tools of the same name, and their libraries; the C library stays the machine's own."""
    names = [package]
    for name in names:
        listed = subprocess.run(["apt-cache", "depends", name], capture_output=True, text=True, check=False).stdout
        found = re.findall(r"^ *\|?Depends: ((?:lib|redis-)\S+)$", listed, re.MULTILINE)
        if name == package or name.startswith("redis-"):
            names += [one for one in found if one not in names and not one.startswith("libc6")]
    return names


def _run(command: list[str], folder: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise NotAvailable(f"{command[0]} is not on this machine") from missing
    if done.returncode:
        raise NotAvailable(f"{' '.join(command[:4])} …: {(done.stderr or done.stdout).strip()[-400:]}")
