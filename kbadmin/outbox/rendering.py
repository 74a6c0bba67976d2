"""letter(): a folder of templates in, subject, text and HTML out. One folder per e-mail under templates/emails/."""

from dataclasses import dataclass
from typing import Any

from flask import render_template


@dataclass(frozen=True)
class Letter:
    """What an e-mail says, twice: as text and as HTML."""

    subject: str
    text: str
    html: str


def letter(name: str, **values: Any) -> Letter:
    """Render ``templates/emails/<name>/``: subject.txt (one line), body.txt and body.html."""
    folder = f"emails/{name}"
    return Letter(
        subject=" ".join(render_template(f"{folder}/subject.txt", **values).split()),
        text=render_template(f"{folder}/body.txt", **values).strip() + "\n",
        html=render_template(f"{folder}/body.html", **values),
    )
