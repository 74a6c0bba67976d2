"""An account with a row of everything, every route's addresses with these rows' ids, and what is stored, to compare."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from sqlalchemy import MetaData, select
from werkzeug.routing import Rule

from kbadmin import clock, links
from kbadmin.articles.models import Article, ArticleRevision, ArticleStatus, Category
from kbadmin.audit.operations import COMMAND_LINE, Actor, record
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import Outcome, SuppressedAddress, TestRun
from kbadmin.encryption import Secret, fingerprint
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Attachment, Audience, KnowledgeBase
from kbadmin.links import OneTimeLink, Purpose
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import DeliveryAttempt, Kind, OutboxMessage, Status
from kbadmin.outbox.operations import enqueue
from kbadmin.readers.bulk_models import Ended, ReaderBulkDeed
from kbadmin.readers.bulk_orders import Deed, Order
from kbadmin.readers.import_models import Plan, ReaderImport, ReaderImportRow, Stage
from kbadmin.readers.listing import Wanted
from kbadmin.readers.models import Reader, ReaderField, ReaderGroup, ReaderGroupMember
from kbadmin.readers.template_models import TemplateKind
from kbadmin.smtp.models import OAuthFlow, SmtpService
from kbadmin.smtp.security import Authentication, Security
from kbadmin.subscriptions import subscribing
from kbadmin.subscriptions.models import Source, SubscriptionSettings, Target
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from kbadmin.subscriptions.subscriber_import_models import SubscriberImport
from kbadmin.users.deeds import DEEDS
from kbadmin.users.models import Membership, User, UserSession
from tests.factories import OpenedAccount, add_person, inside

MARK = "Marker-Of-Acme"
HOST = "marker-of-acme.example.com"
STATE = "state-of-acme-" + "s" * 30
CLIENT_ID = "6731de76-14a6-49ae-97bc-6eba6914391e"


@dataclass(frozen=True)
class Filled:
    """Ids of one account's rows: what may stand in the variable parts of an address, by name."""

    account: OpenedAccount
    values: dict[str, list[str]]

    def addresses(self, rule: Rule) -> Iterator[str]:
        """The addresses of a route with every combination of these values; KeyError for a part nobody named."""
        names = sorted(rule.arguments)
        for chosen in itertools.product(*(self.values[name] for name in names)):
            found = rule.build(dict(zip(names, chosen, strict=True)), append_unknown=False)
            assert found is not None, rule
            yield found[1]


