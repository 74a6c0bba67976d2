"""Which worker holds which of a lane's connections: a place each, taken before connecting and given back after."""

import secrets
import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kbadmin.delivery.lanes import Terms
from kbadmin.delivery.models import LaneConnection


def take_connection(session: Session, lane: Terms, worker_id: uuid.UUID) -> tuple[int, int] | None:
    """Take one of the lane's connections: its number and the token to give it back with; nothing if all are taken."""
    free = (
        select(LaneConnection.number)
        .where(
            LaneConnection.lane_id == lane.lane_id,
            LaneConnection.number <= lane.connections,
            LaneConnection.worker_id.is_(None),
        )
        .order_by(LaneConnection.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    number = session.scalar(free)
    if number is None:
        return None
    token = secrets.randbits(62)
    one = update(LaneConnection).where(LaneConnection.lane_id == lane.lane_id, LaneConnection.number == number)
    session.execute(one.values(worker_id=worker_id, token=token))
    return number, token


def give_back_connection(session: Session, lane_id: uuid.UUID, number: int, token: int) -> None:
    """Let somebody else open a connection; no effect if it was taken from us meanwhile."""
    one = update(LaneConnection).where(
        LaneConnection.lane_id == lane_id, LaneConnection.number == number, LaneConnection.token == token
    )
    session.execute(one.values(worker_id=None, token=None))


def free_connections(session: Session, worker_id: uuid.UUID) -> None:
    """Let others open the connections that a worker held which is no more."""
    held = update(LaneConnection).where(LaneConnection.worker_id == worker_id)
    session.execute(held.values(worker_id=None, token=None))
