"""Knowledge bases, articles and readers of an account in which everything can be seen, and the paths to them."""

import uuid
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import select

from kbadmin import clock, links
from kbadmin.access import Role
from kbadmin.articles import operations as articles
from kbadmin.articles.models import ArticleRevision
from kbadmin.audit.operations import Actor
from kbadmin.database import commit, db, unit_of_work
from kbadmin.delivery import test_runs
from kbadmin.demo import content
from kbadmin.knowledge_bases import operations, pictures, roles
from kbadmin.knowledge_bases.models import Audience, SignUp
from kbadmin.links import Purpose
from kbadmin.readers import email_settings, fields, passwords, sign_ups, wordings
from kbadmin.readers import operations as readers
from kbadmin.readers.email_models import WhenStopped
from kbadmin.readers.emails import set_password_address
from kbadmin.readers.import_models import Plan, ReaderImport, ReaderImportRow, Stage
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.readers.sign_up_models import ReaderSignUp
from kbadmin.readers.template_models import TemplateKind
from kbadmin.smtp import operations as smtp
from tests.factories import OpenedAccount, Person, add_person, inside
from tests.journeys.deeds import furnish_deeds
from tests.journeys.digests import furnish_digests
from tests.journeys.subscribers import furnish_subscriptions
from tests.knowledge_bases.conftest import picture
from tests.portal.library import HASHED


@dataclass(frozen=True)
class Knowledge:
    """Paths by what stands there: of the admin, and of the portal."""

    admin: dict[str, str] = field(default_factory=dict)
    portal: dict[str, str] = field(default_factory=dict)


def furnish_knowledge(app: Flask, account: OpenedAccount) -> Knowledge:
    """The demo's content, an archived knowledge base, a member who works in one only, a service for reader e-mails."""
    actor = Actor(account.owner.id, account.owner.name)
    wanda = add_person(app, account, "writer", name="Wanda Writer")
    with inside(app, account), unit_of_work():
        made = content.fill(actor=actor, audience=Audience.PUBLIC)
        old = operations.create(name="Handbook 2019", time_zone="UTC", audience=Audience.READERS, actor=actor)
        operations.archive(old.id, actor=actor)
        roles.narrow(wanda.membership_id, {made.knowledge_base: Role.WRITER}, actor=actor)
        article_id, revision_id = _rewritten(made, actor)
        department = fields.create(label="Department", is_required=False, actor=actor)
        rita = db.session.get_one(Reader, made.readers["Rita"])
        rita.password_hash = HASHED
        token = passwords.hand_out_link(made.readers["Rita"], lifetime=passwords.HANDED_OUT_LIFETIME)
        link = urlsplit(set_password_address(token)).path
        pictures.keep(pictures.read(picture()), knowledge_base_id=made.knowledge_base, by=actor.label)
        import_id = _checked_import()
        wordings.save(TemplateKind.WELCOME, None, wordings.ours(TemplateKind.WELCOME), actor=actor)
        nina, sign_up = _signed_up(made, actor)
        field_id, archived_id = department.id, old.id
        at, shelf = f"/kb/{account.slug}", made.categories["For partners"]
        deeds = furnish_deeds()
        subscriptions = furnish_subscriptions(made.knowledge_base, made.readers["Rita"], category=shelf, at=at)
    here = f"/knowledge-bases/{made.knowledge_base}"
    admin = _knowledge_base_paths(here, f"/knowledge-bases/{archived_id}", wanda)
    admin |= _article_paths(here, article_id, revision_id, made)
    admin |= _reader_paths(made.readers["Rita"], made.groups["Partners"], field_id, import_id)
    admin |= {"waiting readers": "/readers?status=pending", "waiting reader": nina}
    admin |= {"let in": f"{nina}/let-in", "refuse": f"{nina}/refuse"}
    admin |= _test_of_reader_emails(app, account, actor)
    admin |= furnish_digests(app, account, made)
    sign_ups = _sign_up_paths(f"{at}/printer-help/sign-up", sign_up)
    return Knowledge(admin | deeds, _portal_paths(at, link) | sign_ups | subscriptions)


def _rewritten(made: content.Content, actor: Actor) -> tuple[uuid.UUID, uuid.UUID]:
    """An article with two revisions, and the first of them."""
    article = articles.find(made.knowledge_base, made.articles["The light is red"])
    assert article is not None
    wanted = articles.Wanted(
        title=article.title,
        summary=article.summary,
        body=article.body + "\n\nCall us.",
        category_id=article.category_id,
    )
    articles.change(made.knowledge_base, article.id, wanted, revision=article.revision, actor=actor)
    query = select(ArticleRevision.id).filter_by(article_id=article.id).order_by(ArticleRevision.number)
    return article.id, db.session.scalars(query).first()


def _checked_import() -> uuid.UUID:
    """A file that was looked through and waits for a word."""
    begun = ReaderImport(file_name="readers.csv", rows=1, stage=Stage.CHECKED, to_create=1, begun_by={"label": "Olive"})
    db.session.add(begun)
    db.session.flush()
    values = {"email": "nora@example.org", "first_name": "Nora"}
    db.session.add(
        ReaderImportRow(import_id=begun.id, number=2, plan=Plan.CREATE, email_key="nora@example.org", values=values)
    )
    return begun.id


