"""The questions that ``kbadmin doctor`` asks. Each yields findings; none changes anything that lasts."""

import platform
import shutil
import ssl
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime

from flask import current_app
from sqlalchemy import func, make_url, select

from kbadmin import clock, engine, installation, key_rotation, schema, starting
from kbadmin.config import Settings
from kbadmin.database import db
from kbadmin.doctor_findings import Finding, note, warning, well, wrong
from kbadmin.outbox.platform import parse
from kbadmin.paths import shipped
from kbadmin.sealing import ring
from kbadmin.subscriptions import overdue

FOLDER = "instance folder"
DATABASE = "database"
SCHEMA = "schema"
WITHOUT_WHICH_NOTHING = (DATABASE, SCHEMA)
REMEDIES = {
    DATABASE: "Check KBADMIN_DATABASE_URL and that it runs.",
    "queue": "Check KBADMIN_QUEUE_URL and that it runs.",
}
FREE_PER_CENT = 5
CLOCK_SECONDS = 5.0
EMAIL_FIXES = {(3, 11): 15, (3, 12): 13, (3, 13): 12, (3, 14): 3}  # The release of each series with the e-mail fixes.


def check_folder(settings: Settings) -> Iterator[Finding]:
    """The instance folder can be written to, and its disk has room."""
    folder = settings.instance_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield wrong(
            FOLDER,
            f"{folder} cannot be written to ({error.strerror})",
            "Give it to the user that runs kbadmin, or name another with KBADMIN_INSTANCE_FOLDER.",
        )
        return
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH:
        yield warning(FOLDER, f"{folder} can be written to by everybody", f"Run `chmod o-w {folder}`.")
    else:
        yield well(FOLDER, f"{folder} can be written to")
    space = shutil.disk_usage(folder)
    free = 100 * space.free // space.total
    if free < FREE_PER_CENT:
        yield wrong("disk", f"only {free} % is free where {folder} is", "Make room before the database cannot grow.")
    else:
        yield well("disk", f"{free} % is free")


def check_base_url(settings: Settings) -> Iterator[Finding]:
    """The address people open is https, and we are told by whom it arrives."""
    if not settings.is_https:
        yield note("base URL", f"{settings.base_url} is not https, which {settings.env} allows")
    elif not settings.trusted_proxies and settings.is_production:
        yield warning(
            "base URL",
            f"{settings.base_url} is https, so a proxy stands in front, but none is trusted",
            "Set KBADMIN_TRUSTED_PROXIES to 1, or every visitor counts as one address when sign-in is throttled.",
        )
    else:
        yield well("base URL", settings.base_url)


def check_platform_sender(settings: Settings) -> Iterator[Finding]:
    """The platform's own sender, if there is one, can be read."""
    subject = "platform sender"
    if settings.system_smtp_url is None:
        yield note(
            subject,
            "there is none, so invitations and resets are not mailed and links are copied by hand",
            "Set KBADMIN_SYSTEM_SMTP_URL to change that.",
        )
        return
    try:
        found = parse(settings.system_smtp_url)
    except ValueError as error:
        yield wrong(subject, "KBADMIN_SYSTEM_SMTP_URL cannot be read", str(error))
    else:
        yield well(subject, f"{found.sender.address} through {found.host}:{found.port}")


def check_networks(settings: Settings) -> Iterator[Finding]:
    """What the address check of mail servers lets through besides public addresses."""
    inner = [str(found) for found in settings.smtp_allowed_networks if found.is_loopback or found.is_link_local]
    if inner and settings.is_production:
        yield warning(
            "mail networks",
            f"KBADMIN_SMTP_ALLOWED_NETWORKS has {', '.join(inner)}, so customers can reach programs on this machine",
            "Take it out unless a mail relay runs here.",
        )
    else:
        listed = ", ".join(map(str, settings.smtp_allowed_networks))
        yield well("mail networks", f"public addresses{f' and {listed}' if listed else ''}")


def check_ca_file(settings: Settings) -> Iterator[Finding]:
    """The extra certificate authorities can be read."""
    if settings.smtp_ca_file is None:
        return
    try:
        ssl.create_default_context().load_verify_locations(cafile=settings.smtp_ca_file)
    except (OSError, ssl.SSLError) as error:
        yield wrong(
            "CA file",
            f"{settings.smtp_ca_file} cannot be used ({error.strerror or error})",
            "KBADMIN_SMTP_CA_FILE names a readable file with certificates in PEM form.",
        )
    else:
        yield well("CA file", f"{settings.smtp_ca_file} can be read")


