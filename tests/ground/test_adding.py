"""Rows that there are once: whoever comes second in the same moment goes on with the row of the first."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from kbadmin.access import Role
from kbadmin.adding import added
from kbadmin.audit.operations import Actor
from kbadmin.database import db, new_id, unit_of_work
from kbadmin.delivery import suppression
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.knowledge_bases import roles
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import Kind, OutboxMessage
from kbadmin.outbox.operations import enqueue
from kbadmin.readers import bulk, email_settings, fields, groups, wordings
from kbadmin.readers.bulk_orders import Deed, Order
from kbadmin.readers.email_models import WhenStopped
from kbadmin.readers.fields import LabelTaken
from kbadmin.readers.listing import Wanted
from kbadmin.readers.models import ReaderGroup
from kbadmin.readers.template_models import EmailTemplate, TemplateKind
from kbadmin.readers.wordings import Wording
from kbadmin.subscriptions import settings as subscription_settings
from kbadmin.users import invitations
from kbadmin.users.invitations import Access, AlreadyHere
from tests.at_once import second_meets_first
from tests.databases import on_postgresql
from tests.delivery.outbox import make_service
from tests.factories import add_person, inside
from tests.knowledge_bases.conftest import knowledge_base, make_knowledge_base
from tests.readers import people

__all__ = ["knowledge_base", "make_knowledge_base"]

pytestmark = on_postgresql
OLIVE, ERIC = Actor(None, "Olive"), Actor(None, "Eric")


def test_both_save_the_reader_email_settings_for_the_first_time(app, account):
    def save(hours, actor):
        return lambda: email_settings.change(
            smtp_service_id=None, when_stopped=WhenStopped.WAIT, welcome_hours=hours, actor=actor
        )

    assert second_meets_first(app, account, save(10, OLIVE), save(20, ERIC)) is None
    with inside(app, account):
        assert email_settings.stored().welcome_hours == 20


@pytest.mark.parametrize("has_knowledge_base", [False, True], ids=["account", "knowledge base"])
def test_both_write_the_same_text_for_the_first_time(app, account, knowledge_base, has_knowledge_base):
    of = knowledge_base if has_knowledge_base else None

    def save(subject, actor):
        return lambda: wordings.save(TemplateKind.WELCOME, of, Wording(subject, "Text"), actor=actor)

    assert second_meets_first(app, account, save("First", OLIVE), save("Second", ERIC)) is None
    with inside(app, account):
        assert [row.subject for row in db.session.scalars(select(EmailTemplate))] == ["Second"]


def test_both_choose_a_service_for_the_readers_of_a_knowledge_base(app, account, knowledge_base):
    services = [make_service(app, account, port=2500, name=name) for name in ("One", "Other")]

    def choose(service_id, actor):
        return lambda: email_settings.choose_for(
            db.session.get_one(KnowledgeBase, knowledge_base), service_id, actor=actor
        )

    assert second_meets_first(app, account, choose(services[0], OLIVE), choose(services[1], ERIC)) is None
    with inside(app, account):
        assert email_settings.own_services() == {knowledge_base: services[1]}


def test_both_save_subscription_settings_for_the_first_time(app, account, knowledge_base):
    def save(subject, actor):
        wanted = subscription_settings.Wanted(None, 1, 540, subject)
        return lambda: subscription_settings.change(knowledge_base, wanted, actor=actor)

    assert second_meets_first(app, account, save("First", OLIVE), save("Second", ERIC)) is None
    with inside(app, account):
        assert subscription_settings.stored(knowledge_base).subject == "Second"


def test_both_add_a_field_and_there_are_two(app, account):
    def create(label, actor):
        return lambda: fields.create(label=label, is_required=False, actor=actor)

    assert second_meets_first(app, account, create("Department", OLIVE), create("Site", ERIC)) is None
    with inside(app, account):
        assert [(field.number, field.label) for field in fields.all_fields()] == [(1, "Department"), (2, "Site")]


def test_both_add_the_same_field_and_the_second_hears_that_it_is_there(app, account):
    def create(label, actor):
        return lambda: fields.create(label=label, is_required=False, actor=actor)

    assert second_meets_first(app, account, create("Department", OLIVE), create("department", ERIC)) is LabelTaken


def test_both_invite_the_same_person_and_the_second_hears_that_they_are(app, account):
    def invite(actor):
        return lambda: invitations.invite("new@example.com", Access(Role.WRITER), actor=actor)

    assert second_meets_first(app, account, invite(OLIVE), invite(ERIC)) is AlreadyHere


def test_both_narrow_the_same_member_and_the_last_word_holds(app, account, knowledge_base):
    member = add_person(app, account, Role.EDITOR).membership_id

    def narrow(role, actor):
        return lambda: roles.narrow(member, {knowledge_base: role}, actor=actor)

    assert second_meets_first(app, account, narrow(Role.EDITOR, OLIVE), narrow(Role.WRITER, ERIC)) is None
    with inside(app, account):
        assert [role for _, role in roles.narrowed_members()[member]] == [Role.WRITER]


def test_both_servers_refuse_the_same_address_and_that_is_two_refusals(app, account):
    def note():
        suppression.note_refusal(db.session(), account.id, "reader@example.org", "550 5.1.1 No such user")

    assert second_meets_first(app, account, note, note) is None
    with inside(app, account):
        [found] = db.session.scalars(select(SuppressedAddress))
        assert (found.refusals, found.suppressed_at is None) == (2, False)


def test_both_queue_the_same_message_and_it_is_queued_once(app, account):
    service = make_service(app, account, port=2500)

    def queue(text):
        return lambda: enqueue(
            kind=Kind.NOTICE,
            recipient="owner@example.com",
            subject="Something stopped",
            text=text,
            html=f"<p>{text}</p>",
            deduplication_key="notice:1",
            smtp_service_id=service,
            sender=Sender("from@example.com", None, None),
        )

    assert second_meets_first(app, account, queue("First"), queue("Second")) is None
    with inside(app, account):
        assert len(list(db.session.scalars(select(OutboxMessage)))) == 1


def test_both_put_the_same_readers_into_a_group_and_each_is_in_it_once(app, account):
    readers, group = [people.add(app, account) for _ in range(3)], people.add_group(app, account)
    order = Order(Deed.ADD_TO_GROUP, Wanted(), new_id(), tuple(readers), str(group))

    def do(actor):
        return lambda: bulk.do(order, actor=actor, facts={})

    assert second_meets_first(app, account, do(OLIVE), do(ERIC)) is None
    with inside(app, account):
        assert groups.listed()[0].readers == 3


def test_what_is_wrong_with_the_row_itself_is_still_an_error(app, account):
    with inside(app, account), pytest.raises(IntegrityError), unit_of_work():
        added(EmailTemplate(kind=TemplateKind.RESET), lambda: None)


def test_what_else_is_refused_is_said_to_be(app, account):
    people.add_group(app, account, "Partners")

    def save_with_another_group_of_that_name():
        with unit_of_work(), db.session.no_autoflush:
            db.session.add(ReaderGroup(name="partners", name_key="partners", description=""))
            wordings.save(TemplateKind.WELCOME, None, Wording("a", "b {{set_password_link}}"), actor=OLIVE)

    with inside(app, account), pytest.raises(IntegrityError):
        save_with_another_group_of_that_name()