def _signed_up(made: content.Content, actor: Actor) -> tuple[str, str]:
    """Somebody who waits to be let in, as a path, and a link that somebody else may still confirm."""
    knowledge_base = operations.find(made.knowledge_base)
    assert knowledge_base is not None
    knowledge_base.sign_up, knowledge_base.sign_up_domains = SignUp.APPROVAL, "example.org"
    only = readers.Belongings(reads_everything=False, knowledge_bases=frozenset([made.knowledge_base]))
    details = readers.Details("nina@example.org", "Nina", "Novak", {})
    nina = readers.create(details, only, status=ReaderStatus.PENDING, actor=actor)
    row = ReaderSignUp(
        knowledge_base_id=made.knowledge_base,
        email="nora@example.org",
        email_key="nora@example.org",
        first_name="Nora",
        expires_at=clock.now() + sign_ups.LIFETIME,
    )
    db.session.add(row)
    db.session.flush()
    token = links.hand_out(
        Purpose.READER_SIGN_UP, subject_id=row.id, lifetime=sign_ups.LIFETIME, account_id=row.account_id
    )
    return f"/readers/{nina.id}", token


def _knowledge_base_paths(here: str, archived: str, wanda: Person) -> dict[str, str]:
    return {
        "list": "/knowledge-bases",
        "create": "/knowledge-bases/new",
        "overview": here,
        "settings": f"{here}/settings",
        "archive": f"{here}/archive",
        "archived": archived,
        "bring back": f"{archived}/archive",
        "people": "/knowledge-bases/people",
        "person": f"/knowledge-bases/people/{wanda.membership_id}",
    }


def _article_paths(here: str, article_id: uuid.UUID, revision_id: uuid.UUID, made: content.Content) -> dict[str, str]:
    article = f"{here}/articles/{article_id}"
    deeds = ("edit", "publish", "callout", "withdraw", "archive", "delete", "revisions")
    revision = f"{article}/revisions/{revision_id}"
    shelf = f"{here}/categories/{made.categories['For partners']}"
    paths = {f"article {deed}": f"{article}/{deed}" for deed in deeds}
    return paths | {
        "articles": f"{here}/articles",
        "articles found": f"{here}/articles?q=printer",
        "new article": f"{here}/articles/new",
        "article": article,
        "draft": f"{here}/articles/{made.articles['draft']}",
        "publish draft": f"{here}/articles/{made.articles['draft']}/publish",
        "revision": revision,
        "restore revision": f"{revision}/restore",
        "new category": f"{here}/categories/new",
        "category": shelf,
        "delete category": f"{shelf}/delete",
        "pictures": f"{here}/pictures",
    }


def _reader_paths(
    reader_id: uuid.UUID, group_id: uuid.UUID, field_id: uuid.UUID, import_id: uuid.UUID
) -> dict[str, str]:
    reader = f"/readers/{reader_id}"
    return {
        "readers": "/readers",
        "reader texts": "/readers/settings/texts",
        "welcome text": "/readers/settings/texts/welcome",
        "default welcome text": "/readers/settings/texts/welcome/default",
        "readers found": "/readers?q=ri",
        "nobody found": "/readers?q=zzz",
        "new reader": "/readers/new",
        "reader": reader,
        "disable reader": f"{reader}/disable",
        "delete reader": f"{reader}/delete",
        "reader link": f"{reader}/link",
        "groups": "/readers/groups",
        "new group": "/readers/groups/new",
        "group": f"/readers/groups/{group_id}",
        "delete group": f"/readers/groups/{group_id}/delete",
        "fields": "/readers/fields",
        "new field": "/readers/fields/new",
        "field": f"/readers/fields/{field_id}",
        "delete field": f"/readers/fields/{field_id}/delete",
        "import": "/readers/import",
        "checked import": f"/readers/import/{import_id}",
        "stop import": f"/readers/import/{import_id}/stop",
        "delete many": "/readers/bulk?deed=delete&whom=found",
        "welcome many": "/readers/bulk?deed=welcome&whom=found",
        "failed welcomes": "/readers?welcome=failed",
        "reader e-mails": "/readers/settings",
    }


def _portal_paths(at: str, link: str) -> dict[str, str]:
    return {
        "index": at,
        "home": f"{at}/printer-help",
        "article": f"{at}/printer-help/articles/first-steps",
        "category": f"{at}/printer-help/categories/getting-started",
        "search": f"{at}/printer-help/search?q=light",
        "nothing found": f"{at}/printer-help/search?q=zzz",
        "not found": f"{at}/printer-help/articles/price-list",
        "sign in": f"{at}/sign-in",
        "forgot password": f"{at}/forgot-password",
        "reset asked for": f"{at}/forgot-password/sent",
        "set password": link,
        "choose password": f"{at}/set-password",
        "profile": f"{at}/profile",
        "change password": f"{at}/profile/password",
    }


def _sign_up_paths(at: str, token: str) -> dict[str, str]:
    return {
        "sign up": at,
        "sign-up asked for": f"{at}/sent",
        "sign-up link": f"{at}/confirm/{token}",
        "choose a first password": f"{at}/confirm",
        "dead sign-up link": f"{at}/confirm/dead",
        "sign-up waits": f"{at}/waits",
    }


def _test_of_reader_emails(app: Flask, account: OpenedAccount, actor: Actor) -> dict[str, str]:
    """Choose the first service that can be chosen, and ask for a test through it."""
    with inside(app, account):
        service = next((one for one in smtp.all_services() if one.is_choosable), None)
        if service is None:
            return {}
        with unit_of_work():
            email_settings.change(
                smtp_service_id=service.id, when_stopped=WhenStopped.WAIT, welcome_hours=72, actor=actor
            )
        run_id = test_runs.request_test(service, recipient=account.owner.email, is_member=True, actor=actor).id
        commit()
    return {
        "test of reader e-mails": "/readers/settings/test-email",
        "its result": f"/readers/settings/test-runs/{run_id}",
    }
