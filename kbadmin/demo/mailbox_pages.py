"""The Mailbox: every message the demo's mail server accepted, as a list and one by one."""

from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kbadmin.demo.mailbox import MailboxMessage, MailboxStore
from kbadmin.demo.pages import make_app, refuse_other_sites
from kbadmin.demo.troubles import LABELS, Trouble, Troubles

PAGE = 25
VIEWS = ("html", "text", "headers", "source")

# A message may style itself and show pictures it brought along; it may not run, fetch or send anything.
BODY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


def make_mailbox_app(store: MailboxStore, *, troubles: Troubles | None = None, mailboxes: Sequence[str] = ()) -> Flask:
    """The application. ``mailboxes`` are those a visitor may give a trouble to."""
    app = make_app("kbadmin.demo.mailbox")
    troubles = troubles or Troubles()
    _add_messages(app, store)

    @app.get("/")
    def index() -> ResponseReturnValue:
        search, before, after = request.args.get("q", ""), _number("before"), _number("after")
        found = store.messages(search, before=before, after=after, limit=PAGE)
        return render_template(
            "demo/mailbox/index.html",
            messages=found,
            search=search,
            total=store.count(),
            newer=found[0].id if found and store.messages(search, after=found[0].id, limit=1) else None,
            older=found[-1].id if found and store.messages(search, before=found[-1].id, limit=1) else None,
            mailboxes=[(name, troubles.of(name)) for name in mailboxes],
            labels=LABELS,
        )

    @app.get("/messages.json")
    def messages_json() -> ResponseReturnValue:
        limit = min(_number("limit") or PAGE, 500)
        found = store.messages(request.args.get("q", ""), before=_number("before"), after=_number("after"), limit=limit)
        return {"messages": [_as_json(message) for message in found]}

    @app.post("/delete-all")
    def delete_all() -> ResponseReturnValue:
        refuse_other_sites()
        store.delete_all()
        return redirect(url_for("index"), 303)

    @app.post("/troubles")
    def give_trouble() -> ResponseReturnValue:
        refuse_other_sites()
        mailbox, word = request.form.get("mailbox", ""), request.form.get("trouble", "")
        if mailbox in mailboxes and word in set(Trouble):
            troubles.give(mailbox, word)
        else:
            troubles.end(mailbox)
        return redirect(url_for("index"), 303)

    return app


def _add_messages(app: Flask, store: MailboxStore) -> None:
    """The pages of one message."""

    def find(number: int) -> MailboxMessage:
        return store.find(number) or abort(404)

    @app.get("/messages/<int:number>")
    def message(number: int) -> ResponseReturnValue:
        found = find(number)
        view = request.args.get("view", "html" if found.html else "text")
        return render_template(
            "demo/mailbox/message.html", message=found, view=view if view in VIEWS else abort(404), views=VIEWS
        )

    @app.get("/messages/<int:number>/body")
    def body(number: int) -> ResponseReturnValue:
        return Response(find(number).html, mimetype="text/html", headers={"Content-Security-Policy": BODY_POLICY})

    @app.get("/messages/<int:number>.eml")
    def download(number: int) -> ResponseReturnValue:
        disposition = {"Content-Disposition": f'attachment; filename="message-{number}.eml"'}
        return Response(find(number).raw, mimetype="message/rfc822", headers=disposition)


def _as_json(message: MailboxMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "received_at": message.received_at.isoformat(),
        "mail_from": message.mail_from,
        "recipients": message.recipients,
        "from": str(message.parsed.get("From", "")),
        "reply_to": str(message.parsed.get("Reply-To", "")),
        "subject": message.subject,
        "via": message.via,
        "text": message.text,
        "html": message.html,
        "links": message.links,
        "headers": message.headers,
    }


def _number(name: str) -> int | None:
    return request.args.get(name, type=int)
