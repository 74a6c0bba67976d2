"""The blueprint that the pages of this room hang on; its modules are gathered in routes.py."""

import uuid

from flask import Blueprint, abort

from kbadmin.readers import operations, tabs
from kbadmin.readers.models import Reader

blueprint = Blueprint("readers", __name__)
# A global, as macros of an imported template see nothing else.
blueprint.record_once(lambda state: state.app.jinja_env.globals.update(reader_tabs=tabs.drawn))


def reader_or_404(reader_id: uuid.UUID) -> Reader:
    """One reader of the account."""
    reader = operations.find(reader_id)
    if reader is None:
        abort(404)
    return reader
