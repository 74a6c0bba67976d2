"""Every page of the product in a real browser: axe in light and dark, one h1, no sideways scrolling on a phone.

A page is looked at light and wide or dark and narrow, in each run by chance, as twice takes minutes; with
``KBADMIN_TEST_BOTH_LOOKS`` set it is looked at twice. Complaints of the browser itself, Content Security
Policy violations among them, fail the test in ``new_visitor``.
"""

import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from flask import Flask

from kbadmin.config import Settings
from kbadmin.database import unit_of_work
from kbadmin.demo.content import READER
from kbadmin.demo.directory import READY_CLIENT_ID
from kbadmin.users import invitations, password_changes
from tests.factories import OpenedAccount, add_person
from tests.journeys.knowledge import furnish_knowledge
from tests.journeys.mail import furnish_mail
from tests.journeys.showcase import Showcase, account_with_many_services, furnish
from tests.journeys.visitor import Visitor
from tests.portal.library import PASSWORD
from tests.world import MAILBOX, World

pytestmark = pytest.mark.browser

LOOKS = (("light", 1280), ("dark", 390))
BOTH = "KBADMIN_TEST_BOTH_LOOKS" in os.environ
# Answers for machines, and the address that a provider sends people back to, which only ever redirects.
NO_PAGES = {
    "static",
    "knowledge_bases.picture",
    "portal.image",
    "portal.logo",
    "portal.theme",
    "readers.export",
    "readers.import_template",
    "reader_texts.preview",
    "subscriptions.export_subscribers",
    "subscriptions.preview_body",
    "subscriptions.subscriber_template",
    "health.live",
    "health.ready",
    "metrics.metrics",
    "delivery_log.export",
}


FOR_READERS = ("profile", "change password", "subscriptions")


@dataclass(frozen=True)
class Stop:
    """A page to look at: its path, and what to do there first."""

    path: str
    then: Callable[[Visitor], object] = lambda visitor: None


def pressing(name: str, **fields: str) -> Callable[[Visitor], object]:
    return lambda visitor: visitor.fill(**fields).press(name)


@pytest.fixture
def settings(settings: Settings, world: World, request: pytest.FixtureRequest) -> Settings:
    """With a platform sender, so that links can be mailed, but for the test about its absence."""
    if request.node.name == "test_pages_say_so_where_nothing_can_be_mailed":
        return settings
    return replace(settings, system_smtp_url=f"smtp://localhost:{world.relay.port}?from=kb@example.com")


@pytest.fixture
def shown(app: Flask, account: OpenedAccount, world: World) -> Showcase:
    return furnish(app, account, world)


def service_stops(shown: Showcase) -> Iterator[Stop]:
    yield from (Stop(path) for path in ["/", "/notices", "/smtp", "/smtp/guide", "/smtp/new", *shown.services.values()])
    ready, password = shown.services["ready"], shown.services["password"]
    for below in ("oauth2", "admin-consent", "delete", "disable", "duplicate", "guide", "test-email", "error-code"):
        yield Stop(f"{ready}/{below}")
    yield from (Stop(path) for path in shown.runs.values())
    yield Stop(f"{ready}/error-code?error_code=AADSTS50194")
    yield Stop(f"{ready}/error-code?error_code=nothing")
    yield Stop(f"{ready}/admin-consent", pressing("Make the link"))
    yield Stop(f"{ready}/test-email", pressing("Send Email", **{"Test recipient email address": "nobody"}))
    yield Stop(f"{ready}/oauth2", pressing("Save", **{"Login Email": "", "Client Secret": READY_CLIENT_ID}))
    yield Stop(f"{ready}/duplicate", pressing("Duplicate", **{"Friendly Name": ""}))
    yield Stop(password, pressing("Save", Port="none", **{"Friendly Name": ""}))
    yield Stop(password, pressing("Save", **{"SMTP Host": "127.0.0.1"}))
    for kind in ("Unauthenticated", "Username/Password", "OAuth2"):
        yield Stop("/smtp/new", lambda visitor, kind=kind: visitor.choose(kind))
        yield Stop("/smtp/new", lambda visitor, kind=kind: visitor.choose(kind).press("Create"))