def fill(app: Flask, account: OpenedAccount) -> Filled:
    """Give this account services, a test, people, an invitation, links, a flow under way, lines in the audit log."""
    colleague = add_person(app, account, "writer", name=f"{MARK} Colleague", email=f"colleague@{HOST}")
    with inside(app, account), unit_of_work():
        knowledge_base, article, revision_id, picture_id = _knowledge_base()
        service, waiting = oauth_service(), _password_service()
        db.session.add_all([service, waiting])
        db.session.flush()
        message = enqueue(
            kind=Kind.TEST, recipient=f"somebody@{HOST}", subject=MARK, text=MARK, html=MARK,
            sender=Sender(f"from@{HOST}"), deduplication_key="test:marker", smtp_service_id=service.id,
        )  # fmt: skip
        run = TestRun(
            smtp_service_id=service.id, configuration_version=1, outbox_public_id=message.public_id,
            recipient=f"somebody@{HOST}", requested_by=MARK, outcome=Outcome.FAILED,
            failure={"stage": "reach", "kind": "unreachable", "at": clock.now().isoformat()},
        )  # fmt: skip
        invited = User(email=f"invited@{HOST}", email_key=f"invited@{HOST}")
        failed = _failed_message(service)
        suppressed = SuppressedAddress(address=f"gone@{HOST}", refusals=2, last_reply=MARK, suppressed_at=clock.now())
        db.session.add_all([run, invited, failed, suppressed])
        db.session.flush()
        facts = {"stage": "recipient", "kind": "refused", "code": 550, "enhanced": "5.1.1", "text": MARK}
        db.session.add(DeliveryAttempt(outbox_message_id=failed.id, outcome="fail_recipient", facts=facts))
        open_invitation = Membership(user_id=invited.id, role="editor")
        session = UserSession(
            fingerprint=fingerprint("colleague's"), user_id=colleague.id, account_id=account.id,
            expires_at=clock.now() + timedelta(hours=1),
        )  # fmt: skip
        flow = OAuthFlow(
            id=uuid.uuid4(), state_fingerprint=fingerprint(STATE), session_id=session.id or uuid.uuid4(),
            user_id=account.owner.id, account_id=account.id, service_id=service.id, configuration_version=1,
            issuer="https://login.example.com", token_endpoint="https://login.example.com/token",
            expires_at=clock.now() + timedelta(minutes=10),
        )  # fmt: skip
        flow.nonce, flow.code_verifier = Secret("nonce-of-acme"), Secret("verifier-of-acme")
        db.session.add_all([open_invitation, session, flow])
        db.session.flush()
        for purpose, subject in [
            (Purpose.INVITATION, open_invitation.id),
            (Purpose.SET_PASSWORD, colleague.id),
            (Purpose.ADMIN_CONSENT, service.id),
        ]:
            links.hand_out(purpose, subject_id=subject, lifetime=timedelta(days=1), account_id=account.id)
        db.session.flush()
        record("smtp service created", actor=COMMAND_LINE, note=MARK)
        fingerprints = list(db.session.scalars(select(OneTimeLink.fingerprint)))
        values = _readers() | {
            "service_id": [str(service.id), str(waiting.id)],
            "run_id": [str(run.id)],
            "message_id": [str(failed.public_id)],
            "address_id": [str(suppressed.id)],
            "membership_id": [str(colleague.membership_id), str(open_invitation.id)],
            "session_id": [str(session.id)],
            "knowledge_base_id": [str(knowledge_base.id)],
            "picture_id": [picture_id],
            # The portal's addresses.
            "account": [account.slug],
            "knowledge_base": [knowledge_base.slug, "no-such"],
            "slug": [article.slug, "no-such"],
            "article_id": [str(article.id)],
            "category_id": [str(article.category_id)],
            "revision_id": [str(revision_id)],
            "digest_id": [str(_digest(knowledge_base))],
            "subscriber_import_id": [str(_subscriber_import(knowledge_base))],
            "image_id": [picture_id],
            "token": fingerprints,  # What a thief of the database would have.
            "name": [*DEEDS, "no-such-deed"],
            "filename": ["no-such-file.css"],
            "kind": [*TemplateKind, "no-such-kind"],
        }
    return Filled(account, values)


def stored(app: Flask, *, leaving_out: dict[str, set[str]] | None = None) -> dict[str, list[str]]:
    """Every row of the database as text, by table, whoever owns it; columns named in ``leaving_out`` are not read."""
    tables, left_out = MetaData(), leaving_out or {}
    with app.app_context(), db.engine.connect() as connection:
        tables.reflect(connection)
        return {
            name: sorted(
                repr({key: value for key, value in row._mapping.items() if key not in left_out.get(name, set())})
                for row in connection.execute(table.select())
            )
            for name, table in tables.tables.items()
        }


def owned_by(rows: dict[str, list[str]], account: OpenedAccount) -> dict[str, list[str]]:
    """Those rows of :func:`stored` that belong to one account, without the refusals that its audit log keeps."""
    names = (account.id.hex, str(account.id))
    return {
        table: [row for row in found if any(name in row for name in names) and "'request refused'" not in row]
        for table, found in rows.items()
    }


def _knowledge_base() -> tuple[KnowledgeBase, Article, uuid.UUID, str]:
    """One for readers only: nothing that stands in it may be seen by anybody who is none."""
    actor = Actor(None, "test")
    made = knowledge_bases.create(name="Help", time_zone="UTC", audience=Audience.READERS, actor=actor)
    picture = Attachment(
        knowledge_base_id=made.id, digest="0" * 64, media_type="image/png", width=1, height=1, content=MARK.encode()
    )
    db.session.add(picture)
    db.session.flush()
    shelf = Category(knowledge_base_id=made.id, name=MARK, slug="marker", description=MARK)
    db.session.add(shelf)
    db.session.flush()
    article = Article(
        knowledge_base_id=made.id, category_id=shelf.id, title=MARK, slug="marker", summary=MARK, html=MARK, words=MARK,
        status=ArticleStatus.PUBLISHED,
    )  # fmt: skip
    db.session.add(article)
    db.session.flush()
    revision = ArticleRevision(article_id=article.id, number=1, title=MARK, summary=MARK, body=MARK, saved_by=MARK)
    db.session.add(revision)
    db.session.flush()
    return made, article, revision.id, str(picture.id)


