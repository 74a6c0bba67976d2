"""The pages of people, gathered: sign-in, passwords, invitations, team, profile. Refusals go into the audit log."""

from kbadmin import navigation
from kbadmin.access import Permission
from kbadmin.accounts import home
from kbadmin.users import (
    invitation_routes,
    password_routes,
    profile_routes,
    refusals,
    sign_in_routes,
    team_routes,
)
from kbadmin.users.blueprint import blueprint
from kbadmin.users.queries import members

__all__ = [
    "blueprint",
    "invitation_routes",
    "password_routes",
    "profile_routes",
    "refusals",
    "sign_in_routes",
    "team_routes",
]

navigation.in_profile_menu(
    navigation.Place(
        "Profile",
        "users.profile",
        "user-circle",
        Permission.MEMBER,
        order=10,
        lit=("users.sessions", "users.change_password"),
    )
)
navigation.in_profile_menu(
    navigation.Place(
        "Team",
        "users.team",
        "users-group",
        Permission.MANAGE_ACCOUNT,
        order=30,
        lit=("users.invite", "users.edit_member", "users.confirm_deed", "users.invitation_link"),
    )
)
navigation.in_profile_menu(
    navigation.Place(
        "Switch account",
        "users.choose_account",
        "switch-horizontal",
        Permission.PERSON,
        order=60,
        shown=sign_in_routes.has_several_accounts,
    )
)
home.quick_link(
    home.QuickLink("Team", "Who works here, and as what.", "users.team", "users-group", Permission.MANAGE_ACCOUNT, 30)
)
home.quick_link(
    home.QuickLink(
        "Profile", "Your name, password and sessions.", "users.profile", "user-circle", Permission.MEMBER, 50
    )
)


def _colleagues() -> home.SetUpStep:
    others = len(members()) - 1
    text = "You are not alone here." if others else "You work here alone. A second owner can help when you are away."
    return home.SetUpStep("Colleagues", others > 0, text, "Invite a colleague", "users.invite")


home.set_up_with(_colleagues, permission=Permission.MANAGE_ACCOUNT, order=30)
