"""The digest that everybody sends: the same texts for every participant, personal to each of its recipients.

Standard library only: it is also read by programs in virtual environments that know nothing of kbadmin.
A message is about 6.6 KB on the wire: multipart/alternative, nine articles, a name, an address and a link of its own.
"""

import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

SENDER = "digest@kb.example.com"
ARTICLES = 9
_SENTENCES = (
    "How to set the printer on the third floor up again after the cartridge was changed, and whom to call.",
    "What the new holiday rules mean for part-time colleagues – examples for each model, with the dates.",
    "The steps to request access to the archive, which form is needed, and how long the approval takes.",
)


@dataclass(frozen=True)
class Letter:
    """One recipient's digest before anything is encoded."""

    number: int
    recipient: str
    name: str
    unsubscribe_link: str
    subject: str
    text: str
    html: str

    @property
    def message_id(self) -> str:
        """The same each time the letter is made."""
        return f"<digest.{self.number}@kb.example.com>"


def letter(number: int) -> Letter:
    """The digest for recipient ``number``."""
    name = f"Reader Number {number}"
    recipient = f"reader{number}@company{number % 97}.example.com"
    link = "https://kb.example.com/u/" + hashlib.sha256(b"%d" % number).hexdigest()[:22]
    text = TEXT.format(name=name, recipient=recipient, link=link)
    html = HTML.format(name=name, recipient=recipient, link=link)
    return Letter(number, recipient, name, link, SUBJECT, text, html)


def email_message(of: Letter) -> EmailMessage:
    """The letter as the standard library builds it; what all Python senders do in one way or another."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = of.subject
    message["From"] = f"Knowledge <{SENDER}>"
    message["To"] = of.recipient
    message["Message-ID"] = of.message_id
    message["List-Unsubscribe"] = f"<{of.unsubscribe_link}>"
    message.set_content(of.text)
    message.add_alternative(of.html, subtype="html")
    return message


def _article(number: int) -> dict[str, str]:
    return {
        "title": f"Article {number}: what changed this week, and why it matters to you",
        "lead": _SENTENCES[number % len(_SENTENCES)],
        "link": f"https://kb.example.com/articles/{number}-what-changed-this-week",
    }


def _text() -> str:
    lines = ["Hello {name},", "", "new and changed in the knowledge base since last week:", ""]
    for article in map(_article, range(1, ARTICLES + 1)):
        lines += ["* " + article["title"], "  " + article["lead"], "  " + article["link"], ""]
    lines += ["You get this because {recipient} subscribed.", "Unsubscribe: {link}", ""]
    return "\n".join(lines)


def _html() -> str:
    rows = [
        f'<tr><td style="padding:12px 0;border-bottom:1px solid #ddd"><a href="{article["link"]}" '
        f'style="color:#206bc4">{article["title"]}</a>\n<br>{article["lead"]}</td></tr>'
        for article in map(_article, range(1, ARTICLES + 1))
    ]
    return (
        '<!doctype html>\n<html lang="en"><body style="font-family:sans-serif;margin:0">\n'
        '<table role="presentation" width="600" style="margin:0 auto">\n<tr><td><h1>Hello {name},</h1>\n'
        "<p>new and changed in the knowledge base since last week:</p></td></tr>\n"
        + "\n".join(rows)
        + '\n<tr><td><p>You get this because {recipient} subscribed.</p>\n<p><a href="{link}">Unsubscribe</a></p>'
        "</td></tr>\n</table></body></html>\n"
    )


SUBJECT = "New in the knowledge base this week"
TEXT = _text()
HTML = _html()
