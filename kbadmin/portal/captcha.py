"""A CAPTCHA of the operator's choice, before a public form. There is none unless :func:`register` was called.

See «A CAPTCHA before public forms» in docs/operating.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

#: The fields of the form, and the network address of whoever sent it; answers whether a person did.
Check = Callable[[Mapping[str, str], str], bool]
#: What stands in the form.
Widget = Callable[[], Markup]


@dataclass(frozen=True)
class Captcha:
    """How to ask, and how to tell whether the answer is good."""

    check: Check
    widget: Widget


class Chosen:
    """The one that is used, if any."""

    captcha: ClassVar[Captcha | None] = None


def register(check: Check, widget: Widget) -> None:
    """Ask this of strangers from now on. Call it before the first request is served."""
    Chosen.captcha = Captcha(check, widget)


def widget() -> Markup:
    """What stands in the form: nothing, unless somebody registered."""
    return Chosen.captcha.widget() if Chosen.captcha else Markup()


def is_passed(fields: Mapping[str, str], network_address: str) -> bool:
    """Whether a person seems to have sent the form."""
    return Chosen.captcha is None or Chosen.captcha.check(fields, network_address)
