"""The name of every column sent to every form: only what the form asks for is changed."""

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from kbadmin.accounts.models import Account
from kbadmin.articles.models import Article, Category
from kbadmin.database import Base, db, unit_of_work
from kbadmin.encryption import Secret
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers.models import Reader, ReaderField, ReaderGroup
from kbadmin.smtp.models import SmtpService
from kbadmin.users.models import Membership, User
from tests.factories import inside, signed_in
from tests.security.whole import MARK, fill

COLUMNS = sorted({column.key for mapper in Base.registry.mappers for column in mapper.columns})
SMUGGLED = {name: "11111111-2222-3333-4444-555555555555" if name.endswith("id") else "7" for name in COLUMNS}
ASKED_FOR = {
    "accounts": {"name", "time_zone", "delivery_log_days"},
    "users": {"name"},
    "memberships": {"role", "manages_smtp", "manages_readers"},
    "smtp_services": {
        "friendly_name", "friendly_name_key", "host", "port", "security", "send_from_address", "reply_to_address",
        "send_from_name", "authentication", "username", "updated_at", "configuration_version", "tested_at",
    },
    "smtp_services of the OAuth2 page": {
        "provider", "cloud", "audience", "login_email", "client_id", "tenant_id", "secret_expires_on", "updated_at",
        "configuration_version", "tested_at",
    },
    "readers": {"name_key", "sort_key", "updated_at"},  # The keys are made of the names.
    "reader_groups": {"name_key"},
    "reader_fields": {"is_required", "label_key"},
    "knowledge_bases": {"content_version"},
    "articles": {"updated_at"},
    "categories": {"updated_at"},
}  # fmt: skip


def test_there_are_columns_worth_trying():
    assert {"account_id", "password_sealed", "refresh_token_sealed", "authorized_at", "joined_at", "role"} <= set(
        COLUMNS
    )


@pytest.mark.parametrize(
    ("path", "model", "asked"),
    [
        ("/account", Account, "accounts"),
        ("/profile", User, "users"),
        ("/team/{membership}", Membership, "memberships"),
        ("/smtp/{service}", SmtpService, "smtp_services"),
        ("/smtp/{oauth}", SmtpService, "smtp_services"),
        ("/smtp/{oauth}/oauth2", SmtpService, "smtp_services of the OAuth2 page"),
        ("/readers/{reader}", Reader, "readers"),
        ("/readers/groups/{group}", ReaderGroup, "reader_groups"),
        ("/readers/fields/{field}", ReaderField, "reader_fields"),
        ("/knowledge-bases/{knowledge_base}/settings", KnowledgeBase, "knowledge_bases"),
        ("/knowledge-bases/{knowledge_base}/articles/{article}/edit", Article, "articles"),
        ("/knowledge-bases/{knowledge_base}/categories/{category}", Category, "categories"),
    ],
)
def test_a_form_changes_what_it_asks_for_and_nothing_else(app, account, path, model, asked):
    filled = fill(app, account)
    oauth, service = filled.values["service_id"]
    member = filled.values["membership_id"][0]
    ids = {name.removesuffix("_id"): found[0] for name, found in filled.values.items() if name.endswith("_id")}
    address = path.format(**ids | {"service": service, "oauth": oauth, "membership": member})
    client = signed_in(app, account.owner).client
    fields = _fields(client.get(address).data, address)
    before = _rows(app, account, model)
    response = client.post(address, data={**SMUGGLED, **fields})
    assert response.status_code == 303, response.get_data(as_text=True)[:3000]
    after = _rows(app, account, model)
    assert before.keys() == after.keys()
    changed = {name for row in before for name in before[row] if before[row][name] != after[row][name]}
    assert changed <= ASKED_FOR[asked], changed


