"""django-post_office: rows with status, sent in batches by five threads, each with a connection of its own."""

import itertools

from django.core.management import call_command

from benchmarks.messages import SENDER
from benchmarks.rivals import django_site
from benchmarks.rivals.ground import Ground, play


def _begin(ground: Ground) -> None:
    backends = {"default": django_site.SMTP_BACKEND}
    django_site.begin(ground, "post_office", POST_OFFICE={"BACKENDS": backends, "LOG_LEVEL": 1})


def prepare(ground: Ground) -> None:
    """Queue with ``send_many``, 500 at a time."""
    _begin(ground)
    from post_office import mail  # Its models can be imported once Django has been set up.

    letters = ground.letters()
    while batch := list(itertools.islice(letters, 500)):
        mail.send_many(
            [
                {
                    "recipients": [one.recipient],
                    "sender": SENDER,
                    "subject": one.subject,
                    "message": one.text,
                    "html_message": one.html,
                    "headers": {"List-Unsubscribe": f"<{one.unsubscribe_link}>"},
                }
                for one in batch
            ]
        )


def deliver(ground: Ground) -> None:
    """Its own command with its own defaults."""
    _begin(ground)
    call_command("send_queued_mail", verbosity=0)


if __name__ == "__main__":
    play(prepare, deliver)
