"""A knowledge base to work in, and a picture to upload."""

import io

import pytest
from PIL import Image

from kbadmin.audit.operations import Actor
from kbadmin.database import unit_of_work
from kbadmin.knowledge_bases import operations
from kbadmin.knowledge_bases.models import Audience
from tests.factories import inside


@pytest.fixture
def make_knowledge_base(app, account):
    """``make_knowledge_base("Customer Help")`` answers its id."""

    def make(name="Customer Help", *, of=account, **values):
        with inside(app, of), unit_of_work():
            wanted = {"time_zone": "Europe/Berlin", "audience": Audience.READERS} | values
            return operations.create(name=name, actor=Actor(of.owner.id, "Olive"), **wanted).id

    return make


@pytest.fixture
def knowledge_base(make_knowledge_base):
    return make_knowledge_base()


def picture(kind="PNG", *, size=(20, 10), mode="RGB", **options):
    """The bytes of a picture."""
    written = io.BytesIO()
    Image.new(mode, size, "red").save(written, kind, **options)
    return written.getvalue()
