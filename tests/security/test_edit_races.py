"""Two who have seen the same save in the same moment: the second one waits for the first, and is told."""

from collections.abc import Callable
from typing import Any

import pytest

from kbadmin import seen
from kbadmin.access import Role
from kbadmin.articles import categories
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases import roles
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.portal import profiles
from kbadmin.readers import email_settings, fields, groups, operations, wordings
from kbadmin.readers.email_models import WhenStopped
from kbadmin.readers.operations import Belongings, Details
from kbadmin.readers.template_models import TemplateKind
from kbadmin.readers.wordings import Wording
from kbadmin.seen import ChangedMeanwhile, Seen, Values
from kbadmin.subscriptions import settings as subscriptions
from kbadmin.users import team
from kbadmin.users.invitations import Access
from kbadmin.users.models import Membership
from tests import factories
from tests.articles.conftest import Shelves
from tests.at_once import second_meets_first
from tests.databases import on_postgresql
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.readers import people
from tests.readers.people import OLIVE

Save = Callable[[int, Seen | None], object]  # with a number to tell two apart
WELCOME = TemplateKind.WELCOME


class Rooms:
    """For each form what it shows now, and how it is saved."""

    def __init__(self, app, account):
        shelves = Shelves(app, account)
        self.here, self.shelf = shelves.id, shelves.category()
        self.services = [make_service(app, account, port=2500, name=f"Relay {number}") for number in range(3)]
        self.someone, self.some = people.add(app, account, "zoe@example.com"), people.add_group(app, account)
        self.there = Shelves(app, account, name="Other").id
        self.colleague = factories.add_person(app, account, Role.EDITOR).membership_id
        self.owner = Actor(account.owner.id, "Olive")
        with shelves.writing():
            self.own = fields.create(label="Department", is_required=False, actor=OLIVE).id

    def settings(self) -> tuple[Values, Save]:
        now = knowledge_bases.shown(self._base())

        def save(number: int, seen: Seen | None) -> object:
            wanted = {name: value for name, value in now.items() if name != "logo"}
            settings = knowledge_bases.Settings(**wanted | {"description": f"Number {number}"})
            return knowledge_bases.change_settings(self.here, settings, seen=seen, actor=OLIVE)

        return now, save

    def subscription_settings(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            wanted = subscriptions.Wanted(None, 1, 540 + number, "Subject")
            return subscriptions.change(self.here, wanted, seen=seen, actor=OLIVE)

        return subscriptions.shown(subscriptions.stored(self.here)), save

    def reader_emails(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            values: dict[str, Any] = {"smtp_service_id": None, "when_stopped": WhenStopped.WAIT}
            return email_settings.change(**values, welcome_hours=10 + number, seen=seen, actor=OLIVE)

        return email_settings.shown(email_settings.stored()), save

    def service(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            return email_settings.choose_for(self._base(), self.services[number], seen=seen, actor=OLIVE)

        return {"smtp_service_id": email_settings.own_service_id(self.here)}, save

    def text(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            return wordings.save(WELCOME, self.here, Wording(f"Number {number}", "Text"), seen=seen, actor=OLIVE)

        return wordings.wording(WELCOME, self.here).stored, save

    def reader(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            details = Details("zoe@example.com", f"Number {number}", "", {})
            return operations.change(self.someone, details, Belongings(), seen=seen, actor=OLIVE)

        return operations.shown(operations.find(self.someone)), save

    def group(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            wanted: dict[str, Any] = {"name": f"Number {number}", "description": "", "domains": []}
            return groups.change(self.some, **wanted, seen=seen, actor=OLIVE)

        return groups.shown(groups.find(self.some)), save

    def field(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            return fields.change(self.own, label=f"Number {number}", is_required=False, seen=seen, actor=OLIVE)

        return fields.shown(fields.find(self.own)), save

    def category(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            return categories.change(
                self.here, self.shelf, categories.Wanted(f"Number {number}"), seen=seen, actor=OLIVE
            )

        return categories.shown(categories.find(self.here, self.shelf)), save

    def access(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            access = [Access(Role.EDITOR, manages_readers=True), Access(Role.OWNER), Access(Role.WRITER)][number]
            return team.change_access(self.colleague, access, seen=seen, actor=self.owner)

        return team.shown(self._colleague()), save

    def narrowed(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            named = [{}, {self.here: Role.WRITER}, {self.there: Role.EDITOR}][number]
            return roles.narrow(self.colleague, named, seen=seen, actor=self.owner)

        return roles.shown(roles.roles_of(self._colleague()), [self.here, self.there]), save

    def own_name(self) -> tuple[Values, Save]:
        def save(number: int, seen: Seen | None) -> object:
            name: dict[str, Any] = {"first_name": f"Number {number}", "last_name": ""}
            return profiles.rename(self.someone, **name, seen=seen, network_address="")

        return profiles.shown(operations.find(self.someone)), save

    def _colleague(self) -> Membership:
        return db.session.get_one(Membership, self.colleague)

    def _base(self) -> KnowledgeBase:
        return db.session.get_one(KnowledgeBase, self.here)


FORMS = (
    "settings",
    "subscription_settings",
    "reader_emails",
    "service",
    "text",
    "reader",
    "group",
    "field",
    "category",
    "access",
    "narrowed",
    "own_name",
)


@on_postgresql
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_first", [True, False], ids=["first save", "later save"])
def test_of_two_who_have_seen_the_same_the_second_writes_nothing(app, account, form, is_first):
    rooms = Rooms(app, account)
    if not is_first:
        with inside(app, account), unit_of_work():
            getattr(rooms, form)()[1](0, None)
    with inside(app, account):
        shown, save = getattr(rooms, form)()
        opened = seen.read(seen.stamp(shown))

    raised = second_meets_first(app, account, lambda: save(1, opened), lambda: save(2, opened))

    assert raised is ChangedMeanwhile
    with inside(app, account):
        assert "Number 2" not in str(getattr(rooms, form)()[0])
