"""The pages of the portal, gathered, reading first; and who recognises readers."""

from kbadmin.portal import (
    password_routes,
    principal,
    profile_routes,
    reading_routes,
    sign_in_routes,
    sign_up_routes,
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
    "sign_up_routes",
    "subscription_request_routes",
    "subscription_routes",
    "subscription_unsubscribe_routes",
]
