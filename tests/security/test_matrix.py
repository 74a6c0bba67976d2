"""Every route, every method, everybody who should not: nothing opens, nothing of the account is seen or changed.

The matrix is made from the application's own list of routes, so a new route is in it from its birth. What is expected
comes from the stamp on the view and from the contract's table of roles.
"""

import uuid

import pytest

from kbadmin.access import Permission, permission_of
from kbadmin.database import db
from kbadmin.smtp.models import SmtpService
from tests.factories import inside
from tests.security.actors import MAKERS, Actor, everybody
from tests.security.whole import HOST, MARK, STATE, fill, owned_by, stored

OWN_ROWS = {
    "service_id", "run_id", "membership_id", "message_id", "address_id", "knowledge_base_id", "picture_id", "reader_id",
    "group_id", "field_id", "import_id", "deed_id", "article_id", "category_id", "revision_id",
}  # fmt: skip
NOISE = {"user_sessions": {"seen_at"}}


@pytest.mark.parametrize("who", MAKERS)
def test_nothing_opens_that_should_not(app, two_accounts, who):
    acme, globex = two_accounts
    filled = fill(app, acme)
    actor = MAKERS[who](app, acme, globex)
    token = actor.csrf_token()
    before = owned_by(stored(app, leaving_out=NOISE), acme)
    tried = 0
    for rule in app.url_map.iter_rules():
        permission = permission_of(app, rule.endpoint)
        if rule.endpoint == "users.sign_out" or (actor.is_inside and actor.may(permission)):
            continue  # Theirs to use: the tests of that room say how.
        # Where the door itself is shut, whose id stands in the address makes no difference: one of them will do.
        addresses = list(filled.addresses(rule))[: None if actor.may(permission) else 1]
        for address in addresses:
            for method in sorted(rule.methods - {"OPTIONS"}):
                data = {"csrf_token": token} if method not in ("GET", "HEAD") else None
                response = actor.client.open(address, method=method, data=data)
                _check(actor, permission, rule, response, f"{who}: {method} {address}")
                tried += 1
    assert tried > 10
    assert owned_by(stored(app, leaving_out=NOISE), acme) == before


def _check(actor: Actor, permission: Permission, rule, response, what: str) -> None:
    status, text = response.status_code, response.get_data(as_text=True)
    assert status < 500 or rule.endpoint == "health.ready", what
    assert MARK not in text, what
    assert HOST not in text, what
    if actor.may(permission):
        foreign = OWN_ROWS & set(rule.arguments)
        assert status == 404 if foreign else True, f"{what}: {status}, but another account's rows look like none"
    elif not actor.is_signed_in:
        assert status == 303, what
        assert response.headers["Location"].startswith("/sign-in"), what
    elif not actor.is_member:
        assert status == 303, what
        assert response.headers["Location"] == "/choose-account", what
    else:
        assert status == 403, f"{what}: {status}"


@pytest.mark.parametrize("who", [name for name in MAKERS if name != "owner who chose no account"])
def test_nobody_else_completes_an_authorization(app, world, two_accounts, who):
    acme, globex = two_accounts
    filled = fill(app, acme)
    actor = MAKERS[who](app, acme, globex)
    before = stored(app)["smtp_services"]
    actor.client.get(f"/oauth2/custom-smtp-token?state={STATE}&code=stolen")
    assert stored(app)["smtp_services"] == before
    assert not world.provider.token_calls
    with inside(app, acme):
        service = db.session.get_one(SmtpService, uuid.UUID(filled.values["service_id"][0]))
        assert service.is_authorized
        assert service.identity_username == f"login@{HOST}"


def test_whoever_may_is_let_in(app, two_accounts):
    """The other half: a matrix that refuses everybody would pass as well."""
    acme, globex = two_accounts
    filled, actors = fill(app, acme), everybody(app, acme, globex)
    for name in ("IT administrator", "editor", "writer", "manages readers"):
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods and actors[name].may(permission_of(app, rule.endpoint)):
                for address in filled.addresses(rule):
                    assert actors[name].client.get(address).status_code not in (401, 403), f"{name}: {address}"


def test_a_route_with_an_unknown_part_is_noticed(app, two_accounts):
    """A new kind of id must be added to the rows of whole.py, or the matrix would not try it."""
    filled = fill(app, two_accounts[0])
    for rule in app.url_map.iter_rules():
        missing = set(rule.arguments) - set(filled.values)
        assert not missing, f"{rule}: give whole.fill() a value for {sorted(missing)}"
