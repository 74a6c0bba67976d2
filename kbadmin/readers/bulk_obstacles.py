"""What a deed for many needs: its target, what its filter names, and, where it writes, somebody who sends."""

import uuid

from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.readers import email_settings, groups
from kbadmin.readers.bulk_orders import EVERYTHING, FOR_ACCESS, FOR_GROUPS, Deed, Order
from kbadmin.readers.listing import NO_GROUP
from kbadmin.readers.welcomes import NobodySends


class TargetGone(LookupError):
    """The group or knowledge base that it is for, or that its readers are found by, was deleted."""


def require(order: Order) -> None:
    """Raises :class:`TargetGone` and :class:`NobodySends`. Nothing is held: any of it may go right afterwards."""
    name_of_target(order)
    if is_filter_gone(order):
        raise TargetGone
    require_sender(order)


def require_sender(order: Order) -> None:
    """Raises :class:`NobodySends` for welcomes that no reader could be sent."""
    if order.deed is Deed.WELCOME and not email_settings.can_send():
        raise NobodySends


def is_filter_gone(order: Order) -> bool:
    """Whether nobody is found because the group or knowledge base that was filtered by is there no more."""
    if order.ids is not None:
        return False
    group, knowledge_base = order.wanted.group, order.wanted.knowledge_base
    if group not in ("", NO_GROUP) and groups.find(uuid.UUID(group)) is None:
        return True
    return bool(knowledge_base) and knowledge_bases.find(uuid.UUID(knowledge_base)) is None


def name_of_target(order: Order) -> str:
    """The name of the group or knowledge base that it is for; none for other deeds. Raises :class:`TargetGone`."""
    if order.deed in FOR_GROUPS:
        group = groups.find(uuid.UUID(order.target))
        if group is None:
            raise TargetGone(order.target)
        return group.name
    if order.deed in FOR_ACCESS and order.target != EVERYTHING:
        knowledge_base = knowledge_bases.find(uuid.UUID(order.target))
        if knowledge_base is None:
            raise TargetGone(order.target)
        return knowledge_base.name
    return order.target
