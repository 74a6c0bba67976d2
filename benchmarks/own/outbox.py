"""kbadmin sends: digests are queued through its outbox, and ``kbadmin work`` carries them."""

import contextlib
import itertools
import os
import sys
from dataclasses import replace

from benchmarks import messages, servers
from benchmarks.messages import Letter
from benchmarks.own.history import fill
from benchmarks.own.installation import Sending, environment, installed, sending
from benchmarks.rivals.ground import Ground, play
from kbadmin.cli import main
from kbadmin.database import unit_of_work
from kbadmin.outbox.fan_out import Addressed, Run, enqueue_many
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import compile_body, enqueue
from kbadmin.outbox.skeletons import slot

SENDER = Sender(address=messages.SENDER, name="Knowledge")
CHUNK = 500  # whole messages in a transaction


def prepare(ground: Ground) -> None:
    """An installation, and the digests in its outbox."""
    with installed(ground):
        found = sending(ground)
        if ground.old_messages:
            fill(found, ground.old_messages)
        if ground.is_rendered_per_reader:
            queue_whole(ground, found)
        else:
            queue_digests(ground, found)


def deliver(ground: Ground) -> None:
    """``kbadmin work``, as an operator would start it, once or several times."""
    with contextlib.ExitStack() as stack:
        for _ in range(ground.workers - 1):
            alone = replace(ground, workers=1).environment()
            stack.enter_context(
                servers.running([sys.executable, "-m", __spec__.name, "deliver"], env=os.environ | alone)
            )
        os.environ.update(environment(ground.folder, ground.database_url, ground.ca_file))
        os.chdir(ground.folder)
        main(["work"], standalone_mode=False)


def queue_digests(ground: Ground, found: Sending) -> None:
    """One body for all, and each reader's own parts."""
    run = digest_run(found)
    for _ in enqueue_many(run, map(addressed, ground.letters())):
        pass


def queue_whole(ground: Ground, found: Sending) -> None:
    """Each reader's message by itself, as where no two bodies are alike."""
    letters = ground.letters()
    while chunk := list(itertools.islice(letters, CHUNK)):
        with unit_of_work():
            for one in chunk:
                enqueue(
                    kind=Kind.DIGEST,
                    recipient=one.recipient,
                    subject=one.subject,
                    text=one.text,
                    html=one.html,
                    deduplication_key=f"bench {one.number}",
                    smtp_service_id=found.service_id,
                    sender=SENDER,
                )


def digest_run(found: Sending) -> Run:
    """The run with the body that all readers share, compiled now."""
    slots = {name: slot(name) for name in ("name", "recipient", "link")}
    with unit_of_work():
        body_id = compile_body(
            SENDER,
            subject=messages.SUBJECT,
            text=messages.TEXT.format(**slots),
            html=messages.HTML.format(**slots),
            headers={"List-Unsubscribe": f"<{slots['link']}>"},
        )
    return Run(Kind.DIGEST, body_id, messages.SUBJECT, "kb.example.com", smtp_service_id=found.service_id)


def addressed(one: Letter) -> Addressed:
    """One reader's share of the run."""
    parts = {"name": one.name, "recipient": one.recipient, "link": one.unsubscribe_link}
    return Addressed(one.recipient, f"bench {one.number}", parts)


if __name__ == "__main__":
    play(prepare, deliver)
