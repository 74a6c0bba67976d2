"""What most senders spend most of their time on: building each message anew and turning it into bytes."""

import time

from benchmarks.figures import Figures
from benchmarks.messages import email_message, letter
from benchmarks.rounds import Scale


def built_and_serialised(scale: Scale) -> Figures:
    """CPU time of the standard library's ``EmailMessage``, per message."""
    letters = [letter(number) for number in range(scale.part(0.05, at_least=200))]
    began = time.process_time()
    for one in letters:
        email_message(one).as_bytes()
    return {"CPU µs/message": (time.process_time() - began) / len(letters) * 1e6}
