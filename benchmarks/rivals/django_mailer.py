"""django-mailer: a table of pickled messages, sent one after the other over one connection."""

import itertools

from django.core.mail import get_connection

from benchmarks.rivals import django_site
from benchmarks.rivals.ground import Ground, play


def _begin(ground: Ground) -> None:
    options = {"MAILER_EMAIL_BACKEND": django_site.SMTP_BACKEND, "MAILER_LOCK_PATH": f"{ground.folder}/mailer"}
    django_site.begin(ground, "mailer", **options)


def prepare(ground: Ground) -> None:
    """Queue through its backend, 500 at a time."""
    _begin(ground)
    queue = get_connection("mailer.backend.DbBackend")
    letters = ground.letters()
    while batch := list(itertools.islice(letters, 500)):
        queue.send_messages([django_site.as_django(one) for one in batch])


def deliver(ground: Ground) -> None:
    """What its ``send_mail`` command does."""
    _begin(ground)
    from mailer.engine import send_all  # Its models can be imported once Django has been set up.

    send_all()


if __name__ == "__main__":
    play(prepare, deliver)
