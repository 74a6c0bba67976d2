"""The verbs of one reader: create, change, disable, enable, delete, find."""

import uuid
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, forget_actors, forget_subjects, record
from kbadmin.database import abandon, begin_writing, db
from kbadmin.delivery.purging import forget_addresses
from kbadmin.email_addresses import NotOneAddress, comparable
from kbadmin.readers import belonging, listeners
from kbadmin.readers.groups import groups_of_domain
from kbadmin.readers.import_models import ReaderImportRow
from kbadmin.readers.keys import keys_of
from kbadmin.readers.models import MOST_FIELDS, Reader, ReaderStatus
from kbadmin.readers.sign_up_models import ReaderSignUp
from kbadmin.readers.signing_out import sign_out
from kbadmin.readers.welcomers import welcome
from kbadmin.seen import Seen, Trail, Values, require_unchanged

FIELD_NAMES = tuple(f"field_{number}" for number in range(1, MOST_FIELDS + 1))
COLUMNS = ("email", "first_name", "last_name", "reads_everything")
NOBODY = Subject("reader", None, "a deleted reader")


class AddressTaken(ValueError):
    """Another reader of the account has this address; ``reader_id`` says who, if we were first to notice."""

    def __init__(self, reader_id: uuid.UUID | None = None) -> None:
        super().__init__("another reader has this address")
        self.reader_id = reader_id


@dataclass(frozen=True)
class Details:
    """What is known of a reader. ``fields`` holds the account's own fields by column, ``field_1`` and so on."""

    email: str
    first_name: str
    last_name: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Belongings:
    """What a reader belongs to and may open; without ``reads_everything`` only what is named."""

    groups: frozenset[uuid.UUID] = frozenset()
    reads_everything: bool = True
    knowledge_bases: frozenset[uuid.UUID] = frozenset()


def create(
    details: Details,
    belongings: Belongings,
    *,
    status: ReaderStatus = ReaderStatus.ACTIVE,
    sends_welcome: bool = False,
    how: str = "reader created",
    actor: Actor,
) -> Reader:
    """A new reader, who joins the groups of their domain as well, and is welcomed if that is wanted and possible.

    Raises :class:`AddressTaken`.
    """
    begin_writing()
    reader = new_reader(details, reads_everything=belongings.reads_everything, status=status, by=actor.label)
    _require_free(reader)
    db.session.add(reader)
    _flush_or_refuse()
    belonging.join([reader.id], {*belonging.known_groups(belongings.groups), *groups_of_domain(reader.email_domain)})
    if not belongings.reads_everything:
        belonging.give_access([reader.id], belongings.knowledge_bases)
    listeners.tell_created([reader])
    record(how, actor=actor, subject=subject_of(reader))
    belonging.visibility_changed()
    if sends_welcome:
        welcome(reader)
    return reader


def shown(reader: Reader) -> Values:
    """What the form of a reader shows: columns of their row, groups, and the knowledge bases that are named."""
    columns = {name: getattr(reader, name) for name in (*COLUMNS, *FIELD_NAMES)}
    return columns | {"groups": belonging.groups_of(reader.id), "knowledge_bases": belonging.access_of(reader.id)}


