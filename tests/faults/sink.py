"""A mail server with scripted faults, run as a process: ``python -m tests.faults.sink FOLDER [ADDRESS]``.

It writes a line ``time, session, Message-ID, recipient, whether the body is that recipient's`` into ``FOLDER/record``
for each message it takes, before it answers. ``FOLDER/script.json`` may say at any time how it misbehaves:

    say             {"RCPT": [["bad", "550 5.1.1 no such user"]]}: to recipients with «bad» in them (also MAIL, message)
    delay           seconds before it answers a message
    close_after     messages of one connection, after which it hangs up
    silent          how many messages, from now on, it takes and never answers
    confuse         how many messages get an answer that nobody asked for after their own

``FOLDER/kill`` holds, once, ``PID POINT NUMBER``: that process is killed at the next message with that number or
later on its connection: when the envelope has come («data»), when its final dot has («dot»), or right after it was
answered («answered»).
"""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_READ = 1 << 18


@dataclass
class Desk:
    """What all sessions share: the record, and the script as it is now."""

    folder: Path
    script: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    read_at: int = 0

    def __post_init__(self) -> None:
        self.record = (self.folder / "record").open("ab", buffering=0)

    def look(self) -> None:
        """Read the script again if it has changed."""
        with contextlib.suppress(FileNotFoundError):
            changed = (self.folder / "script.json").stat().st_mtime_ns
            if changed != self.read_at:
                with self.lock:
                    self.script = json.loads((self.folder / "script.json").read_text())
                    self.read_at = changed

    def once(self, key: str) -> bool:
        """Whether it is this message's turn, where the script says how many."""
        with self.lock:
            left = int(self.script.get(key, 0))
            self.script[key] = left - 1
            return left > 0

    def said(self, stage: str, recipient: str) -> str | None:
        """The scripted answer to a recipient, if there is one."""
        for part, answer in self.script.get("say", {}).get(stage, ()):
            if part in recipient:
                return str(answer)
        return None

    def kill(self, point: str, number: int) -> None:
        """Kill whom the order names, if it is for this point."""
        file = self.folder / "kill"
        with self.lock, contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pid, where, first = file.read_text().split()
            if where == point and number >= int(first):
                file.unlink()
                if point == "data":
                    time.sleep(0.1)  # The answer before this one has been read by then.
                os.kill(int(pid), signal.SIGKILL)
                (self.folder / "killed").write_text(f"{pid} {point}")


class Session:
    """One connection."""

    def __init__(self, connection: socket.socket, number: int, desk: Desk) -> None:
        self.connection, self.number, self.desk = connection, number, desk
        self.buffer = b""
        self.recipient: str | None = None
        self.reads_content = False
        self.messages = 0
        self.is_open = True

    def run(self) -> None:
        with contextlib.suppress(OSError), self.connection:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.sendall(b"220 sink.example.com ESMTP\r\n")
            while self.is_open and (more := self.connection.recv(_READ)):
                self.buffer += more
                self.desk.look()
                while self.is_open and self.step():
                    pass

    def say(self, text: str) -> None:
        self.connection.sendall(text.encode() + b"\r\n")

    def step(self) -> bool:
        """Take one command or message, if it is there whole."""
        end = self.buffer.find(b"\r\n.\r\n" if self.reads_content else b"\r\n")
        if end < 0:
            return False
        if self.reads_content:
            content, self.buffer = self.buffer[: end + 2], self.buffer[end + 5 :]
            self.reads_content = False
            self.message(content)
        else:
            line, self.buffer = self.buffer[:end].decode("utf-8", "replace"), self.buffer[end + 2 :]
            self.command(line)
        return True

    def command(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "EHLO":
            self.say("250-sink.example.com\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 20000000\r\n250 SMTPUTF8")
        elif verb == "MAIL":
            self.recipient = None
            self.say(self.desk.said("MAIL", "") or "250 2.1.0 fine")
        elif verb == "RCPT":
            recipient = line.partition("<")[2].partition(">")[0]
            answer = self.desk.said("RCPT", recipient) or "250 2.1.5 fine"
            self.recipient = recipient if answer.startswith("250") else None
            self.say(answer)
        elif verb == "DATA":
            if self.recipient is not None:
                self.desk.kill("data", self.messages + 1)
                self.reads_content = True
            self.say("354 go on" if self.recipient is not None else "554 5.5.1 no valid recipients")
        elif verb == "QUIT":
            self.say("221 2.0.0 bye")
            self.is_open = False
        else:
            self.recipient = None if verb == "RSET" else self.recipient
            self.say("250 2.0.0 fine")

    def message(self, content: bytes) -> None:
        recipient, self.recipient = self.recipient or "", None
        self.messages += 1
        script = self.desk.script
        answer = self.desk.said("message", recipient) or "250 2.0.0 taken"
        if delay := script.get("delay"):
            time.sleep(float(delay))
        if answer.startswith("250"):
            self.note(content, recipient)
        self.desk.kill("dot", self.messages)
        if script.get("silent") and self.desk.once("silent"):
            while self.connection.recv(_READ):
                pass
            self.is_open = False
            return
        self.say(answer)
        self.desk.kill("answered", self.messages)
        if script.get("confuse") and self.desk.once("confuse"):
            self.say("250 2.0.0 and another one")
        if (most := script.get("close_after")) and self.messages >= most:
            self.say("421 4.4.2 enough for one connection")
            self.is_open = False

    def note(self, content: bytes, recipient: str) -> None:
        found = _MESSAGE_ID.search(content)
        is_theirs = b"X-For: %b\r\n" % recipient.encode() in content or b"for %b;" % recipient.encode() in content
        line = b"%.6f\t%d\t%s\t%s\t%d\n" % (
            time.time(), self.number, found[1] if found else b"-", recipient.encode(), is_theirs,
        )  # fmt: skip
        with self.desk.lock:
            self.desk.record.write(line)


def _end_with_starter() -> None:
    sys.stdin.read()  # Whoever started us holds the other end.
    os._exit(0)


def main() -> None:
    """Serve until somebody ends the process; the port is printed first."""
    folder = Path(sys.argv[1])
    listener = socket.create_server((sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1", 0), backlog=256)
    desk = Desk(folder)  # Before the port is told: whoever knows it may look into the record at once.
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_starter, daemon=True).start()
    number = 0
    while True:
        connection, _ = listener.accept()
        number += 1
        threading.Thread(target=Session(connection, number, desk).run, daemon=True).start()


if __name__ == "__main__":
    main()
