"""``kbadmin demo``: everything on one machine, with nothing else installed.

Web server, worker, mail server, Mailbox page and identity provider run in threads of this process, on loopback. The
product's own code runs unchanged: only settings say that its mail servers and its identity provider are here.
"""

import contextlib
import os
import signal
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import click
import flask_migrate
from flask import Flask

from kbadmin import clock, engine, starting
from kbadmin.app import create_app
from kbadmin.config import Settings, read_environment
from kbadmin.demo.certificates import CertificateFiles, ensure_certificates
from kbadmin.demo.content import READER
from kbadmin.demo.directory import READY_CLIENT_ID, demo_directory
from kbadmin.demo.folder import DemoSecrets, NotADemoFolder, prepare
from kbadmin.demo.identity_provider import IdentityProvider
from kbadmin.demo.mail_server import MailServer
from kbadmin.demo.mailbox import MailboxStore
from kbadmin.demo.mailbox_pages import make_mailbox_app
from kbadmin.demo.sample import MAILBOX, PEOPLE, LocalMailServer, fill
from kbadmin.demo.serving import Running, serve
from kbadmin.demo.troubles import Troubles
from kbadmin.encryption import Secret
from kbadmin.paths import shipped
from kbadmin.serving import WebServer
from kbadmin.smtp.authorization import CALLBACK

MAIL_PORT = 2525
RELAY_PORT = 2526


@dataclass(frozen=True)
class Ports:
    """Where everything listens."""

    web: int
    mailbox: int
    provider: int
    mail: int = MAIL_PORT
    relay: int = RELAY_PORT

    @property
    def base_url(self) -> str:
        """localhost, not 127.0.0.1: Microsoft takes plain http for that name only."""
        return f"http://localhost:{self.web}"


