"""What a slice could not record because it broke, mostly since the database was away: paid as soon as it is back."""

import uuid
from collections import deque
from dataclasses import dataclass, field

from kbadmin.delivery import lane_connections, lanes, marks
from kbadmin.delivery.held_connections import HeldConnection
from kbadmin.delivery.journals import Accepted
from kbadmin.delivery.turns import turn


@dataclass
class Hands:
    """What a slice holds at any moment: its connection, and the lease of the messages under way."""

    lane_id: uuid.UUID
    held: HeldConnection | None = None
    lease_token: int | None = None


@dataclass(frozen=True)
class Debt:
    """The same after the slice broke: acceptances to record, a place in the lane and a lease to give back."""

    lane_id: uuid.UUID
    connection: tuple[int, int] | None
    accepted: tuple[Accepted, ...]
    lease_token: int | None

    def pay(self) -> None:
        """Record and give back; raises what the database raises, and can be tried again."""
        with turn() as session:
            recorded = marks.accept(session, self.accepted)
            lanes.count_results(session, self.lane_id, accepted=recorded)
            if self.lease_token is not None:
                marks.take_back_lease(session, self.lease_token)
            if self.connection is not None:
                lane_connections.give_back_connection(session, self.lane_id, *self.connection)


@dataclass
class Debts:
    """The debts of one worker process."""

    waiting: deque[Debt] = field(default_factory=deque)

    def take_over(self, hands: Hands) -> None:
        """A slice broke: close its connection, and remember the rest. The journal stays until all is recorded."""
        held = hands.held
        if held is not None:
            held.close()
        self.waiting.append(
            Debt(
                lane_id=hands.lane_id,
                connection=(held.number, held.token) if held is not None else None,
                accepted=tuple(held.unrecorded) if held is not None else (),
                lease_token=hands.lease_token,
            )
        )

    def pay(self) -> None:
        """Pay as many as can be paid now."""
        while self.waiting:
            self.waiting[0].pay()
            self.waiting.popleft()
