"""A slice of a lane's work: one connection, some claims, and what became of each message.

Slices are short, so that lanes take turns; the connection stays open in between. Nothing is open in the database
while we wait for a server. The order inside is what keeps the promise: claim, submit, note the reply in the journal
as it is read, record it, and only then forget the note.
"""

import itertools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from kbadmin.delivery import claims, lane_connections, lanes, marks, outcomes
from kbadmin.delivery.claims import Claim
from kbadmin.delivery.contents import Broken
from kbadmin.delivery.debts import Debts, Hands
from kbadmin.delivery.decisions import Failure
from kbadmin.delivery.held_connections import HeldConnection, Opener
from kbadmin.delivery.journals import Accepted
from kbadmin.delivery.lanes import Terms
from kbadmin.delivery.leases import Claimed
from kbadmin.delivery.service_troubles import ServiceGone, ServiceTrouble, strike
from kbadmin.delivery.turns import beside, turn
from kbadmin.smtp.failures import Stage, SubmissionFailed
from kbadmin.smtp.multiplexing import aside
from kbadmin.smtp.outgoing import Submitted

SLICE_SECONDS = 1.0
BUSY_SECONDS = 1.0
LOOK_SECONDS = 0.25  # Until then somebody's change of the service is not noticed.
MARK_SECONDS = 1.0


@dataclass(frozen=True)
class Rest:
    """What is left after a slice: when to come again (seconds; none: not until woken), and the open connection."""

    again_in: float | None = None
    held: HeldConnection | None = None


def _nobody_else() -> None:
    """For whoever carries alone."""


@dataclass
class _Batch:
    """One claim under way."""

    claim: Claim
    waiting: dict[int, Claimed] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    @property
    def is_untouched(self) -> bool:
        """Whether not one message of the claim came to a result."""
        return len(self.waiting) == len(self.claim.messages)


