"""Forms as a person sees them: fields by label, choices by their words, buttons by what stands on them."""

from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin

from bs4 import Tag

if TYPE_CHECKING:
    from tests.browser import Page


class Form:
    """A form and one of its buttons. Fields are named by their labels."""

    def __init__(self, page: "Page", form: Tag, button: Tag) -> None:
        self.page, self.form, self.button = page, form, button
        self.files: dict[str, tuple[bytes, str]] = {}

    def fill(self, label: str, value: str) -> Self:
        """Type into the field with this label."""
        field = self._field(label)
        if field.name == "textarea":
            field.string = value
        else:
            field["value"] = value
        return self

    def choose(self, label: str, *, within: str | None = None) -> Self:
        """Choose the radio button with this label, if need be the one within the group of this legend."""
        chosen = self._field(label, within=within)
        for other in self.form.select(f"input[type=radio][name='{chosen['name']}']"):
            other.attrs.pop("checked", None)
        chosen["checked"] = ""
        return self

    def select(self, label: str, option: str) -> Self:
        """Choose an option of a dropdown by its words."""
        found = {spaced(entry.get_text()): entry for entry in self._field(label).select("option")}
        assert option in found, f"no option «{option}» among {list(found)}"
        for entry in found.values():
            entry.attrs.pop("selected", None)
        found[option]["selected"] = ""
        return self

    def tick(self, label: str, *, on: bool = True) -> Self:
        """Tick a box, or clear it."""
        self._field(label).attrs.pop("checked", None)
        if on:
            self._field(label)["checked"] = ""
        return self

    def attach(self, label: str, content: bytes, name: str) -> Self:
        """Choose a file."""
        assert self.form.get("enctype") == "multipart/form-data", "this form cannot send files"
        self.files[str(self._field(label)["name"])] = (content, name)
        return self

    def value(self, label: str) -> str:
        """What stands in a field; for a dropdown, the words of the chosen option."""
        field = self._field(label)
        if field.name == "select":
            return spaced((field.select_one("option[selected]") or field.select("option")[0]).get_text())
        return text_of(field) if field.name == "textarea" else str(field.get("value", ""))

    def chosen(self, legend: str) -> str:
        """The label of the radio button that is chosen in the group of this legend, or nothing."""
        for label in self._group(legend).select("label[for]"):
            field = self.form.find(id=str(label["for"]))
            if isinstance(field, Tag) and field.get("type") == "radio" and field.has_attr("checked"):
                return label_text(label)
        return ""

    def options(self, label: str) -> list[str]:
        """The words of a dropdown's options."""
        return [spaced(entry.get_text()) for entry in self._field(label).select("option")]

    def error(self, label: str) -> str:
        """The sentence under a field that is wrong, or nothing."""
        field = self._field(label)
        found = self.form.find(id=f"{field['id']}-error") or self.form.find(id=f"{field['name']}-error")
        return error_text(found) if isinstance(found, Tag) else ""

    @property
    def labels(self) -> list[str]:
        """The labels of all fields, in order."""
        return [label_text(label) for label in self.form.select("label[for]")]

    def press(self, *, status: int | None = None, follow: bool = True) -> "Page":
        """Send the form. A form is answered by a redirect that is followed, or by itself with status 422."""
        action = str(self.button.get("formaction") or self.form.get("action") or self.page.url)
        method = str(self.form.get("method", "get")).lower()
        return self.page.browser.submit(
            urljoin(self.page.url, action),
            self._fields(),
            method=method,
            status=status,
            follow=follow,
            files=self.files,
        )

    def _fields(self) -> list[tuple[str, str]]:
        sent = [pair for field in self.form.select("input, select, textarea") for pair in _sent_by(field)]
        if self.button.get("name"):
            sent.append((str(self.button["name"]), str(self.button.get("value", ""))))
        return sent

    def _group(self, legend: str) -> Tag:
        for found in self.form.select("fieldset"):
            if found.legend is not None and label_text(found.legend) == legend:
                return found
        raise AssertionError(f"no group «{legend}»")

    def _field(self, label: str, *, within: str | None = None) -> Tag:
        where = self._group(within) if within else self.form
        for found in where.select("label[for]"):
            if label_text(found) == label:
                field = self.form.find(id=str(found["for"]))
                assert isinstance(field, Tag)
                return field
        raise AssertionError(f"no field «{label}» among {self.labels}")


def text_of(area: Tag) -> str:
    """What stands in a text area; a line end behind its tag is none of it (HTML, 13.1.2.5)."""
    return area.get_text().removeprefix("\r").removeprefix("\n")


def spaced(text: str) -> str:
    """Text with single spaces, as it looks on the page."""
    return " ".join(text.split())


def label_text(label: Tag) -> str:
    """The words of a label without its «required» or «optional» mark."""
    return text_without(label, ".required-mark, .form-label-description-inline")


def text_without(found: Tag, selector: str) -> str:
    """The words inside an element, leaving out the parts that a selector names."""
    hidden = {id(part) for other in found.select(selector) for part in other.descendants}
    return spaced(" ".join(part for part in found.find_all(string=True) if id(part) not in hidden))


def words_on(button: Tag) -> str:
    return spaced(button.get_text(" ")) or str(button.get("aria-label", ""))


def sends(button: Tag) -> bool:
    return button.get("type", "submit") == "submit"


def error_text(found: Tag) -> str:
    return spaced(found.get_text(" ")).removeprefix("Error: ")


def _sent_by(field: Tag) -> list[tuple[str, str]]:
    """The pairs a browser sends for one field (HTML, *Constructing the entry list*)."""
    name, kind = str(field.get("name", "")), field.get("type")
    if not name or field.has_attr("disabled") or kind in ("submit", "button"):
        return []
    if field.name == "select":
        options = field.select("option[selected]")
        if not options and not field.has_attr("multiple"):
            options = field.select("option")[:1]
        return [(name, str(option.get("value", option.get_text()))) for option in options]
    if field.name == "textarea":
        return [(name, text_of(field))]
    if kind in ("radio", "checkbox"):
        return [(name, str(field.get("value", "on")))] if field.has_attr("checked") else []
    return [(name, str(field.get("value", "")))]
