"""Deeds for many readers whose rest does not follow by itself, and the paths to their pages."""

from kbadmin.database import db, new_id
from kbadmin.readers.bulk_models import Ended, ReaderBulkDeed
from kbadmin.readers.bulk_orders import Deed, Order
from kbadmin.readers.listing import Wanted


def furnish_deeds() -> dict[str, str]:
    """One that ended early, one that must be begun anew, and one that goes on; in the caller's account."""
    deeds = {
        "deed that ended": (Deed.DISABLE, Ended.INTERRUPTED),
        "deletion that ended": (Deed.DELETE, Ended.INTERRUPTED),
        "deed under way": (Deed.ENABLE, None),
    }
    return {name: f"/readers/bulk/{_left(deed, ended).id}" for name, (deed, ended) in deeds.items()}


def _left(deed: Deed, ended: Ended | None) -> ReaderBulkDeed:
    order = Order(deed, Wanted(text="example"), until=new_id())
    left = ReaderBulkDeed(wanted=order.as_json(), after=new_id(), number=250, ended=ended, begun_by={"label": "Olive"})
    db.session.add(left)
    db.session.flush()
    return left
