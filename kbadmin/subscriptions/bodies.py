"""Bodies of a run: what readers with the same view share, compiled once for each list of items.

What is personal is two slots: the first name, if the writers use it, and the token that both links end with.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import select

from kbadmin import config, logs
from kbadmin.accounts.models import Account
from kbadmin.adding import added
from kbadmin.database import begin_writing, db
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.messages import NotSendable, Sender
from kbadmin.outbox.models import MessageBody
from kbadmin.outbox.operations import compile_body
from kbadmin.outbox.skeletons import Skeleton, slot
from kbadmin.readers.emails import portal_address
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import digest
from kbadmin.subscriptions.items import Item
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestBody, DigestRun
from kbadmin.tenancy import current_account

TOKEN, FIRST_NAME = "token", "first_name"
MOST_REMEMBERED = 2_000
#: A long digest in a script of many bytes may be larger than a message may be: then it lists fewer.
_SHORTER = (digest.MOST_LISTED, 15, 5, 1)

log = logs.get(__name__)


@dataclass(frozen=True)
class Body:
    """A body that is stored. ``names`` are its slots; it holds until its first callout ends."""

    id: uuid.UUID
    subject: str  # for the delivery log
    names: frozenset[str]
    decide_again_at: datetime | None


class Bodies:
    """The bodies of one run, found or made; none for items of which no clean message can be made."""

    def __init__(
        self, run: DigestRun, knowledge_base: KnowledgeBase, settings: SubscriptionSettings, service: SmtpService
    ) -> None:
        self.run_id = run.id
        self._knowledge_base, self._settings = knowledge_base, settings
        self._sender = Sender(service.send_from_address, service.send_from_name, service.reply_to_address)
        self._known: dict[tuple[uuid.UUID, ...], Body | None] = {}

    def of(self, items: Sequence[Item]) -> Body | None:
        """The body for these items. Enters the write section if it has to be made."""
        ids = tuple(one.id for one in items)
        if ids not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[ids] = self._found(items) or self._made(items)
        return self._known[ids]

    def _found(self, items: Sequence[Item]) -> Body | None:
        query = (
            select(MessageBody.id, MessageBody.skeleton)
            .join(DigestBody, DigestBody.body_id == MessageBody.id)
            .where(DigestBody.run_id == self.run_id, DigestBody.items_key == _key(items))
        )
        row = db.session.execute(query).one_or_none()
        return None if row is None else self._body(row.id, Skeleton.from_bytes(row.skeleton).names, items)

    def _made(self, items: Sequence[Item]) -> Body | None:
        begin_writing()
        for most in _SHORTER:
            try:
                body_id = self._compiled(items, most)
            except NotSendable as error:
                log.warning("digest not sendable", run=str(self.run_id), items=len(items), reason=str(error))
                continue
            ids = [str(one.id) for one in items]
            made = DigestBody(run_id=self.run_id, items_key=_key(items), items=ids, body_id=body_id)
            same = select(DigestBody).filter_by(run_id=self.run_id, items_key=made.items_key)
            added(made, partial(db.session.scalar, same))  # Several workers decide again for one run.
            return self._found(items)
        return None

    def _compiled(self, items: Sequence[Item], most: int) -> uuid.UUID:
        said = digest.letter(self._knowledge_base, self._settings, items, _slots(), most=most)
        headers = headers_of(self._knowledge_base)
        return compile_body(self._sender, subject=said.subject, text=said.text, html=said.html, headers=headers)

    def _body(self, body_id: uuid.UUID, names: frozenset[str], items: Sequence[Item]) -> Body:
        shown = digest.subject_of(self._knowledge_base, self._settings, items, {FIRST_NAME: "…"})
        return Body(body_id, shown[:400], names, earliest_end(items))


def parts_for(body: Body, *, token: str, first_name: str) -> dict[str, str]:
    """The personal parts of a message with this body."""
    parts = {TOKEN: token, FIRST_NAME: first_name}
    return {name: parts[name] for name in body.names}


def headers_of(knowledge_base: KnowledgeBase) -> Mapping[str, str]:
    """What mail programs and lists ask for: one click to unsubscribe (RFC 8058), one name of the list (RFC 2919)."""
    links = _slots()
    host = urlsplit(config.current().base_url).hostname
    account = db.session.get_one(Account, current_account()).slug
    return {
        "List-Unsubscribe": f"<{links['unsubscribe_link']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<{knowledge_base.slug}.{account}.{host}>",
        "List-Help": f"<{links['manage_link']}>",
        "Precedence": "bulk",
    }


def earliest_end(items: Sequence[Item]) -> datetime | None:
    """When the first of their callouts ends."""
    return min((one.callout_until for one in items if one.callout_until is not None), default=None)


def _slots() -> dict[str, str]:
    return {
        "first_name": slot(FIRST_NAME),
        "manage_link": portal_address("subscriptions", slot(TOKEN)),
        "unsubscribe_link": portal_address("unsubscribe", slot(TOKEN)),
    }


def _key(items: Sequence[Item]) -> str:
    return hashlib.sha256(" ".join(str(one.id) for one in items).encode()).hexdigest()
