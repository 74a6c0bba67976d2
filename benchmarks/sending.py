"""The experiments that send: against smtp-source, over distance, with TLS, and against what one would take instead."""

from benchmarks import participants as by
from benchmarks.building import built_and_serialised
from benchmarks.deliveries import Delivery, idle_writes
from benchmarks.figures import Claim
from benchmarks.rounds import Experiment

RATE, CPU = "messages/s", "CPU µs/message"

WIRE = Experiment(
    "wire",
    "Into smtp-sink, plain",
    {
        "kbadmin, 1 connection": Delivery(by.KBADMIN, 1),
        "kbadmin, 3 connections": Delivery(by.KBADMIN, 3),
        "kbadmin, 3 connections, 2 workers": Delivery(by.KBADMIN, 3, workers=2),
        "kbadmin, 10 connections": Delivery(by.KBADMIN, 10),
        "kbadmin, 3 connections, PostgreSQL": Delivery(by.KBADMIN, 3, "postgresql"),
        "kbadmin, 3 connections, rendered per reader": Delivery(by.KBADMIN, 3, is_rendered_per_reader=True),
        "smtp-source, 1 session": Delivery(by.SmtpSource(), 1),
        "smtp-source, 3 sessions": Delivery(by.SmtpSource(), 3),
        "smtp-source, 10 sessions": Delivery(by.SmtpSource(), 10),
        "smtplib kept, 1 thread": Delivery(by.SMTPLIB, 1),
        "smtplib kept, 3 threads": Delivery(by.SMTPLIB, 3),
        "EmailMessage, built and serialised": built_and_serialised,
    },
    (
        Claim("G1", "kbadmin, 3 connections", RATE, "smtp-source, 3 sessions", at_least=1.0),
        Claim("G1 (must)", "kbadmin, 3 connections", RATE, "smtp-source, 3 sessions", at_least=0.6),
        Claim("", "kbadmin, 3 connections, 2 workers", RATE, "smtp-source, 3 sessions"),
        Claim("G2", "kbadmin, 1 connection", RATE, "smtp-source, 1 session", at_least=1.3),
        Claim("G2", "kbadmin, 10 connections", RATE, "smtp-source, 10 sessions", at_least=0.8),
        Claim("G3", "kbadmin, 3 connections, PostgreSQL", RATE, "smtp-source, 3 sessions", at_least=0.8),
        Claim("G4", "kbadmin, 3 connections, rendered per reader", RATE, "smtp-source, 3 sessions", at_least=0.35),
        Claim("G8", "kbadmin, 3 connections", CPU, "EmailMessage, built and serialised", at_most=0.06),
    ),
)

PEERS = Experiment(
    "peers",
    "The same messages, sent by what one would take instead",
    {
        "kbadmin, 3 connections, SQLite": Delivery(by.KBADMIN, 3),
        "kbadmin, 3 connections, PostgreSQL": Delivery(by.KBADMIN, 3, "postgresql"),
        "django-mailer, SQLite": Delivery(by.DJANGO_MAILER),
        "django-post_office, SQLite": Delivery(by.DJANGO_POST_OFFICE),
        "Flask-Mailman, open connection, SQLite": Delivery(by.FLASK_MAILMAN),
        "Celery + Redis + Flask-Mail": Delivery(by.CELERY_FLASK_MAIL, database="redis"),
        "Huey, task per message, SQLite": Delivery(by.HUEY),
        "django-mailer, PostgreSQL": Delivery(by.DJANGO_MAILER, database="postgresql"),
        "django-post_office, PostgreSQL": Delivery(by.DJANGO_POST_OFFICE, database="postgresql"),
    },
    (
        Claim("G5", "kbadmin, 3 connections, SQLite", RATE, "django-mailer, SQLite", at_least=25),
        Claim("G5", "kbadmin, 3 connections, SQLite", RATE, "django-post_office, SQLite", at_least=12),
        Claim("G5", "kbadmin, 3 connections, SQLite", RATE, "Flask-Mailman, open connection, SQLite", at_least=15),
        Claim("G5", "kbadmin, 3 connections, SQLite", RATE, "Celery + Redis + Flask-Mail", at_least=25),
        Claim("G5", "kbadmin, 3 connections, SQLite", RATE, "Huey, task per message, SQLite", at_least=15),
        Claim("", "kbadmin, 3 connections, PostgreSQL", RATE, "django-mailer, PostgreSQL"),
        Claim("", "kbadmin, 3 connections, PostgreSQL", RATE, "django-post_office, PostgreSQL"),
    ),
)