def people_stops(shown: Showcase) -> Iterator[Stop]:
    member = f"/team/{shown.people['editor'].membership_id}"
    paths = ["/account", "/audit-log", "/audit-log?action=nothing", "/profile", "/profile/password"]
    paths += ["/profile/sessions", "/team", "/team/invite", "/choose-account", member, f"{member}/link"]
    paths += [f"/team/{shown.account.owner.membership_id}", f"{member}/disable", f"{member}/remove"]
    yield from (Stop(path) for path in paths)
    yield Stop("/", lambda visitor: visitor.page.locator(".profile-menu summary").click())
    yield Stop("/account", pressing("Save", **{"Account Name": ""}))
    yield Stop("/profile", pressing("Save", **{"Your Name": "x" * 300}))
    yield Stop("/profile/password", pressing("Change password"))
    yield Stop("/team/invite", pressing("Invite"))
    yield Stop("/team/invite", _invite)
    yield Stop("/team")
    yield Stop("/nowhere")
    yield Stop("/sign-out")


def _invite(visitor: Visitor) -> None:
    visitor.fill(**{"E-mail Address": "ingrid@example.com"}).choose("No role")
    visitor.page.get_by_label("Manage SMTP services").check()
    visitor.press("Invite").expect_title("Invitation link")


def public_stops(links: dict[str, str]) -> Iterator[Stop]:
    yield from (Stop(path) for path in ["/sign-in", "/forgot-password", "/forgot-password/sent", *links.values()])
    yield from (Stop(path) for path in ["/set-password", "/invite", "/invite/dead", "/set-password/dead", "/nowhere"])
    yield Stop("/sign-in", pressing("Sign in"))
    yield Stop("/sign-in", pressing("Sign in", **{"E-mail Address": MAILBOX, "Password": "wrong"}))
    yield Stop("/forgot-password", pressing("Send link"))
    yield Stop(links["set password"], pressing("Set password"))
    yield Stop(links["join"], pressing("Join"))
    yield Stop("/oauth2/custom-smtp-token?state=unknown&code=x")


@pytest.fixture
def links(app: Flask, account: OpenedAccount) -> dict[str, str]:
    """Paths of one-time links that are good."""
    person = add_person(app, account)
    with app.app_context():
        reset = password_changes.print_reset_link(person.email)
    with app.app_context(), unit_of_work():
        join = invitations.open_account("Initech", "ivy@initech.example.com")
    return {"set password": urlsplit(reset).path, "join": urlsplit(join).path}


def test_no_page_is_forgotten(app, shown, links):
    """A page that is added to the product must be looked at here."""
    stops = [*service_stops(shown), *people_stops(shown), *public_stops(links), *mail_stops(app, shown)]
    knowledge = furnish_knowledge(app, shown.account)
    stops += [Stop(path) for path in [*knowledge.admin.values(), *knowledge.portal.values()]]
    adapter = app.url_map.bind("localhost")
    seen = set()
    for path in {stop.path.partition("?")[0] for stop in stops} - {"/nowhere", "/sign-out"}:
        seen.add(adapter.match(path, method="GET")[0])
    assert {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods} - NO_PAGES - seen == set()


def knowledge_stops(paths: dict[str, str]) -> Iterator[Stop]:
    yield from (Stop(path) for path in paths.values())
    yield Stop(paths["create"], pressing("Create", Name=""))
    yield Stop(paths["settings"], pressing("Save", Name="", Address="sign-in", Colour="#ffffff"))
    yield Stop(paths["new article"], pressing("Save Draft", Title=""))
    yield Stop(paths["new reader"], pressing("Add Reader", **{"E-mail Address": "nobody"}))
    yield Stop(paths["subscriptions"], pressing("Save", Subject="{{nothing}}", Time=""))
    yield Stop(paths["new subscriber"], pressing("Add Subscriber", **{"E-mail Address": "nobody"}))
    yield Stop(paths["import subscribers"], pressing("Check the File"))
    yield Stop(paths["reader e-mails"], pressing("Save", **{"Welcome Links Work For": "0"}))


def portal_stops(paths: dict[str, str]) -> Iterator[Stop]:
    yield from (Stop(path) for name, path in paths.items() if name not in FOR_READERS)
    yield Stop(paths["sign in"], pressing("Sign in", **{"E-mail Address": "rita@example.com", "Password": "wrong"}))
    yield Stop(paths["subscribe"], pressing("Subscribe", **{"E-mail Address": "nobody"}))
    yield Stop(paths["unsubscribe"], pressing("Unsubscribe"))
    yield Stop(paths["link to subscriptions"], pressing("Unsubscribe All"))
    yield Stop(paths["linked subscriptions"], pressing("Subscribe Again"))
    yield Stop(paths["sign up"], pressing("Sign up", **{"E-mail Address": "nora@example.net"}))