def change(
    reader_id: uuid.UUID, details: Details, belongings: Belongings, *, seen: Seen | None = None, actor: Actor
) -> Reader:
    """Save what is known of a reader; a new address ends their sessions.

    Raises LookupError, :class:`AddressTaken` and :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    reader = _found(reader_id)
    wanted = _columns_of(details) | vars(belongings)
    trail = Trail(subject_of(reader), ("reader changed", "reader changed their name"))
    require_unchanged(seen, now=shown(reader), wanted=wanted, trail=trail)
    said = _changed(reader, details)
    old_address, moved = reader.email, reader.email != details.email
    fill(reader, details)
    _require_free(reader)
    _flush_or_refuse()
    if moved:
        sign_out([reader.id])
        listeners.tell_moved(reader, old_address)
    everything, named = belongings.reads_everything, belongings.knowledge_bases
    if belonging.replace(
        reader, belongings.groups, reads_everything=everything, named=frozenset() if everything else named
    ):
        said.append("groups or access")
        belonging.visibility_changed()
    if said:
        reader.updated_at = clock.now()
        record("reader changed", actor=actor, subject=subject_of(reader), changed=said)
    return reader


def disable(reader_id: uuid.UUID, *, actor: Actor) -> Reader:
    """Keep the reader and let them in no more, at once.

    Raises LookupError, also for one who waits to be let in: enabling would let in whom nobody approved.
    """
    begin_writing()
    reader = _found(reader_id)
    if reader.status == ReaderStatus.PENDING:
        raise LookupError(reader_id)
    if reader.status != ReaderStatus.DISABLED:
        reader.status, reader.updated_at = ReaderStatus.DISABLED, clock.now()
        sign_out([reader.id])
        listeners.tell_disabled([reader.id])
        record("reader disabled", actor=actor, subject=subject_of(reader))
        belonging.visibility_changed()
    return reader


def enable(reader_id: uuid.UUID, *, actor: Actor) -> Reader:
    """Let a reader in again who was disabled. Raises LookupError."""
    begin_writing()
    reader = _found(reader_id)
    if reader.status == ReaderStatus.DISABLED:
        reader.status, reader.updated_at = ReaderStatus.ACTIVE, clock.now()
        record("reader enabled", actor=actor, subject=subject_of(reader))
        belonging.visibility_changed()
    return reader


def remove(reader_id: uuid.UUID, *, actor: Actor) -> None:
    """Forget everything personal of a reader; what remains is a row that histories can name. Raises LookupError."""
    begin_writing()
    reader = _found(reader_id)
    bury([reader])
    record("reader deleted", actor=actor, subject=Subject("reader", reader.id, NOBODY.label))
    belonging.visibility_changed()


def bury(readers: list[Reader]) -> None:
    """The part of :func:`remove` that many readers share: call it in a write section."""
    ids = [reader.id for reader in readers]
    listeners.tell_leaving(readers)
    forget_addresses([reader.email for reader in readers], people=ids)
    known = [reader.email_key for reader in readers]
    for model in (ReaderImportRow, ReaderSignUp):
        db.session.execute(delete(model).where(model.email_key.in_(known)))
    sign_out(ids)
    forget_subjects("reader", ids, label=NOBODY.label)
    forget_actors(ids, label=NOBODY.label)
    for reader in readers:
        for name in ("email", "email_domain", "first_name", "last_name", "sort_key", "name_key", *FIELD_NAMES):
            setattr(reader, name, "")
        reader.email_key = reader.password_hash = reader.password_changed_at = None
        reader.welcome_message_id = reader.welcomed_at = reader.welcome_cleared_at = reader.signed_in_at = None
        reader.status, reader.reads_everything = ReaderStatus.DISABLED, False
        reader.deleted_at = reader.updated_at = clock.now()
    belonging.forget(ids)


def find(reader_id: uuid.UUID) -> Reader | None:
    """One reader of the account, or nothing if they are another's, deleted, or none at all."""
    return db.session.scalar(select(Reader).where(Reader.id == reader_id, Reader.deleted_at.is_(None)))


def find_by_address(email: str) -> Reader | None:
    """The reader with this address, in whatever letters it was typed."""
    try:
        key = comparable(email)
    except NotOneAddress:
        return None
    return db.session.scalar(select(Reader).filter_by(email_key=key))


def new_reader(details: Details, *, reads_everything: bool, status: ReaderStatus, by: str) -> Reader:
    """A row that has not been added yet."""
    reader = Reader(reads_everything=reads_everything, status=status, created_by=by)
    fill(reader, details)
    return reader


def fill(reader: Reader, details: Details) -> None:
    """Set what is known of a reader, and the keys that follow from it."""
    reader.email, reader.first_name, reader.last_name = details.email, details.first_name, details.last_name
    for name, value in details.fields.items():
        setattr(reader, name, value)
    for name, value in asdict(keys_of(details.email, details.first_name, details.last_name)).items():
        setattr(reader, name, value)


def subject_of(reader: Reader) -> Subject:
    """A reader as the audit log knows them."""
    return Subject("reader", reader.id, reader.label)


def _changed(reader: Reader, details: Details) -> list[str]:
    return [name for name, value in _columns_of(details).items() if getattr(reader, name) != value]


def _columns_of(details: Details) -> dict[str, str]:
    own = details.fields
    return {"email": details.email, "first_name": details.first_name, "last_name": details.last_name} | own


def _found(reader_id: uuid.UUID) -> Reader:
    query = select(Reader).where(Reader.id == reader_id, Reader.deleted_at.is_(None))
    reader = db.session.scalar(query.with_for_update())
    if reader is None:
        raise LookupError(reader_id)
    return reader


def _require_free(reader: Reader) -> None:
    with db.session.no_autoflush:
        query = select(Reader.id).where(Reader.email_key == reader.email_key, Reader.id != reader.id)
        taken = db.session.scalar(query)
    if taken is not None:
        abandon()
        raise AddressTaken(taken)


def _flush_or_refuse() -> None:
    """Somebody else may take the address between our look and our row: the database has the last word."""
    try:
        db.session.flush()
    except IntegrityError:
        abandon()
        raise AddressTaken from None
