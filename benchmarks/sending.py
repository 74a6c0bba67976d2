"""The experiments that send: against smtp-source, over distance, with TLS, and against what one would take instead."""

from benchmarks import participants as by
from benchmarks.deliveries import Delivery
from benchmarks.rounds import Experiment

WIRE = Experiment(
    "wire",
    "Into smtp-sink, plain",
    {
        "smtp-source, 1 session": Delivery(by.SmtpSource(), 1),
        "smtp-source, 3 sessions": Delivery(by.SmtpSource(), 3),
        "smtp-source, 10 sessions": Delivery(by.SmtpSource(), 10),
        "smtplib kept, 1 thread": Delivery(by.SMTPLIB, 1),
        "smtplib kept, 3 threads": Delivery(by.SMTPLIB, 3),
    },
)

PEERS = Experiment(
    "peers",
    "The same messages, sent by what one would take instead",
    {
        "smtp-source, 3 sessions": Delivery(by.SmtpSource(), 3),
        "django-mailer, SQLite": Delivery(by.DJANGO_MAILER),
        "django-post_office, SQLite": Delivery(by.DJANGO_POST_OFFICE),
        "Flask-Mailman, open connection, SQLite": Delivery(by.FLASK_MAILMAN),
        "Celery + Redis + Flask-Mail": Delivery(by.CELERY_FLASK_MAIL, database="redis"),
        "Huey, task per message, SQLite": Delivery(by.HUEY),
        "django-mailer, PostgreSQL": Delivery(by.DJANGO_MAILER, database="postgresql"),
        "django-post_office, PostgreSQL": Delivery(by.DJANGO_POST_OFFICE, database="postgresql"),
    },
)

DISTANCE = Experiment(
    "distance",
    "A mail server 4 ms away (one in ten messages)",
    {
        "smtp-source, 1 session": Delivery(by.SmtpSource(), 1, milliseconds=4, one_in=10),
        "smtp-source, 3 sessions": Delivery(by.SmtpSource(), 3, milliseconds=4, one_in=10),
        "smtplib kept, 1 thread": Delivery(by.SMTPLIB, 1, milliseconds=4, one_in=10),
        "smtplib kept, 3 threads": Delivery(by.SMTPLIB, 3, milliseconds=4, one_in=10),
    },
)

TLS = Experiment(
    "tls",
    "STARTTLS and AUTH, into our own sink",
    {
        "smtplib kept, 1 thread": Delivery(by.SMTPLIB, 1, secure=True),
        "smtplib kept, 3 threads": Delivery(by.SMTPLIB, 3, secure=True),
    },
)

EXPERIMENTS = (WIRE, PEERS, DISTANCE, TLS)
