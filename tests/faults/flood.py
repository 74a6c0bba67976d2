"""A flood of public subscriptions, from everywhere and for everybody: F41."""

import statistics
import threading
import time
import uuid
from collections.abc import Iterator

import requests as http
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience
from kbadmin.outbox.models import MESSAGES
from kbadmin.subscriptions import requests
from kbadmin.subscriptions.models import SubscriptionRequest, SubscriptionSettings
from kbadmin.tenancy import every_account
from tests import factories
from tests.faults.ground import Ground, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.web import Web, web

ROBOTS = 4
VICTIM = "victim@example.org"


@row("F41", "queue flood by public subscribe", "≤ 200 letters, ≤ 3 to any address; admin page p95 < 500 ms")
def flood_of_subscriptions(site: Site, *, seed: int, scale: Scale) -> Figures:
    posts, before = scale.pick((40, 190), (10_000, 0))
    with ground(site, trusted_proxies=1, system_smtp_url="smtp://127.0.0.1:9?from=kb@example.com") as here:
        address = f"/kb/{here.account.slug}/{_public_knowledge_base(here, asked_before=before)}/subscribe"
        with web(here) as running:
            numbers, answers = iter(range(posts)), list[int]()
            robots = [threading.Thread(target=_post, args=(running, address, numbers, answers)) for _ in range(ROBOTS)]
            for robot in robots:
                robot.start()
            pages = [_seconds(running) for _ in iter(lambda: any(robot.is_alive() for robot in robots), False)]
        factories.Worker(here.app).drain()
        asked, letters, to_victim = _counted(here)
        p95 = sorted(pages)[int(0.95 * (len(pages) - 1))]
        assert len(answers) == posts, len(answers)
        assert set(answers) <= {303, 429}, set(answers)
        assert asked <= requests.MOST_UNCONFIRMED + ROBOTS, asked  # Those that are under way at once may pass together.
        assert letters + before <= requests.MOST_UNCONFIRMED + ROBOTS, letters
        assert to_victim <= 3, to_victim
        assert 429 in answers, "the flood was over before a limit was reached"
        assert p95 < scale.pick(2.0, 0.5), pages  # In small the machine may be busy with other tests.
        return {
            "POSTs": posts, "taken": answers.count(303), "letters": letters, "letters to one address": to_victim,
            "admin page, median s": round(statistics.median(pages), 3), "admin page, p95 s": round(p95, 3),
        }  # fmt: skip


def _public_knowledge_base(here: Ground, *, asked_before: int) -> str:
    with factories.inside(here.app, here.account), unit_of_work():
        made = knowledge_bases.create(
            name="Help", time_zone="UTC", audience=Audience.PUBLIC, actor=Actor(None, "faults")
        )
        db.session.add(SubscriptionSettings(knowledge_base_id=made.id, is_on=True, is_public=True))
        for number in range(asked_before):
            email = f"before{number}@example.org"
            row = {"email": email, "email_key": email, "target": "knowledge_base", "token_fingerprint": str(number)}
            expires_at = clock.now() + requests.LIFETIME
            db.session.add(SubscriptionRequest(knowledge_base_id=made.id, expires_at=expires_at, **row))
        return made.slug


def _post(running: Web, address: str, numbers: Iterator[int], answers: list[int]) -> None:
    """One robot: another network and another address each time, every fifth time the same victim."""
    robot = http.Session()
    page = BeautifulSoup(robot.get(running.address + address, timeout=20).text, "html.parser")
    token = page.find("input", {"name": "csrf_token"})["value"]
    for number in numbers:
        email = VICTIM if number % 5 == 0 else f"{uuid.uuid4().hex}@example.org"
        network = f"10.{number % 200}.{number % 199}.1"
        answer = robot.post(
            running.address + address, data={"email": email, "csrf_token": token}, timeout=20,
            headers={"X-Forwarded-For": network}, allow_redirects=False,
        )  # fmt: skip
        answers.append(answer.status_code)


def _seconds(running: Web) -> float:
    """How long a page of the admin takes meanwhile."""
    began = time.monotonic()
    assert running.open("/smtp") == 200
    taken = time.monotonic() - began
    time.sleep(0.1)
    return taken


def _counted(here: Ground) -> tuple[int, int, int]:
    """Requests, letters, and letters to the victim."""
    count = select(func.count())
    with here.app.app_context(), every_account() as session:
        letters = count.select_from(MESSAGES)
        return (
            session.scalar(count.select_from(SubscriptionRequest)) or 0,
            session.scalar(letters) or 0,
            session.scalar(letters.where(MESSAGES.c.recipient == VICTIM)) or 0,
        )
