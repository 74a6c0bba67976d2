"""smtplib with a kept connection per thread and the messages ready in memory: the wire alone, without a database."""

import threading

from benchmarks.messages import SENDER, email_message, letter
from benchmarks.rivals.ground import Ground, play, smtp_session


def prepare(ground: Ground) -> None:
    """There is no queue."""


def deliver(ground: Ground) -> None:
    """Build a hundred messages, then send those, again and again, from as many threads as there are connections."""
    ready = [(one.recipient, email_message(one).as_bytes()) for one in map(letter, range(min(100, ground.messages)))]
    shares = [range(start, ground.messages, ground.connections) for start in range(ground.connections)]
    threads = [threading.Thread(target=_send, args=(ground, ready, share)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send(ground: Ground, ready: list[tuple[str, bytes]], share: range) -> None:
    with smtp_session(ground) as session:
        for number in share:
            recipient, content = ready[number % len(ready)]
            session.sendmail(SENDER, [recipient], content)


if __name__ == "__main__":
    play(prepare, deliver)
