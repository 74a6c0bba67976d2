"""A Django as small as one can be, for the two queues that are Django applications."""

from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command

from benchmarks.messages import SENDER, Letter
from benchmarks.rivals.ground import Ground

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def begin(ground: Ground, *applications: str, **options: object) -> None:
    """Configure Django with its tables made; SQLite gets the write-ahead log, as a careful site would set it."""
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", *applications],
        DATABASES={"default": _database(ground)},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=ground.port,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        SECRET_KEY="bench",
        LOGGING={"version": 1, "disable_existing_loggers": True},
        **options,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def as_django(one: Letter) -> EmailMultiAlternatives:
    """The letter as Django's message."""
    headers = {"Message-ID": one.message_id, "List-Unsubscribe": f"<{one.unsubscribe_link}>"}
    message = EmailMultiAlternatives(one.subject, one.text, f"Knowledge <{SENDER}>", [one.recipient], headers=headers)
    message.attach_alternative(one.html, "text/html")
    return message


def _database(ground: Ground) -> dict[str, object]:
    if not ground.database_url:
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        options = {"timeout": 30, "transaction_mode": "IMMEDIATE", "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(ground.sqlite_file), "OPTIONS": options}
    parts = urlsplit(ground.database_url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "HOST": parse_qs(parts.query).get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or ""),
    }
