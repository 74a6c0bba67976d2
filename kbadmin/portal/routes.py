"""The pages of the portal, gathered: reading, signing in, passwords, profile, subscriptions; who recognises readers."""

from kbadmin.portal import (
    password_routes,
    principal,
    profile_routes,
    reading_routes,
    sign_in_routes,
    subscription_request_routes,
    subscription_routes,
    subscription_unsubscribe_routes,
)
from kbadmin.portal.blueprint import blueprint

__all__ = [
    "blueprint",
    "password_routes",
    "principal",
    "profile_routes",
    "reading_routes",
    "sign_in_routes",
    "subscription_request_routes",
    "subscription_routes",
    "subscription_unsubscribe_routes",
]
