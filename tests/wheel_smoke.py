"""Whether the wheel works where nothing else of the project is: settings, schema, server, pages, files, commands.

CI installs the wheel into a clean environment and runs this file with that environment's Python in an empty folder:
``python -I …/tests/wheel_smoke.py``. The last line counts, as pytest's does.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import kbadmin

KBADMIN = str(Path(sys.executable).parent / "kbadmin")
CHECKS: list[Callable[["Installation"], None]] = []


class Installation:
    """An installation in a folder of its own, served on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": os.defpath, "HOME": str(folder)}
        self.server: subprocess.Popen[str] | None = None
        self.address = ""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command to its end."""
        command = [KBADMIN, *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )

    def configure(self) -> None:
        """Write down what an operator writes down, with keys the product made."""
        made = self.run("secrets", "new-key")
        assert made.returncode == 0, made.stderr
        keys = self.folder / "keys"
        keys.write_text(made.stdout)
        keys.chmod(0o600)
        self.environment |= {
            "KBADMIN_ENV": "development",
            "KBADMIN_SECRET_KEY": os.urandom(32).hex(),
            "KBADMIN_KEYS_FILE": str(keys),
            "KBADMIN_BASE_URL": "http://localhost",
            "KBADMIN_INSTANCE_FOLDER": str(self.folder / "instance"),
        }

    def serve(self) -> None:
        """Start the server on a free port and wait for the address it prints."""
        self.server = subprocess.Popen(
            [KBADMIN, "run", "--port", "0"],
            cwd=self.folder,
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.server.stdout is not None
        line = self.server.stdout.readline()
        self.address = next(word for word in line.split() if word.startswith("http")).rstrip("./")

    def fetch(self, path: str) -> tuple[int, str, str]:
        """Status, policy and body of one address."""
        request = urllib.request.Request(self.address + path, headers={"Host": "localhost"})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                body = response.read().decode()
                return response.status, response.headers.get("Content-Security-Policy", ""), body
        except urllib.error.HTTPError as error:
            return error.code, "", error.read().decode()

    def stop(self) -> None:
        """Ask the server to end, as a service manager does."""
        if self.server is not None:
            self.server.terminate()
            self.server.communicate(timeout=30)


def check(function: Callable[[Installation], None]) -> Callable[[Installation], None]:
    """Put a check on the list; they run in order."""
    CHECKS.append(function)
    return function


@check
def the_package_is_the_installed_one(installation: Installation) -> None:
    """Not the checkout, and with its templates, files and migrations inside."""
    inside = Path(kbadmin.__file__).parent
    assert "site-packages" in inside.parts, inside
    for name in ("templates/layouts/base.html", "static/css/site.css", "migrations/env.py"):
        assert (inside / name).is_file(), name


@check
def help_names_the_commands(installation: Installation) -> None:
    """``kbadmin --help`` works without any setting."""
    done = installation.run("--help")
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in ("run", "work", "db", "doctor", "secrets")), done.stdout


@check
def a_missing_setting_is_one_sentence_and_status_78(installation: Installation) -> None:
    """An unconfigured installation says what to do."""
    done = installation.run("db", "upgrade")
    assert done.returncode == 78, (done.returncode, done.stderr)
    assert "KBADMIN_" in done.stderr
    assert "Traceback" not in done.stderr


@check
def the_schema_is_made(installation: Installation) -> None:
    """With settings, ``kbadmin db upgrade`` makes the tables."""
    installation.configure()
    done = installation.run("db", "upgrade")
    assert done.returncode == 0, done.stderr
    assert installation.run("db", "check").returncode == 0


@check
def the_doctor_speaks(installation: Installation) -> None:
    """One line per finding; zero or one, never a trace."""
    done = installation.run("doctor")
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr


@check
def the_sign_in_page_is_served(installation: Installation) -> None:
    """A page, with its security headers."""
    installation.serve()
    for _ in range(600):
        if installation.fetch("/healthz")[0] == 200:
            break
        time.sleep(0.1)
    status, policy, body = installation.fetch("/sign-in")
    assert status == 200, body
    assert policy.startswith("default-src 'none'"), policy
    assert "<h1" in body


@check
def static_files_are_served(installation: Installation) -> None:
    """The style sheet comes out of the wheel."""
    status, policy, body = installation.fetch("/static/css/site.css")
    assert status == 200
    assert policy.startswith("default-src 'none'"), policy
    assert "{" in body


@check
def the_installation_is_ready(installation: Installation) -> None:
    """Database, schema and keys."""
    status, _, body = installation.fetch("/readyz")
    assert status == 200, body


def main() -> int:
    """Run all checks, say how each went, and count."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder))
        try:
            for function in CHECKS:
                name = function.__name__.replace("_", " ")
                try:
                    function(installation)
                    print(f"  ok: {name}", flush=True)
                except Exception as error:  # Whatever went wrong, the other checks still run.
                    failed += 1
                    print(f"  FAILED: {name}: {error!r}", flush=True)
        finally:
            installation.stop()
    print(f"{len(CHECKS) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
