"""How long welcomes to many readers take, in words for whoever is about to send them."""

import uuid

from kbadmin.delivery.estimates import estimate
from kbadmin.delivery.mass_plans import waiting
from kbadmin.delivery.waiting import Lanes, look
from kbadmin.readers import bulk, welcome_ways
from kbadmin.readers.bulk_orders import Order
from kbadmin.smtp import operations as smtp


def how_long(order: Order) -> list[str]:
    """«That is 4,200 messages, about 2 h 48 min.»; a sentence for each service, if several carry them."""
    carried = {lane_id: bulk.reached(order, readers) for lane_id, readers in welcome_ways.lanes().items()}
    carried = {lane_id: number for lane_id, number in carried.items() if number}
    services = [found for found in map(smtp.find, carried) if found is not None]
    lanes = look(services)
    said = {lane_id: _words(lane_id, number, lanes) for lane_id, number in carried.items()}
    if len(said) == 1:
        return [f"That is {words}." for words in said.values()]
    return [f"Through {lanes.name(lane_id)}: {words}." for lane_id, words in said.items()]


def _words(lane_id: uuid.UUID, number: int, lanes: Lanes) -> str:
    per_minute, per_day = lanes.limits(lane_id)
    words = estimate(
        min(number, bulk.MOST_COUNTED),
        waiting_before=waiting(lane_id),
        messages_per_minute=per_minute,
        recipients_per_day=per_day,
        sent_today=lanes.sent_today.get(lane_id, 0),
    ).words
    return f"more than {words}" if number > bulk.MOST_COUNTED else words
