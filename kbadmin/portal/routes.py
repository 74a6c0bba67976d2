"""The pages of the portal, gathered: reading, signing in and up, passwords, profile; and who recognises readers."""

from kbadmin.portal import (
    password_routes,
    principal,
    profile_routes,
    reading_routes,
    sign_in_routes,
    sign_up_routes,
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
]