def check_clock(settings: Settings) -> Iterator[Finding]:
    """The time is the machine's own in production, and not older than this version."""
    shift = clock.now().timestamp() - time.time()
    if abs(shift) > CLOCK_SECONDS:
        text, remedy = f"it is shifted by {shift:.0f} seconds", "Take the clock file away."
        yield wrong("clock", text, remedy) if settings.is_production else note("clock", text)
    elif clock.now().timestamp() < shipped("migrations").stat().st_mtime - 86_400:
        yield wrong("clock", f"{clock.now():%Y-%m-%d} is before this version was installed", "Set the machine's clock.")
    else:
        yield well("clock", f"{clock.now():%Y-%m-%d %H:%M} UTC")


def check_python(_: Settings) -> Iterator[Finding]:
    """The interpreter has the latest fixes of the standard library's e-mail package."""
    major, minor, patch = sys.version_info[:3]
    fixed = EMAIL_FIXES.get((major, minor))
    if fixed is not None and patch < fixed:
        yield note(
            "Python",
            f"{platform.python_version()} lacks fixes of its e-mail package",
            f"Update to {major}.{minor}.{fixed} or later when you can.",
        )
    else:
        yield well("Python", platform.python_version())


def check_database(settings: Settings) -> Iterator[Finding]:
    """The database answers, with the promises we rely on."""
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
            if mode != "wal" or keys != 1:
                yield wrong(
                    "SQLite",
                    f"journal_mode is {mode} and foreign_keys is {keys}",
                    "Keep the database on a local disk, writable by kbadmin, with an SQLite that supports both.",
                )
                return
        else:
            theirs: datetime | None = connection.scalar(select(func.current_timestamp()))
            drift = abs(theirs.timestamp() - time.time()) if theirs else 0.0
            if drift > CLOCK_SECONDS:
                yield warning("clock", f"the database's differs by {drift:.0f} seconds", "Set both by NTP.")
    yield well(DATABASE, f"{shown} answers")


def check_schema(_: Settings) -> Iterator[Finding]:
    """The database has the schema of this version."""
    try:
        schema.require_current()
    except schema.WrongSchema as error:
        yield wrong(SCHEMA, str(error).removesuffix("."), "")
    else:
        yield well(SCHEMA, f"at migration {schema.present()}")


def check_keys(_: Settings) -> Iterator[Finding]:
    """The keys at rest open the canary, and none is missing that a row needs."""
    try:
        is_proven = starting.keys_are_proven()
    except starting.WrongKeys as error:
        yield wrong("keys", str(error), "")
        return
    old = sum(holding.rows for holding in key_rotation.holdings() if holding.kid != ring().current)
    if old:
        yield note("keys", f"{old} secrets are not under the current key", "Run `kbadmin secrets rotate`.")
    elif not is_proven:
        yield note("keys", "nothing proves them yet", "`kbadmin db upgrade` and the first start see to it.")
    else:
        yield well("keys", f"everything is under {ring().current}")


def check_pause(settings: Settings) -> Iterator[Finding]:
    """We are the installation that sends from this database."""
    reason = installation.is_paused(settings)
    if reason is not None:
        yield warning("worker", "it is paused and sends nothing", reason)


def check_queue(_: Settings) -> Iterator[Finding]:
    """The engine's queue takes a value and gives it back."""
    storage = engine.of(current_app).huey.storage
    storage.put_data("doctor", b"well")
    if storage.pop_data("doctor") != b"well":
        yield wrong("queue", "it loses what it is given", "Check KBADMIN_QUEUE_URL.")
    else:
        yield well("queue", "it can be written to")


def check_digests(_: Settings) -> Iterator[Finding]:
    """Somebody decides on digests when their time has come."""
    if number := overdue.count():
        text = f"{number} overdue: their time passed more than ten minutes ago and nobody decided on them"
        yield wrong("digests", text, "Start a worker with `kbadmin work`, or look into its log.")


OF_SETTINGS = (
    check_folder,
    check_base_url,
    check_platform_sender,
    check_networks,
    check_ca_file,
    check_clock,
    check_python,
)
OF_THE_APP = (check_database, check_schema, check_keys, check_pause, check_queue, check_digests)
