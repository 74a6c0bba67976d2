"""What is wrong with an installation, one finding a line, each with its remedy.

Checks are plain functions that yield findings. Those ``OF_SETTINGS`` need settings alone; when they find the ground
firm enough, the application is made, and those ``OF_THE_APP`` look at the rest.
"""

from collections.abc import Callable, Iterator

from kbadmin import doctor_checks as checks
from kbadmin import engine
from kbadmin.app import create_app
from kbadmin.config import Settings, read_environment
from kbadmin.database import db
from kbadmin.doctor_findings import Finding, well, wrong
from kbadmin.key_settings import ConfigurationError
from kbadmin.starting import first_line


def examine(settings: Settings | None = None) -> Iterator[Finding]:
    """Look at the installation of these settings, by default those of the environment."""
    try:
        settings = settings or read_environment()
    except ConfigurationError as error:
        yield wrong("settings", str(error), "")
        return
    yield well("settings", f"readable, for {settings.env}")
    is_firm = True
    for check in checks.OF_SETTINGS:
        for finding in _guarded(check, settings):
            is_firm = is_firm and not (finding.is_wrong and finding.subject == checks.FOLDER)
            yield finding
    if is_firm:
        yield from _examine_app(settings)


def _examine_app(settings: Settings) -> Iterator[Finding]:
    try:
        app = create_app(settings)
    except Exception as error:  # The queue is opened here, by whichever driver its address names.
        yield wrong("queue", f"cannot be used: {first_line(error)}", "Check KBADMIN_QUEUE_URL and that it runs.")
        return
    try:
        with app.app_context():
            for check in checks.OF_THE_APP:
                found = list(_guarded(check, settings))
                db.session.remove()
                yield from found
                if any(finding.is_wrong and finding.subject in checks.WITHOUT_WHICH_NOTHING for finding in found):
                    break
            db.engine.dispose()
    finally:
        engine.of(app).close()


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    """A check that breaks is a finding too: the doctor must not fall ill."""
    try:
        yield from check(settings)
    except Exception as error:  # Whatever drivers and the operating system raise.
        subject = check.__name__.removeprefix("check_").replace("_", " ")
        remedy = checks.REMEDIES.get(subject, "This is a fault of kbadmin's: please report it.")
        yield wrong(subject, f"cannot be used: {first_line(error)}", remedy)
