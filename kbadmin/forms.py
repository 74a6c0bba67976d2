"""The base form and the questions many forms ask: one address, one line, a secret that is kept when left blank.

Text is stripped of surrounding white space before it is validated; passwords are taken exactly as typed. Fields
that belong to a choice that was not made are ignored, not refused (:class:`OnlyWhen`).
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from wtforms import Field, FieldList, Form, PasswordField, SelectMultipleField, StringField, ValidationError
from wtforms.meta import DefaultMeta
from wtforms.validators import DataRequired, InputRequired, StopValidation

from kbadmin.email_addresses import NotOneAddress, canonical_address, canonical_domain

csrf = CSRFProtect()
View = TypeVar("View", bound=Callable[..., Any])
_UPLOADS = "kbadmin_uploads"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?")  # RFC 2047: some interpreters decode one into a new header line.


def takes_uploads(most: int) -> Callable[[View], View]:
    """Stamp a view that takes files: its requests may have so many bytes, besides the other fields."""

    def stamp(view: View) -> View:
        setattr(view, _UPLOADS, most)
        return view

    return stamp


def most_bytes() -> int:
    """How many bytes a file or a long text may have that is sent to the view of this request."""
    view = current_app.view_functions.get(request.endpoint or "")
    most: int = getattr(view, _UPLOADS, None) or current_app.config["MAX_CONTENT_LENGTH"]
    return most


def without_form_token(view: View) -> View:
    """Stamp a view that takes forms without a token, as something else gives the right. A house test names each."""
    csrf.exempt(view)
    return view


def attach(app: Flask) -> None:
    """Every form of the application carries a token, but for :func:`without_form_token`."""
    app.before_request(_allow_uploads)  # Before the token is looked for, as that reads the form.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_SSL_STRICT"] = True
    csrf.init_app(app)


def _allow_uploads() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    most: int | None = getattr(view, _UPLOADS, None)
    if most is not None:
        request.max_content_length = most + (current_app.config["MAX_CONTENT_LENGTH"] or 0)


def stripped(value: Any) -> Any:
    """Without the white space that comes along when one copies and pastes."""
    return value.strip() if isinstance(value, str) else value


class BaseForm(FlaskForm):  # type: ignore[misc]
    """What all our forms share."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Strip text fields; leave passwords alone."""

        def bind_field(self, form: Form, unbound_field: Any, options: dict[str, Any]) -> Field:
            """Add the stripping filter to text fields."""
            if issubclass(unbound_field.field_class, StringField) and not issubclass(
                unbound_field.field_class, PasswordField
            ):
                options = {**options, "filters": [stripped, *unbound_field.kwargs.get("filters", [])]}
                unbound_field = _without_filters(unbound_field)
            bound: Field = DefaultMeta.bind_field(self, form, unbound_field, options)
            return bound

    def process(self, formdata: Any = None, obj: Any = None, *args: Any, **kwargs: Any) -> None:
        """Fill the fields; write-only secrets stay empty, whatever the row holds."""
        hidden = {name for name, field in self._fields.items() if isinstance(field, KeptSecretField)}
        super().process(formdata, _WithoutSecrets(obj, hidden) if obj is not None else None, *args, **kwargs)

    def validate(self, extra_validators: Any = None) -> bool:
        """Every field once: a value sent twice is refused, not silently the first or the last of them."""
        good = bool(super().validate(extra_validators))
        for field in self:
            twice = len(getattr(field, "raw_data", None) or []) > 1
            if twice and not isinstance(field, SelectMultipleField | FieldList):
                field.errors = [*field.errors, "This was sent twice. Send the form again."]
                good = False
        return good


def _without_filters(unbound: Any) -> Any:
    kwargs = {key: value for key, value in unbound.kwargs.items() if key != "filters"}
    return type(unbound)(unbound.field_class, *unbound.args, name=unbound.name, **kwargs)


