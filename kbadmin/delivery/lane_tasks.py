"""How lanes are woken: by name from whoever enqueues, and by a sweep that finds what no wake-up announced."""

import uuid
from pathlib import Path
from typing import cast

from flask import current_app

from kbadmin import config, engine
from kbadmin.database import db
from kbadmin.delivery import claims
from kbadmin.delivery.carrier import Carrier
from kbadmin.delivery.crew import Crew
from kbadmin.delivery.held_connections import Opener
from kbadmin.delivery.turns import turn
from kbadmin.delivery.workers import Presence
from kbadmin.engine import Engine, sweep, task

CREW = "crew"
FOLDER = "journals"


@task
def deliver_lane(lane_id: str) -> None:
    """Something of this lane may be due. Hands it to the crew; without one (in a test, say) carries it here."""
    crew = crew_of(engine.of(current_app))
    if crew.is_working:
        crew.poke(uuid.UUID(lane_id))
    else:
        carry_here(uuid.UUID(lane_id))


@sweep
def lanes_with_work() -> None:
    """Poke every lane that has something due: its wake-up was lost, or a limit or its breaker made it wait."""
    crew = crew_of(engine.of(current_app))
    with turn() as session:
        due = claims.due_lanes(session)
    for lane_id in due:
        if crew.is_working:
            crew.poke(lane_id)
        else:
            carry_here(lane_id)


def carry_here(lane_id: uuid.UUID) -> None:
    """Carry a lane in this thread until nothing of it is due now."""
    presence = Presence(journals_folder())
    presence.begin()
    carrier = Carrier(presence.id, Opener(journals_folder()))
    held = None
    try:
        while True:
            db.session.remove()
            passed, held = held, None
            rest = carrier.slice(lane_id, passed)
            held = rest.held
            if rest.again_in != 0.0:
                break
    finally:
        db.session.remove()
        carrier.release(held)
        carrier.debts.pay()
        presence.end()


def crew_of(found: Engine) -> Crew:
    """The crew that works beside this engine."""
    return cast("Crew", found.companion(CREW))


def journals_folder() -> Path:
    """Where this installation's journals and lock files lie."""
    return config.current().instance_folder / FOLDER


def _make_crew(made_for: Engine) -> Crew:
    settings = made_for.app.extensions[config.EXTENSION]
    return Crew(made_for, settings.instance_folder / FOLDER, idle_seconds=settings.limits.idle_connection_seconds)


engine.alongside(CREW, _make_crew)