@pytest.mark.parametrize("path", ["/smtp/new", "/team/invite", "/smtp/{oauth}/duplicate", "/smtp/{oauth}/test-email"])
def test_a_new_row_takes_nothing_that_the_form_does_not_ask_for(app, account, path):
    filled = fill(app, account)
    client = signed_in(app, account.owner).client
    address = path.format(oauth=filled.values["service_id"][0])
    fields = _fields(client.get(address).data, address)
    fields |= {
        "friendly_name": "Fresh", "host": "localhost", "send_from_address": "a@example.com", "email": "n@example.com",
        "role": "writer", "recipient": "a@example.com",
    }  # fmt: skip
    known = {model: set(_rows(app, account, model)) for model in (SmtpService, Membership, User, Account)}
    response = client.post(address, data={**SMUGGLED, **fields})
    assert response.status_code == 303, response.get_data(as_text=True)[:3000]
    for model, ids in known.items():
        rows = _rows(app, account, model)
        for row_id in set(rows) - ids:
            row = rows[row_id]
            assert row.get("account_id", account.id) == account.id
            assert str(row["id"]) != SMUGGLED["id"]
            for name in ("refresh_token_sealed", "access_token_sealed", "authorized_at", "authorized_by", "joined_at",
                         "password_hash", "identity_username", "disabled_at", "deleted_at", "tested_at"):  # fmt: skip
                assert row.get(name) is None, name
            assert row.get("configuration_version", 1) == 1


def _fields(html: bytes, address: str) -> dict[str, str]:
    """The fields of the page's own form as they stand there, which is what a person sends who changes nothing."""
    soup = BeautifulSoup(html, "html.parser")
    form = next(
        form for form in soup.select("main form[method=post]")
        if (form.get("action") or address).rstrip("?") == address and form.select("input:not([type=hidden])")
    )  # fmt: skip
    found = {}
    for field in form.select("input[name], select[name], textarea[name]"):
        if field.name == "textarea":
            found[field["name"]] = field.get_text().removeprefix("\n")
        elif field.name == "select":
            found[field["name"]] = (field.select_one("option[selected]") or field.option)["value"]
        elif field.get("type") not in ("radio", "checkbox") or field.has_attr("checked"):
            found[field["name"]] = field.get("value", "")
    unticked = [field["name"] for field in form.select("input[type=checkbox]") if not field.has_attr("checked")]
    return {name: value for name, value in found.items() if name not in unticked}


def _rows(app, account, model, *, only: str | None = None) -> dict[object, dict[str, object]]:
    with inside(app, account):
        rows = [row for row in db.session.scalars(select(model)) if only in (None, str(row.id))]
        return {row.id: {column.key: _opened(row, column.key) for column in model.__mapper__.columns} for row in rows}


def _opened(row, key: str) -> object:
    """A secret is sealed anew whenever its row is saved, so what is inside is compared."""
    value = getattr(row, key.removesuffix("_sealed"))
    return value.reveal() if isinstance(value, Secret) else value


def test_the_marker_is_in_the_rows(app, account):
    fill(app, account)
    assert MARK in repr(_rows(app, account, SmtpService))


@pytest.mark.parametrize(("number", "page", "secret"), [(0, "/oauth2", "client_secret"), (1, "", "password")])
def test_a_form_without_its_secret_field_keeps_the_secret(app, account, number, page, secret):
    """A script that sends only some fields: what it leaves out is kept, as is what it leaves blank."""
    filled = fill(app, account)
    address = f"/smtp/{filled.values['service_id'][number]}{page}"
    client = signed_in(app, account.owner).client
    fields = _fields(client.get(address).data, address)
    del fields[secret]
    before = _rows(app, account, SmtpService)
    assert client.post(address, data=fields).status_code == 303
    after = _rows(app, account, SmtpService)
    assert {row: found[f"{secret}_sealed"] for row, found in after.items()} == {
        row: found[f"{secret}_sealed"] for row, found in before.items()
    }
    assert [found[f"{secret}_set_at"] for found in after.values()] == [
        found[f"{secret}_set_at"] for found in before.values()
    ]


def test_a_secret_that_no_longer_opens_can_be_replaced_and_goes_nowhere_else(app, account):
    """Somebody pointed the row at another server behind our back: the page opens, and the owner types a new one."""
    filled = fill(app, account)
    address = f"/smtp/{filled.values['service_id'][1]}"
    with app.app_context(), unit_of_work():
        db.session.connection().exec_driver_sql("UPDATE smtp_services SET host = 'evil.example.com'")
    client = signed_in(app, account.owner).client
    fields = _fields(client.get(address).data, address)
    assert client.post(address, data=fields | {"password": "another-password-77"}).status_code == 303
    found = _rows(app, account, SmtpService, only=address.rpartition("/")[2])
    assert [row["password_sealed"] for row in found.values()] == ["another-password-77"]