@click.command()
@click.option("--port", default=8000, show_default=True, help="The web server's; its neighbours take the next two.")
@click.option("--mail-port", default=MAIL_PORT, show_default=True, help="The mail server's; its relay takes the next.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("kbadmin-demo"), show_default=True)
@click.option("--database", help="An empty PostgreSQL database of its own, as a URL, in place of SQLite in the folder.")
@click.option("--fresh", is_flag=True, help="Forget what an earlier demo left in the folder.")
def demo(port: int, mail_port: int, folder: Path, database: str | None, fresh: bool) -> None:
    """Run everything on this machine, with sample data. Ctrl-C stops all of it."""
    if fresh and database:  # The keys of that database are in the folder.
        raise click.UsageError(
            "--fresh forgets the folder only, and with it the keys of the database. Give an empty database and another "
            "--folder, without --fresh."
        )
    try:
        folder = prepare(folder, fresh=fresh)
    except NotADemoFolder as refused:
        raise click.ClickException(str(refused)) from None
    ports = Ports(web=port, mailbox=port + 1, provider=port + 2, mail=mail_port, relay=mail_port + 1)
    secrets = DemoSecrets.of(folder)
    stopped: list[int] = []  # A plain list: setting an Event in a signal handler can dead-lock whoever waits for it.
    for received in (signal.SIGINT, signal.SIGTERM):
        signal.signal(received, lambda number, _frame: stopped.append(number))
    with contextlib.ExitStack() as running:
        try:
            _start(running, folder, ports, secrets, database)
        except OSError as error:
            raise click.ClickException(
                f"{error.strerror or error}. Choose other ports with --port and --mail-port."
            ) from None
        _announce(folder, ports, secrets)
        click.echo("Ready")
        while not stopped:
            time.sleep(0.2)
        click.echo("Stopping…")


def _start(
    running: contextlib.ExitStack, folder: Path, ports: Ports, secrets: DemoSecrets, database: str | None
) -> None:
    certificates = ensure_certificates(folder / "certificates")
    store, troubles = MailboxStore(folder / "mailbox"), Troubles()
    running.callback(store.close)
    directory = demo_directory(redirect_uri=ports.base_url + CALLBACK, secret=secrets.provider_secret)
    provider = running.enter_context(IdentityProvider(directory, folder=folder / "provider", port=ports.provider))
    running.enter_context(
        MailServer(
            store,
            certificates=certificates,
            passwords={MAILBOX: Secret(secrets.mailbox_password)},
            validate=provider.validate,
            troubles=troubles,
            port=ports.mail,
        )
    )
    running.enter_context(MailServer(store, certificates=certificates, auth_required=False, port=ports.relay))
    mailboxes = [person.username for person in directory.people]
    running.enter_context(serve(make_mailbox_app(store, troubles=troubles, mailboxes=mailboxes), ports.mailbox))

    settings = demo_settings(folder, ports, secrets, certificates, database)
    clock.follow(folder / "clock-shift")
    app = create_app(settings)
    _bring_up_to_date(app)
    work = engine.of(app)
    running.callback(work.close)
    fill(
        app,
        password=Secret(secrets.password),
        mail=LocalMailServer(ports.mail, Secret(secrets.mailbox_password)),
    )
    work.start()
    running.callback(work.stop)
    running.enter_context(serve_in_thread(app, ports.web))
    _wait_for(ports.base_url + "/sign-in")


def serve_in_thread(app: Flask, port: int) -> Running:
    """The product on its production web server, beside everything else of this process."""
    web, ended = WebServer(app, host="127.0.0.1", port=port), threading.Event()

    def answer() -> None:
        while not ended.is_set():
            web.turn()
        web.close()

    thread = threading.Thread(target=answer, name="web", daemon=True)
    thread.start()

    def stop() -> None:
        ended.set()
        web.wake()
        thread.join(timeout=10)

    return Running(base_url=f"http://localhost:{port}", port=port, stop=stop)


def demo_settings(
    folder: Path, ports: Ports, secrets: DemoSecrets, certificates: CertificateFiles, database: str | None = None
) -> Settings:
    """The settings of the demo, through the same checks as everybody's.

    They are also kept as ``.env`` in the folder: ``kbadmin doctor`` and the other commands, run there, see this demo.
    """
    environment = demo_environment(folder, ports, secrets, certificates)
    if database:
        environment["KBADMIN_DATABASE_URL"] = database
    lines = [f"{name}='{value}'" for name, value in environment.items()]
    with os.fdopen(os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write("\n".join(lines) + "\n")
    return read_environment(environment, dotenv=False)


def demo_environment(
    folder: Path, ports: Ports, secrets: DemoSecrets, certificates: CertificateFiles
) -> dict[str, str]:
    """The environment of the demo."""
    return {
        "KBADMIN_ENV": "demo",
        "KBADMIN_SECRET_KEY": secrets.secret_key,
        "KBADMIN_KEYS": secrets.keys,
        "KBADMIN_BASE_URL": ports.base_url,
        "KBADMIN_INSTANCE_FOLDER": str(folder),
        "KBADMIN_MICROSOFT_AUTHORITY": f"http://localhost:{ports.provider}",
        "KBADMIN_SMTP_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
        "KBADMIN_SMTP_ALLOWED_PORTS": "*",
        "KBADMIN_SMTP_CA_FILE": str(certificates.ca),
        "KBADMIN_SYSTEM_SMTP_URL": f"smtp://localhost:{ports.relay}?from=kbadmin@example.com",
        "KBADMIN_OUTGOING_ADDRESSES": "127.0.0.1",
        "KBADMIN_LOG_FORMAT": "console",
    }


def _bring_up_to_date(app: Flask) -> None:
    with app.app_context():
        flask_migrate.upgrade(directory=str(shipped("migrations")))
        starting.require_ready()


def _wait_for(url: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - an address of ours.
                return
        except OSError:
            time.sleep(0.05)
    raise OSError(f"{url} does not answer")


def _announce(folder: Path, ports: Ports, secrets: DemoSecrets) -> None:
    people = ", ".join(email for email, *_ in PEOPLE)
    click.echo(f"""
kbadmin            {ports.base_url}
  sign in as       {people}
  password         {secrets.password}
Printer Help       {ports.base_url}/kb/acme/printer-help
  sign in as       {READER}, same password
Product Updates    {ports.base_url}/kb/acme/product-updates
  open to all      its subscriptions: Knowledge bases, Product Updates, Subscriptions
Mailbox            http://localhost:{ports.mailbox}
Identity provider  http://localhost:{ports.provider}
Mail server        localhost port {ports.mail}, STARTTLS
  Username/Password  {MAILBOX} / {secrets.mailbox_password}
  OAuth2, Microsoft  Login Email    {MAILBOX}
                     Client ID      {READY_CLIENT_ID}
                     Client Secret  {secrets.client_secret}
                     Tenant ID      (leave blank)
Unauthenticated    localhost port {ports.relay}
Other commands     run them in {folder}, such as: kbadmin doctor
""")