def mail_stops(app: Flask, shown: Showcase) -> Iterator[Stop]:
    yield from (Stop(path) for path in furnish_mail(app, shown.account).values())


def look_at(visitor: Visitor, stops: Iterable[Stop]) -> None:
    """Look at each page, and fail with everything that is wrong."""
    found: dict[str, list[str]] = {}
    for stop in stops:
        visitor.open(stop.path)
        stop.then(visitor)
        for theme, width in LOOKS if BOTH else [random.choice(LOOKS)]:
            visitor.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            visitor.page.set_viewport_size({"width": width, "height": 900})
            for fault in faults(visitor):
                found.setdefault(fault, []).append(f"{stop.path} {theme} {width}")
    if found:
        pytest.fail("\n".join(f"{fault}\n    on {', '.join(where)}" for fault, where in found.items()))


def faults(visitor: Visitor) -> Iterator[str]:
    """What is wrong with the page as it stands."""
    yield from visitor.axe_violations()
    if visitor.overflow > 0:
        yield f"{visitor.overflow} pixels too wide"
    if visitor.page.get_by_role("heading", level=1).count() != 1:
        yield "not one h1"


def test_the_pages_of_services_are_free_of_faults(shown, visitor):
    look_at(visitor.sign_in(shown.account.owner), service_stops(shown))


def test_the_pages_of_mail_are_free_of_faults(app, shown, visitor):
    look_at(visitor.sign_in(shown.account.owner), mail_stops(app, shown))


def test_the_pages_of_knowledge_bases_are_free_of_faults(app, shown, visitor):
    knowledge = furnish_knowledge(app, shown.account)
    look_at(visitor.sign_in(shown.account.owner), knowledge_stops(knowledge.admin))


def test_the_pages_of_the_portal_are_free_of_faults(app, account, visitor):
    portal = furnish_knowledge(app, account).portal
    look_at(visitor, portal_stops(portal))
    visitor.open(portal["sign in"]).fill(**{"E-mail Address": READER, "Password": PASSWORD}).press("Sign in")
    look_at(visitor, [Stop(portal[name]) for name in ("home", "category", "article", *FOR_READERS)])


def test_the_pages_of_people_are_free_of_faults(shown, visitor):
    look_at(visitor.sign_in(shown.account.owner), people_stops(shown))


def test_the_pages_for_whoever_is_signed_out_are_free_of_faults(links, visitor):
    look_at(visitor, public_stops(links))


def test_pages_say_so_where_nothing_can_be_mailed(account, visitor):
    look_at(visitor, [Stop("/forgot-password")])
    visitor.expect_text("Ask whoever runs this site")
    look_at(visitor.sign_in(account.owner), [Stop("/team/invite", _invite)])


def test_the_question_about_another_mailbox_is_free_of_faults(shown, visitor):
    def sign_in_as_newsletter(at: Visitor) -> None:
        at.press("Authorize").consent("newsletter@example.com").expect_text("Another mailbox signed in")

    visitor.sign_in(shown.account.owner)
    look_at(visitor, [Stop(shown.services["needs authorizing"], sign_in_as_newsletter)])


def test_an_account_without_services_looks_right(account, visitor):
    look_at(
        visitor.sign_in(account.owner), [Stop("/"), Stop("/smtp"), Stop("/deliveries"), Stop("/deliveries/suppressed")]
    )


def test_a_list_of_500_services_looks_right(app, new_visitor):
    owner = account_with_many_services(app).owner
    visitor = new_visitor(viewport={"width": 390, "height": 800}).sign_in(owner).open("/smtp")
    assert visitor.page.get_by_role("row").count() > 500
    assert visitor.overflow == 0


def test_pages_that_a_role_does_not_include_say_so(shown, visitor):
    stops = [Stop("/"), Stop("/smtp"), Stop("/team")]
    look_at(visitor.sign_in(shown.people["editor"]), stops)


def test_the_mailbox_and_the_identity_provider_are_free_of_faults(shown, visitor, world, mailbox_site):
    message = world.mailbox.messages()[0]
    there = f"{mailbox_site}/messages/{message.id}"
    stops = [Stop(mailbox_site), *(Stop(f"{there}?view={view}") for view in ("html", "text", "headers", "source"))]
    stops += [Stop(world.provider.base_url)]
    visitor.sign_in(shown.account.owner)
    start = shown.services["needs authorizing"]
    stops += [
        Stop(start, pressing("Authorize")),
        Stop(start, lambda at: at.press("Authorize").choose(MAILBOX).press("Next")),
    ]
    look_at(visitor, stops)