DISTANCE = Experiment(
    "distance",
    "A mail server 4 ms away (one in ten messages)",
    {
        "kbadmin, 1 connection": Delivery(by.KBADMIN, 1, milliseconds=4, share=0.1),
        "kbadmin, 3 connections": Delivery(by.KBADMIN, 3, milliseconds=4, share=0.1),
        "smtp-source, 1 session": Delivery(by.SmtpSource(), 1, milliseconds=4, share=0.1),
        "smtp-source, 3 sessions": Delivery(by.SmtpSource(), 3, milliseconds=4, share=0.1),
        "smtplib kept, 1 thread": Delivery(by.SMTPLIB, 1, milliseconds=4, share=0.1),
        "smtplib kept, 3 threads": Delivery(by.SMTPLIB, 3, milliseconds=4, share=0.1),
    },
    (
        Claim("G6", "kbadmin, 1 connection", RATE, "smtplib kept, 1 thread", at_least=3.5),
        Claim("G6", "kbadmin, 3 connections", RATE, "smtplib kept, 3 threads", at_least=3.3),
    ),
)

TLS = Experiment(
    "tls",
    "STARTTLS and AUTH, into our own sink",
    {
        "kbadmin, 1 connection": Delivery(by.KBADMIN, 1, secure=True),
        "kbadmin, 3 connections": Delivery(by.KBADMIN, 3, secure=True),
        "kbadmin, 3 connections, 2 workers": Delivery(by.KBADMIN, 3, secure=True, workers=2),
        "smtplib kept, 1 thread": Delivery(by.SMTPLIB, 1, secure=True),
        "smtplib kept, 3 threads": Delivery(by.SMTPLIB, 3, secure=True),
    },
    (
        Claim("G7", "kbadmin, 3 connections", RATE, "smtplib kept, 3 threads", at_least=2.0),
        Claim("", "kbadmin, 3 connections, 2 workers", RATE, "smtplib kept, 3 threads"),
        Claim("", "kbadmin, 1 connection", RATE, "smtplib kept, 1 thread"),
    ),
)

WRITES = Experiment(
    "writes",
    "Others who write while mail is sent (five times the messages)",
    {
        "nothing is sent, SQLite": idle_writes,
        "kbadmin, 3 connections, SQLite": Delivery(by.KBADMIN, 3, share=5, is_written_to=True),
        "kbadmin, 3 connections, PostgreSQL": Delivery(by.KBADMIN, 3, "postgresql", share=5, is_written_to=True),
    },
    (Claim("G12", "kbadmin, 3 connections, SQLite", "write p99, ms", at_most=20),),
)

OLD_MAIL = Experiment(
    "old-mail",
    "Sending beside a million old messages, SQLite",
    {
        "none": Delivery(by.KBADMIN, 3),
        "1,000,000 old messages": Delivery(by.KBADMIN, 3, old_messages=1_000_000),
    },
    (
        Claim("flat", "1,000,000 old messages", CPU, "none", at_most=1.2),
        Claim("flat", "none", RATE, "1,000,000 old messages", at_most=1.2),
    ),
)

EXPERIMENTS = (WIRE, PEERS, DISTANCE, TLS, WRITES, OLD_MAIL)
