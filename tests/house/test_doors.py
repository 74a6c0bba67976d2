"""Every address of the product: stamped with who may open it, spelled the house's way, answering to strangers."""

import re
import uuid

import pytest

from kbadmin.access import Permission, permission_of
from kbadmin.forms import csrf
from tests.house.source import modules_that_call

# Doors that anybody may open, signed in or not. A new one is a decision, so it is written here.
PUBLIC = {
    "static",
    "health.live",
    "health.ready",
    # The portal: who may read is asked of the viewer, page by page (tests/portal/test_door.py).
    "portal.article",
    "portal.category",
    "portal.change_password",
    "portal.confirm_subscription",
    "portal.finish_sign_up",
    "portal.forgot_password",
    "portal.home",
    "portal.image",
    "portal.index",
    "portal.linked_subscriptions",
    "portal.logo",
    "portal.open_confirmation_link",
    "portal.open_password_link",
    "portal.open_subscriptions_link",
    "portal.open_sign_up_link",
    "portal.profile",
    "portal.reset_asked_for",
    "portal.search",
    "portal.set_password",
    "portal.sign_in",
    "portal.sign_out",
    "portal.sign_out_everywhere",
    "portal.subscribe",
    "portal.subscribe_here",
    "portal.subscription_asked_for",
    "portal.subscriptions",
    "portal.sign_up",
    "portal.sign_up_asked_for",
    "portal.sign_up_waits",
    "portal.theme",
    "portal.unsubscribe",
    "metrics.metrics",  # For this machine or a token; anybody else gets a 404.
    "smtp.authorized",  # The redirect URI: it knows its flow by the state, and checks the session itself.
    "users.accept_invitation",
    "users.forgot_password",
    "users.open_invitation",
    "users.open_password_link",
    "users.reset_asked_for",
    "users.set_password",
    "users.sign_in",
    "users.sign_out",
}


def rules(app):
    return list(app.url_map.iter_rules())


def values_for(rule):
    """Something of the right kind for each variable part of a path."""
    kinds = {"UUIDConverter": uuid.uuid4(), "IntegerConverter": 1}
    return {name: kinds.get(type(found).__name__, "word") for name, found in rule._converters.items()}


def test_every_endpoint_carries_a_stamp(app):
    assert [rule.endpoint for rule in rules(app) if permission_of(app, rule.endpoint) is None] == []


def test_the_public_doors_are_these(app):
    found = {rule.endpoint for rule in rules(app) if permission_of(app, rule.endpoint) is Permission.PUBLIC}
    assert found == PUBLIC


def test_paths_are_kebab_case(app):
    odd = []
    for rule in rules(app):
        words = [part for part in re.sub(r"<[^>]*>", "", rule.rule).split("/") if part]
        odd += [rule.rule for word in words if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word)]
    assert odd == []


def test_ids_in_paths_are_typed(app):
    for rule in rules(app):
        for name in rule.arguments - {"filename"}:
            converter = re.search(rf"<(?:(\w+)(?:\([^)]*\))?:)?{name}>", rule.rule)
            assert converter is not None
            expected = "uuid" if name == "id" or name.endswith("_id") else converter[1]
            assert converter[1] == expected, f"{rule.rule}: {name} should be <uuid:{name}>"


def test_paths_have_no_slash_at_the_end(app):
    assert [rule.rule for rule in rules(app) if rule.rule != "/" and rule.rule.endswith("/")] == []


def test_whoever_is_not_signed_in_is_sent_to_sign_in(app, browser):
    for rule in rules(app):
        if rule.endpoint in PUBLIC or "GET" not in rule.methods:
            continue
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **values_for(rule))
        page = browser.open(path, follow=False, status=303)
        assert (page.location or "").startswith("/sign-in"), rule.rule


def test_a_form_of_a_stranger_changes_nothing(app, browser):
    for rule in rules(app):
        if "POST" in rule.methods:
            with app.test_request_context():
                path = app.url_for(rule.endpoint, **values_for(rule))
            assert browser.client.post(path).status_code in (303, 400, 404), rule.rule


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_only_get_and_post_are_spoken(app, method):
    spoken = {m for rule in rules(app) for m in rule.methods}
    assert method.upper() not in spoken


def test_nothing_but_unsubscribing_is_exempt_from_the_form_token(app):
    assert modules_that_call("exempt") == {"forms"}
    # A mail program sends a bare POST (RFC 8058); the token in the address is what gives the right.
    assert csrf._exempt_views == {"kbadmin.portal.subscription_unsubscribe_routes.unsubscribe"}
