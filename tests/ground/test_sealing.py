"""Sealed attributes: a secret is bound to its row and to the server it is for."""

import pytest

from kbadmin.database import db, unit_of_work
from kbadmin.encryption import Secret, Unreadable
from kbadmin.outbox.models import OutboxMessage
from kbadmin.sealing import SEALED
from kbadmin.smtp.models import SmtpService
from tests.factories import inside
from tests.house.rows import make_row


@pytest.fixture
def service_id(app, account):
    with inside(app, account), unit_of_work():
        service = make_row(SmtpService)
        service.password = Secret("hunter2hunter2")
        return service.id


def test_a_password_is_stored_sealed_and_read_back(app, account, service_id):
    with inside(app, account):
        service = db.session.get(SmtpService, service_id)
        assert service.password == Secret("hunter2hunter2")
        assert service.password_sealed.startswith("v1.test.")
        assert "hunter2" not in service.password_sealed


@pytest.mark.parametrize(("part", "value"), [("host", "evil.example.net"), ("port", 2525), ("username", "other")])
def test_a_service_that_points_elsewhere_cannot_open_its_password(app, account, service_id, part, value):
    with inside(app, account):
        service = db.session.get(SmtpService, service_id)
        setattr(service, part, value)
        with pytest.raises(Unreadable):
            _ = service.password


def test_a_password_copied_to_another_service_does_not_open(app, account, service_id):
    with inside(app, account), unit_of_work():
        thief = make_row(SmtpService)
        thief.password_sealed = db.session.get(SmtpService, service_id).password_sealed
        with pytest.raises(Unreadable):
            _ = thief.password


def test_no_secret_is_none(app, account):
    with inside(app, account), unit_of_work():
        service = make_row(SmtpService)
        assert service.password is None
        service.password = Secret("x")
        service.password = None
        assert service.password_sealed is None


def test_every_sealed_column_exists_and_is_known_to_key_rotation(app):
    assert {(sealed.model.__tablename__, sealed.attribute.column) for sealed in SEALED} == {
        (mapper.local_table.name, column.name)
        for mapper in OutboxMessage.registry.mappers
        for column in mapper.local_table.columns
        if column.name.endswith("_sealed")
    }