def _digest(knowledge_base: KnowledgeBase) -> uuid.UUID:
    """A run of the knowledge base's digest, its settings, and a subscriber."""
    now = clock.now()
    run = DigestRun(
        knowledge_base_id=knowledge_base.id, kind=RunKind.BY_HAND, slot="marker", stage=RunStage.SKIPPED, reason=MARK,
        due_at=now, until_at=now, begun_by=MARK,
    )  # fmt: skip
    settings = SubscriptionSettings(knowledge_base_id=knowledge_base.id, subject=MARK, intro=MARK)
    db.session.add_all([run, settings])
    db.session.flush()
    subscribing.subscribe(
        knowledge_base, email=f"subscriber@{HOST}", target=Target.KNOWLEDGE_BASE, source=Source.ADDED, note=MARK,
        by=Actor(None, MARK),
    )  # fmt: skip
    return run.id


def _subscriber_import(knowledge_base: KnowledgeBase) -> uuid.UUID:
    found = SubscriberImport(knowledge_base_id=knowledge_base.id, file_name=MARK, begun_by={"label": MARK})
    db.session.add(found)
    db.session.flush()
    return found.id


def _failed_message(service: SmtpService) -> OutboxMessage:
    message = OutboxMessage(
        kind=Kind.WELCOME, priority=20, deduplication_key="welcome:marker", status=Status.FAILED, lane_id=service.id,
        smtp_service_id=service.id, recipient=f"reader@{HOST}", subject=MARK, message_id=f"<marker@{HOST}>",
        settled_at=clock.now(), last_reply=f"550 5.1.1 {MARK}",
    )  # fmt: skip
    message.content = Secret("content-of-acme")
    return message


def _readers() -> dict[str, list[str]]:
    """A reader with a group, a field and an import."""
    reader = Reader(
        email=f"rita@{HOST}",
        email_key=f"rita@{HOST}",
        email_domain=HOST,
        first_name=MARK,
        sort_key="rita",
        field_1=MARK,
    )
    group = ReaderGroup(name=MARK, name_key=MARK)
    field = ReaderField(number=1, label=MARK)
    begun = ReaderImport(file_name=MARK, rows=1, stage=Stage.CHECKED, to_create=1, begun_by={"label": MARK})
    order = Order(Deed.DISABLE, Wanted(text=MARK), uuid.UUID(int=0)).as_json()
    ended = ReaderBulkDeed(
        wanted=order, after=uuid.UUID(int=0), number=1, ended=Ended.INTERRUPTED, begun_by={"label": MARK}
    )
    db.session.add_all([reader, group, field, begun, ended])
    db.session.flush()
    row = {"number": 2, "plan": Plan.CREATE, "email_key": f"new@{HOST}", "values": {"email": f"new@{HOST}"}}
    db.session.add_all([
        ReaderGroupMember(group_id=group.id, reader_id=reader.id),
        ReaderImportRow(import_id=begun.id, **row),
    ])  # fmt: skip
    return {
        "reader_id": [str(reader.id)],
        "group_id": [str(group.id)],
        "field_id": [str(field.id)],
        "import_id": [str(begun.id)],
        "deed_id": [str(ended.id)],
    }


def oauth_service() -> SmtpService:
    """One that was authorized, at a server that there is not."""
    service = SmtpService(
        friendly_name=MARK, friendly_name_key=MARK.casefold(), host=HOST, port=587, security=Security.STARTTLS,
        send_from_address=f"from@{HOST}", authentication=Authentication.OAUTH2, provider="microsoft", cloud="global",
        audience="work",
        login_email=f"login@{HOST}", client_id=CLIENT_ID, identity_username=f"login@{HOST}",
    )  # fmt: skip
    service.client_secret, service.client_secret_set_at = Secret("secret-of-acme"), clock.now()
    service.access_token, service.refresh_token = Secret("access-of-acme"), Secret("refresh-of-acme")
    service.access_token_expires_at = service.authorized_at = clock.now() + timedelta(hours=1)
    return service


def _password_service() -> SmtpService:
    service = SmtpService(
        friendly_name=f"{MARK} two", friendly_name_key=f"{MARK} two".casefold(), host=HOST, port=587,
        security=Security.STARTTLS, send_from_address=f"from@{HOST}", authentication=Authentication.PASSWORD,
        username=f"user@{HOST}",
    )  # fmt: skip
    service.password, service.password_set_at = Secret("password-of-acme"), clock.now()
    return service