class Required(DataRequired):  # type: ignore[misc]
    """A field that must be filled; the message says with what."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class OnlyWhen:
    """Ask this field only if another one has a certain value; otherwise empty it and stop.

    Put it first: ``OnlyWhen("authentication", "oauth2")``. What stood in an unchosen field is never stored.
    """

    def __init__(self, other: str, value: str) -> None:
        self.other, self.value = other, value

    def __call__(self, form: Form, field: Field) -> None:
        if form[self.other].data != self.value:
            field.data = None
            field.errors = []
            raise StopValidation


class OneLine:
    """Text that may stand in a header: no control or invisible characters, no encoded-word, not too long."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, form: Form, field: Field) -> None:
        text = field.data or ""
        if _CONTROL.search(text) or _INVISIBLE.search(text):
            raise ValidationError("Remove the line break or invisible character.")
        if _ENCODED_WORD.search(text):
            raise ValidationError("Type the text itself, without an encoded word such as =?utf-8?…?=.")
        if len(text) > self.most:
            raise ValidationError(f"Shorten this to {self.most} characters or fewer.")
        field.data = unicodedata.normalize("NFC", text) or None


class OneEmailAddress:
    """Exactly one plain address, brought into canonical form; an empty optional field stays empty."""

    def __call__(self, form: Form, field: Field) -> None:
        if not field.data:
            field.data = None
            return
        try:
            field.data = canonical_address(field.data)
        except NotOneAddress as error:
            raise ValidationError(str(error)) from None


class Canonical:
    """Bring a field into stored form with a function whose ValueError is a sentence for the person."""

    def __init__(self, function: Callable[[str], str | None]) -> None:
        self.function = function

    def __call__(self, form: Form, field: Field) -> None:
        try:
            field.data = self.function(field.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from None


class DomainLines:
    """E-mail domains, one a line, brought into the form in which they stand in addresses; each once, by name."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, form: Form, field: Field) -> None:
        lines, found = dict.fromkeys((field.data or "").split()), set()
        if len(lines) > self.most:  # Before they are looked at: a form has room for a hundred thousand.
            raise ValidationError(f"Enter {self.most} domains at most.")
        for line in lines:
            try:
                found.add(canonical_domain(line.strip(",;")))
            except NotOneAddress:
                raise ValidationError(f"“{line[:60]}” is no domain. Enter one a line, such as example.com.") from None
        field.data = "\n".join(sorted(found))


class AsciiInteger:
    """Digits 0 to 9 and nothing else: int() would also take ٥٨٧, +587 and 5_87."""

    def __init__(self, least: int, most: int, message: str) -> None:
        self.least, self.most, self.message = least, most, message

    def __call__(self, form: Form, field: Field) -> None:
        text = str(field.data or "").strip()
        if not (text.isascii() and text.isdigit() and self.least <= int(text[:9]) <= self.most and len(text) < 9):
            raise ValidationError(self.message)


class KeptSecretField(PasswordField):  # type: ignore[misc]
    """A write-only secret: never rendered back, blank keeps what is stored, white space around a paste is dropped."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("filters", [stripped])
        super().__init__(*args, **kwargs)


class _WithoutSecrets:
    """A row as its form may see it: stored secrets are neither opened for a page nor taken for what was typed."""

    def __init__(self, row: Any, hidden: set[str]) -> None:
        self._row, self._hidden = row, hidden

    def __getattr__(self, name: str) -> Any:
        if name in self._hidden:
            raise AttributeError(name)
        return getattr(self._row, name)


__all__ = [
    "AsciiInteger",
    "BaseForm",
    "Canonical",
    "DomainLines",
    "InputRequired",
    "KeptSecretField",
    "OneEmailAddress",
    "OneLine",
    "OnlyWhen",
    "Required",
    "attach",
    "csrf",
    "most_bytes",
    "stripped",
    "takes_uploads",
]
