"""Everybody who may knock at an account's doors without the key to all of them, each with a browser's cookies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from kbadmin import clock
from kbadmin.access import Permission, Role
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import fingerprint, new_token
from kbadmin.users.models import Membership, User, UserSession
from tests.factories import OpenedAccount, Person, add_person, inside, signed_in

# The contract's table of roles: what each may open, with nothing granted beyond the role.
OPENS = {
    Role.OWNER: {
        Permission.MANAGE_ACCOUNT,
        Permission.MANAGE_SMTP,
        Permission.MANAGE_READERS,
        Permission.READ_DELIVERIES,
        Permission.MANAGE_DELIVERIES,
        Permission.WRITE_ARTICLES,
        Permission.EDIT_KNOWLEDGE_BASES,
    },
    Role.EDITOR: {  # Deliveries of their knowledge bases.
        Permission.READ_DELIVERIES,
        Permission.WRITE_ARTICLES,
        Permission.EDIT_KNOWLEDGE_BASES,
    },
    Role.WRITER: {Permission.WRITE_ARTICLES},
    Role.NONE: set(),
}


@dataclass(frozen=True)
class Actor:
    """Somebody and their cookies. ``is_inside`` says whether they work in the account that is attacked."""

    client: FlaskClient
    is_signed_in: bool = False
    is_member: bool = False
    is_inside: bool = False
    role: Role = Role.NONE
    grants: frozenset[Permission] = frozenset()

    def may(self, permission: Permission) -> bool:
        """What the contract says, not what the product does."""
        if permission is Permission.PUBLIC:
            return True
        if permission is Permission.PERSON:
            return self.is_signed_in
        if permission is Permission.MEMBER:
            return self.is_member
        return self.is_member and permission in OPENS[self.role] | self.grants

    def csrf_token(self) -> str:
        """A valid token of this actor's own session."""
        for path in ("/sign-in", "/profile", "/choose-account"):
            found = BeautifulSoup(self.client.get(path).data, "html.parser").select_one("input[name=csrf_token]")
            if found is not None:
                return str(found["value"])
        raise AssertionError("no page with a token")


def everybody(app: Flask, acme: OpenedAccount, globex: OpenedAccount) -> dict[str, Actor]:
    """All of them, by what they are; ``acme`` is the account under attack."""
    return {name: make(app, acme, globex) for name, make in MAKERS.items()}


def _member(role: Role, **grants: bool) -> Callable[..., Actor]:
    given = frozenset(
        permission
        for name, permission in [
            ("manages_smtp", Permission.MANAGE_SMTP),
            ("manages_readers", Permission.MANAGE_READERS),
        ]
        if grants.get(name)
    )

    def make(app: Flask, acme: OpenedAccount, _globex: OpenedAccount) -> Actor:
        person = add_person(app, acme, role, **grants)
        return Actor(signed_in(app, person).client, True, True, True, role, given)

    return make


def _other_owner(app: Flask, _acme: OpenedAccount, globex: OpenedAccount) -> Actor:
    return Actor(signed_in(app, globex.owner).client, True, True, False, Role.OWNER)


def _in_two_accounts(app: Flask, acme: OpenedAccount, globex: OpenedAccount) -> Actor:
    """Owner there, writer here, and working there at the moment."""
    there = add_person(app, globex, "owner", email="two@accounts.example.com")
    add_person(app, acme, "writer", email="two@accounts.example.com")
    return Actor(signed_in(app, there).client, True, True, False, Role.OWNER)


def _outsider(app: Flask, _acme: OpenedAccount, _globex: OpenedAccount) -> Actor:
    """A person of no account at all."""
    token = new_token()
    with app.app_context(), unit_of_work():
        user = User(email="outside@example.com", email_key="outside@example.com")
        db.session.add(user)
        db.session.flush()
        db.session.add(_session(user.id, token))
    return Actor(_with_cookie(app, token), is_signed_in=True)


def _nothing_chosen(app: Flask, acme: OpenedAccount, globex: OpenedAccount) -> Actor:
    """Owner of both, in a session that has not chosen yet."""
    person = add_person(app, acme, "owner", email="undecided@example.com")
    add_person(app, globex, "owner", email="undecided@example.com")
    token = new_token()
    with app.app_context(), unit_of_work():
        db.session.add(_session(person.id, token))
    return Actor(_with_cookie(app, token), is_signed_in=True)


def _signed_out(app: Flask, _acme: OpenedAccount, _globex: OpenedAccount) -> Actor:
    return Actor(app.test_client())


def _once_owner(undo: Callable[[Person], None]) -> Callable[..., Actor]:
    def make(app: Flask, acme: OpenedAccount, _globex: OpenedAccount) -> Actor:
        person = add_person(app, acme, "owner")
        client = signed_in(app, person).client
        assert client.get("/smtp").status_code == 200
        with inside(app, acme), unit_of_work():
            undo(person)
        return Actor(client)

    return make


def _disable(person: Person) -> None:
    db.session.execute(update(Membership).where(Membership.id == person.membership_id).values(disabled_at=clock.now()))


def _remove(person: Person) -> None:
    db.session.execute(delete(Membership).where(Membership.id == person.membership_id))


def _end(person: Person) -> None:
    db.session.execute(delete(UserSession).where(UserSession.user_id == person.id))


def _let_expire(person: Person) -> None:
    db.session.execute(
        update(UserSession)
        .where(UserSession.user_id == person.id)
        .values(expires_at=clock.now() - timedelta(seconds=1))
    )


def _idle(person: Person) -> None:
    db.session.execute(
        update(UserSession).where(UserSession.user_id == person.id).values(seen_at=clock.now() - timedelta(hours=2))
    )


def _session(user_id: object, token: str) -> UserSession:
    return UserSession(fingerprint=fingerprint(token), user_id=user_id, expires_at=clock.now() + timedelta(hours=1))


def _with_cookie(app: Flask, token: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("kbadmin-user", token, domain="localhost")
    return client


MAKERS: dict[str, Callable[..., Actor]] = {
    "owner of another account": _other_owner,
    "writer here, owner elsewhere": _in_two_accounts,
    "editor": _member(Role.EDITOR),
    "writer": _member(Role.WRITER),
    "no role": _member(Role.NONE),
    "manages readers": _member(Role.NONE, manages_readers=True),
    "IT administrator": _member(Role.NONE, manages_smtp=True),
    "person of no account": _outsider,
    "owner who chose no account": _nothing_chosen,
    "signed out": _signed_out,
    "disabled owner": _once_owner(_disable),
    "removed owner": _once_owner(_remove),
    "owner signed out elsewhere": _once_owner(_end),
    "owner with an old session": _once_owner(_let_expire),
    "owner idle for two hours": _once_owner(_idle),
}