class Carrier:
    """Carries a lane's messages for one worker process."""

    def __init__(self, worker_id: uuid.UUID, opener: Opener) -> None:
        self.worker_id = worker_id
        self.opener = opener
        self.is_stopping = False
        self.debts = Debts()

    def slice(
        self, lane_id: uuid.UUID, held: HeldConnection | None, *, on_full: Callable[[], None] = _nobody_else
    ) -> Rest:
        """Work on a lane for about a second, over ``held`` or a connection of our own.

        ``on_full`` is called once if there is more than one claim holds.
        """
        hands = Hands(lane_id, held)
        try:
            return self._slice(hands, on_full)
        except BaseException:
            self.debts.take_over(hands)
            raise

    def _slice(self, hands: Hands, on_full: Callable[[], None]) -> Rest:
        lane_id, looked_at = hands.lane_id, time.monotonic()
        with turn() as session:
            terms = lanes.terms(session, lane_id)
            if terms.is_gone:
                outcomes.hold_all(session, lane_id, "Its SMTP service was deleted. Send it again through another one.")
            has_due = terms.is_open and (claims.promote(session, lane_id) > 0 or claims.has_due(session, lane_id))
            due_in = claims.next_due_in(session, lane_id) if terms.is_open and not has_due else None
        if not terms.is_open:
            self._release(hands)
            return Rest(terms.opens_in)
        if hands.held is not None and not hands.held.fits(terms):
            self._release(hands)
        if not has_due:
            return Rest(due_in, hands.held)
        try:
            held = hands.held = self._connected(terms, hands)
        except ServiceGone:
            return Rest()
        except ServiceTrouble as found:
            return Rest(strike(terms, found))
        if held is None:
            return Rest(BUSY_SECONDS)  # Every connection is somebody's: they, or we later, carry on.
        return self._work(terms, looked_at, hands, held, on_full)

    def release(self, held: HeldConnection | None) -> None:
        """Close a connection and let others have its place."""
        if held is None:
            return
        held.close()
        with turn() as session:
            lane_connections.give_back_connection(session, held.lane_id, held.number, held.token)

    def _release(self, hands: Hands) -> None:
        held, hands.held = hands.held, None
        self.release(held)

    def _work(
        self, terms: Terms, looked_at: float, hands: Hands, held: HeldConnection, on_full: Callable[[], None]
    ) -> Rest:
        """``looked_at`` is when the terms were read: connecting may have taken long since."""
        until = time.monotonic() + SLICE_SECONDS
        while not self.is_stopping and time.monotonic() < until and held.is_usable:
            terms, looked_at, claim = beside(partial(self._next_claim, terms, looked_at, hands, held))
            if claim is None:
                break
            held.forget_recorded()
            if not claim.messages:
                return Rest(claim.again_in, held)
            if claim.is_full:
                on_full()
                on_full = _nobody_else
            began = time.monotonic()
            trouble = self._carry(terms, held, claim, until)
            held.note_pace(len(claim.messages), time.monotonic() - began)
            hands.lease_token = None
            if trouble is not None:
                self._record(terms, held)
                self._release(hands)
                return Rest(strike(terms, trouble))
        self._record(terms, held)
        if not held.is_usable:
            self._release(hands)
        return Rest(0.0, hands.held)

    def _next_claim(
        self, terms: Terms, looked_at: float, hands: Hands, held: HeldConnection
    ) -> tuple[Terms, float, Claim | None]:
        """Record what was accepted and claim more, in one transaction; no claim if this connection is at its end."""
        with turn(survives_power_cut=not terms.is_fast) as session:
            outcomes.record_accepted(session, terms, held.unrecorded)
            if time.monotonic() > looked_at + LOOK_SECONDS:
                terms, looked_at = lanes.terms(session, terms.lane_id), time.monotonic()
                claims.promote(session, terms.lane_id)
            if not terms.is_open or not held.fits(terms):
                return terms, looked_at, None
            claim = claims.claim(session, terms, self.worker_id, most=held.batch)
            hands.lease_token = claim.token
            held.contents.load(session, claim.messages)
        return terms, looked_at, claim

    def _connected(self, terms: Terms, hands: Hands) -> HeldConnection | None:
        if hands.held is not None:
            if hands.held.is_ready():
                return hands.held
            self._release(hands)
        with turn() as session:
            taken = lane_connections.take_connection(session, terms, self.worker_id)
        if taken is None:
            return None
        number, token = taken
        try:
            return aside(lambda: self.opener.open(terms, number, token, self.worker_id))
        except BaseException:
            with turn() as session:
                lane_connections.give_back_connection(session, terms.lane_id, number, token)
            raise

    def _carry(self, terms: Terms, held: HeldConnection, claim: Claim, until: float) -> ServiceTrouble | None:
        """Submit one claim and record all of it; answers what the service itself did wrong, if it did."""
        batch = _Batch(claim, {one.id: one for one in claim.messages})
        made = held.contents.made(claim.messages, batch.broken)
        in_time = itertools.takewhile(lambda _: time.monotonic() < until and not self.is_stopping, made)
        before_data = _note_of_data(claim) if terms.holds_uncertain else None
        results = held.connection.submit(held.envelope_from, in_time, before_data=before_data)
        trouble: ServiceTrouble | None = None
        try:
            for result in results:
                trouble = self._settle(terms, held, batch, result)
                if trouble is not None:
                    break
        finally:
            results.close()
            self._finish(terms, batch)
        if trouble is None and held.connection.ended is not None and batch.is_untouched and not held.has_worked:
            trouble = ServiceTrouble.of(Failure.of(held.connection.ended), is_oauth=held.is_oauth)
        return trouble

    def _settle(self, terms: Terms, held: HeldConnection, batch: _Batch, result: Submitted) -> ServiceTrouble | None:
        claimed = batch.waiting.pop(result.key)
        if result.failed is not None and held.has_worked and _was_hung_up(result.failed):
            batch.waiting[claimed.id] = claimed  # Nobody's fault: servers hang up on who was quiet. Connect again.
            return None
        if result.failed is not None:
            return outcomes.after_failure(terms, claimed, batch.claim.token, result.failed, is_oauth=held.is_oauth)
        accepted = Accepted(claimed.id, batch.claim.token, str(result.reply))
        held.journal.append(accepted)
        held.unrecorded.append(accepted)
        held.has_worked = True
        if time.monotonic() - held.recorded_at > MARK_SECONDS:
            self._record(terms, held)
        return None

    def _record(self, terms: Terms, held: HeldConnection) -> None:
        """Record acceptances by themselves; otherwise they go along with the next claim."""
        if held.unrecorded:
            with turn(survives_power_cut=not terms.is_fast) as session:
                outcomes.record_accepted(session, terms, held.unrecorded)
        held.forget_recorded()

    def _finish(self, terms: Terms, batch: _Batch) -> None:
        """Whatever happened: settle what is broken, give the rest back."""
        for broken in batch.broken:
            batch.waiting.pop(broken.claimed.id, None)
            outcomes.settle_broken(terms, broken, batch.claim.token)
        if batch.waiting:
            outcomes.give_back(terms, list(batch.waiting.values()), batch.claim.token)


def _was_hung_up(failed: SubmissionFailed) -> bool:
    """Whether the connection had ended before the server heard of the message."""
    return failed.stage is Stage.SENDER and failed.reply is None and failed.kind == "connection_lost"


def _note_of_data(claim: Claim) -> Callable[[int], None]:
    def note(message_id: int) -> None:
        with turn() as session:
            marks.begin_data(session, claim.token, message_id)

    return note
