"""Forms as a person sees them: fields by label, choices by their words, buttons by what stands on them."""

from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin

from lxml.etree import XPath
from lxml.html import HtmlElement

if TYPE_CHECKING:
    from tests.browser import Page

_TEXTS = XPath(".//text()")
#: The words of a label without its «required» or «optional» mark.
_LABEL = XPath(
    ".//text()[not(ancestor::*[contains(concat(' ', @class, ' '), ' required-mark ')"
    " or contains(concat(' ', @class, ' '), ' form-label-description-inline ')])]"
)
_BY_ID = XPath(".//*[@id = $id]")


class Form:
    """A form and one of its buttons. Fields are named by their labels."""

    def __init__(self, page: "Page", form: HtmlElement, button: HtmlElement) -> None:
        self.page, self.form, self.button = page, form, button
        self.files: dict[str, tuple[bytes, str]] = {}

    def fill(self, label: str, value: str) -> Self:
        """Type into the field with this label."""
        self.page.typed[self._field(label)] = value
        return self

    def choose(self, label: str, *, within: str | None = None) -> Self:
        """Choose the radio button with this label, if need be the one within the group of this legend."""
        chosen = self._field(label, within=within)
        for other in self.form.iter("input"):
            if other.get("type") == "radio" and other.get("name") == chosen.get("name"):
                other.attrib.pop("checked", None)
        chosen.set("checked", "")
        return self

    def select(self, label: str, option: str) -> Self:
        """Choose an option of a dropdown by its words."""
        found = {words(entry): entry for entry in self._field(label).iter("option")}
        assert option in found, f"no option «{option}» among {list(found)}"
        for entry in found.values():
            entry.attrib.pop("selected", None)
        found[option].set("selected", "")
        return self

    def tick(self, label: str, *, on: bool = True) -> Self:
        """Tick a box, or clear it."""
        self._field(label).attrib.pop("checked", None)
        if on:
            self._field(label).set("checked", "")
        return self

    def attach(self, label: str, content: bytes, name: str) -> Self:
        """Choose a file."""
        assert self.form.get("enctype") == "multipart/form-data", "this form cannot send files"
        self.files[self._field(label).get("name")] = (content, name)
        return self

    def forge(self, name: str, value: str) -> Self:
        """Put a value where no person could, such as a hidden field."""
        self.page.typed[self.named(name)] = value
        return self

    def named(self, name: str) -> HtmlElement:
        """The first field with this name, for whoever changes what the page has sent."""
        return next(field for field in self.form.iter("input", "select", "textarea") if field.get("name") == name)

    def value(self, label: str) -> str:
        """What stands in a field; for a dropdown, the words of the chosen option."""
        field = self._field(label)
        if field.tag == "select":
            return words(_chosen_options(field)[0])
        return self._text_in(field)

    def chosen(self, legend: str) -> str:
        """The label of the radio button that is chosen in the group of this legend, or nothing."""
        for label in _labels(self._group(legend)):
            field = self._with_id(label.get("for"))
            if field is not None and field.get("type") == "radio" and "checked" in field.attrib:
                return label_text(label)
        return ""

    def options(self, label: str) -> list[str]:
        """The words of a dropdown's options."""
        return [words(entry) for entry in self._field(label).iter("option")]

    def error(self, label: str) -> str:
        """The sentence under a field that is wrong, or nothing."""
        field = self._field(label)
        found = [self._with_id(f"{field.get(key)}-error") for key in ("id", "name")]
        return next((error_text(sentence) for sentence in found if sentence is not None), "")

    @property
    def labels(self) -> list[str]:
        """The labels of all fields, in order."""
        return [label_text(label) for label in _labels(self.form)]

    def press(self, *, status: int | None = None, follow: bool = True) -> "Page":
        """Send the form. A form is answered by a redirect that is followed, or by itself with status 422."""
        action = self.button.get("formaction") or self.form.get("action") or self.page.url
        return self.page.browser.submit(
            urljoin(self.page.url, action),
            self._fields(),
            method=self.form.get("method", "get").lower(),
            status=status,
            follow=follow,
            files=self.files,
        )

    def _fields(self) -> list[tuple[str, str]]:
        sent = [pair for field in self.form.iter("input", "select", "textarea") for pair in self._sent_by(field)]
        if self.button.get("name"):
            sent.append((self.button.get("name"), self.button.get("value", "")))
        return sent

    def _sent_by(self, field: HtmlElement) -> list[tuple[str, str]]:
        """The pairs a browser sends for one field (HTML, *Constructing the entry list*)."""
        name, kind = field.get("name", ""), field.get("type")
        if not name or "disabled" in field.attrib or kind in ("submit", "button"):
            return []
        if field.tag == "select":
            return [(name, option.get("value", option.text_content())) for option in _chosen_options(field)]
        if kind in ("radio", "checkbox"):
            return [(name, field.get("value", "on"))] if "checked" in field.attrib else []
        return [(name, self._text_in(field))]

    def _text_in(self, field: HtmlElement) -> str:
        if field in self.page.typed:
            return self.page.typed[field]
        return text_of(field) if field.tag == "textarea" else field.get("value", "")

    def _with_id(self, name: str) -> HtmlElement | None:
        return next(iter(_BY_ID(self.form, id=name)), None)

    def _group(self, legend: str) -> HtmlElement:
        for found in self.form.iter("fieldset"):
            of_it = next(found.iter("legend"), None)
            if of_it is not None and label_text(of_it) == legend:
                return found
        raise AssertionError(f"no group «{legend}»")

    def _field(self, label: str, *, within: str | None = None) -> HtmlElement:
        where = self._group(within) if within else self.form
        for found in _labels(where):
            if label_text(found) == label:
                field = self._with_id(found.get("for"))
                assert field is not None, f"the label «{label}» belongs to no field of this form"
                return field
        raise AssertionError(f"no field «{label}» among {self.labels}")


def _labels(where: HtmlElement) -> list[HtmlElement]:
    return [label for label in where.iter("label") if "for" in label.attrib]


def text_of(area: HtmlElement) -> str:
    """What stands in a text area; a line end behind its tag is none of it (HTML, 13.1.2.5)."""
    return area.text_content().removeprefix("\r").removeprefix("\n")


def spaced(text: str) -> str:
    """Text with single spaces, as it looks on the page."""
    return " ".join(text.split())


def words(found: HtmlElement) -> str:
    """All words inside an element."""
    return spaced(" ".join(_TEXTS(found)))


def label_text(label: HtmlElement) -> str:
    """The words of a label without its «required» or «optional» mark."""
    return spaced(" ".join(_LABEL(label)))


def words_on(button: HtmlElement) -> str:
    return words(button) or button.get("aria-label", "")


def sends(button: HtmlElement) -> bool:
    return button.get("type", "submit") == "submit"


def error_text(found: HtmlElement) -> str:
    return words(found).removeprefix("Error: ")


def _chosen_options(select: HtmlElement) -> list[HtmlElement]:
    options = list(select.iter("option"))
    chosen = [option for option in options if "selected" in option.attrib]
    return chosen or ([] if "multiple" in select.attrib else options[:1])
