"""What a welcome and a reset say: the knowledge base's own words, else the account's, else ours."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import or_, select

from kbadmin import clock
from kbadmin.adding import added
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.outbox.merge_fields import MergeField
from kbadmin.paths import shipped
from kbadmin.readers.template_models import EmailTemplate, TemplateKind
from kbadmin.seen import Seen, Trail, Values, require_unchanged
from kbadmin.tenancy import current_account

FIELDS: Sequence[MergeField] = (
    MergeField("first_name", "First name, or the address without one", "Zoë"),
    MergeField("last_name", "Last name", "Meyer"),
    MergeField("email", "E-mail address, with which the reader signs in", "zoe@example.com"),
    MergeField("company", "Name of this account", ""),
    MergeField("knowledge_base", "Name of the knowledge base, or of all the reader may open", "Help"),
    MergeField("knowledge_base_link", "Address of the knowledge base", "https://kb.example.com/help", is_link=True),
    MergeField("set_password_link", "One-time link to choose a password", "https://kb.example.com/…", is_link=True),
    MergeField("link_lifetime", "How long that link works", "72 hours"),
)
CHANGED, RESET = "reader e-mail text changed", "reader e-mail text reset"
#: Without it a reader could not go on.
REQUIRED = ("set_password_link",)
#: In a subject a link would be readable on every way.
SUBJECT_FIELDS = tuple(field for field in FIELDS if not field.is_link)

SHOWN = ("subject", "body", "from_name", "reply_to")
_FOLDERS = {TemplateKind.WELCOME: "reader_welcome", TemplateKind.RESET: "reader_reset"}


@dataclass(frozen=True)
class Wording:
    """What one kind of e-mail says. ``is_own``: written for exactly what was asked for; otherwise handed down."""

    subject: str
    body: str
    from_name: str = ""
    reply_to: str = ""
    is_own: bool = False

    @property
    def stored(self) -> Values:
        """What is stored for exactly what was asked for; nothing of what is handed down."""
        return {name: getattr(self, name) for name in SHOWN} if self.is_own else {}


@lru_cache
def ours(kind: TemplateKind) -> Wording:
    """What we say where nobody wrote anything."""
    folder = shipped("templates") / "emails" / _FOLDERS[kind]
    subject, body = ((folder / name).read_text(encoding="utf-8") for name in ("subject.txt", "body.md"))
    return Wording(subject.strip(), body)


def wording(kind: TemplateKind, knowledge_base_id: uuid.UUID | None = None) -> Wording:
    """What is said to readers of this knowledge base, or of the account as a whole; one query."""
    rows = db.session.scalars(
        select(EmailTemplate).where(
            EmailTemplate.kind == kind,
            or_(EmailTemplate.knowledge_base_id.is_(None), EmailTemplate.knowledge_base_id == knowledge_base_id),
        )
    )
    found = {row.knowledge_base_id: row for row in rows}
    row = found.get(knowledge_base_id) or found.get(None)
    if row is None:
        return ours(kind)
    is_own = row.knowledge_base_id == knowledge_base_id
    return Wording(row.subject, row.body, row.from_name, row.reply_to, is_own)


def after_default(kind: TemplateKind, knowledge_base_id: uuid.UUID | None) -> Wording:
    """What is said once the own words are gone: the account's, or ours."""
    return ours(kind) if knowledge_base_id is None else wording(kind)


def written() -> set[tuple[TemplateKind, uuid.UUID | None]]:
    """For which kinds and knowledge bases (none: the account) somebody wrote words of their own."""
    rows = db.session.execute(select(EmailTemplate.kind, EmailTemplate.knowledge_base_id))
    return {(TemplateKind(kind), knowledge_base_id) for kind, knowledge_base_id in rows}


def save(
    kind: TemplateKind,
    knowledge_base_id: uuid.UUID | None,
    wanted: Wording,
    *,
    seen: Seen | None = None,
    actor: Actor,
) -> None:
    """Say this from now on; what is queued already stays as it was. Raises :class:`kbadmin.seen.ChangedMeanwhile`."""
    begin_writing()
    made = EmailTemplate(kind=kind, knowledge_base_id=knowledge_base_id, subject=wanted.subject, body=wanted.body)
    row = _found(kind, knowledge_base_id) or added(made, lambda: _found(kind, knowledge_base_id))
    about = {"kind": kind.value, "of": _of(knowledge_base_id)}
    now = {name: getattr(row, name) for name in SHOWN} if row is not made else {}
    asked = {name: getattr(wanted, name) for name in SHOWN}
    require_unchanged(seen, now=now, wanted=asked, trail=Trail(_subject(), (CHANGED, RESET), about))
    row.subject, row.body = wanted.subject, wanted.body
    row.from_name, row.reply_to = wanted.from_name, wanted.reply_to
    row.updated_at, row.updated_by = clock.now(), actor.label
    record(CHANGED, actor=actor, subject=_subject(), kind=about["kind"], of=about["of"])


def back_to_default(kind: TemplateKind, knowledge_base_id: uuid.UUID | None, *, actor: Actor) -> None:
    """Say again what the account says, or what we do."""
    begin_writing()
    row = _found(kind, knowledge_base_id)
    if row is not None:
        db.session.delete(row)
        record(RESET, actor=actor, subject=_subject(), kind=kind.value, of=_of(knowledge_base_id))


def _found(kind: TemplateKind, knowledge_base_id: uuid.UUID | None) -> EmailTemplate | None:
    query = select(EmailTemplate).where(
        EmailTemplate.kind == kind, EmailTemplate.knowledge_base_id.is_not_distinct_from(knowledge_base_id)
    )
    return db.session.scalar(query.with_for_update())


def _of(knowledge_base_id: uuid.UUID | None) -> str:
    return str(knowledge_base_id) if knowledge_base_id else "account"


def _subject() -> Subject:
    return Subject("reader e-mail settings", current_account(), "Reader e-mails")
