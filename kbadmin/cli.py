"""The ``kbadmin`` command.

Commands that belong to a room live there, in ``commands.py``, and are registered on the application too, so that
``flask --app wsgi …`` knows them. A setting, key or schema that is wrong ends a command with one sentence and
status 78.
"""

import importlib
import importlib.util
import os

import click
import flask_migrate
from flask import Flask
from flask.cli import ScriptInfo, with_appcontext

from kbadmin import __version__, config, doctor, installation, schema, serving, starting
from kbadmin.accounts.commands import accounts
from kbadmin.app import create_app
from kbadmin.backup_commands import backup, restore
from kbadmin.delivery.commands import outbox
from kbadmin.paths import shipped
from kbadmin.secrets_commands import secrets
from kbadmin.users.commands import users

DEMO = "demo"
DEMO_MODULE = "kbadmin.demo.command"


class _Main(starting.Commands):
    """Adds the demo, which is imported only by who asks for it: nothing of it belongs into a production process."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *([DEMO] if _has_demo() else [])])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != DEMO or not _has_demo():
            return super().get_command(ctx, cmd_name)
        found: click.Command = importlib.import_module(DEMO_MODULE).demo
        return found


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kbadmin")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A knowledge-base admin whose e-mail leaves through each company's own mail server."""
    ctx.obj = ScriptInfo(create_app=create_app, set_debug_flag=False)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--with-worker", is_flag=True, help="Do the worker's part in the same process.")
@click.pass_obj
def run(info: ScriptInfo, *, host: str, port: int, with_worker: bool) -> None:
    """Serve the web pages."""
    app = _ready_app(info)
    try:
        serving.serve(app, host=host, port=port, with_worker=with_worker, started=_print_address)
    except OSError as error:
        raise starting.Unavailable(
            f"{host} port {port} cannot be used: {error.strerror}. Give another one with --host and --port."
        ) from error


@main.command()
@click.pass_obj
def work(info: ScriptInfo) -> None:
    """Deliver, and keep house. SIGTERM drains, a second one stops at once."""
    serving.work(_ready_app(info), started=lambda: click.echo("Working. Stop with Ctrl-C."))


@main.group()
def db() -> None:
    """The database's schema."""


@db.command()
@with_appcontext
def upgrade() -> None:
    """Bring the database to the schema of this version. Make a backup before."""
    flask_migrate.upgrade(directory=os.fspath(shipped("migrations")))
    starting.require_ready()
    click.echo(f"The database is at migration {schema.present()}.")


@db.command()
@with_appcontext
def check() -> None:
    """Compare the database's schema with what this version needs; status 78 if they differ."""
    schema.require_current()
    click.echo(f"The database is at migration {schema.present()}, which is what this version needs.")


@main.command("doctor")
def examine() -> None:
    """Name what is wrong with this installation, one line each, with the remedy."""
    findings = []
    for finding in doctor.examine():
        click.echo(str(finding))
        findings.append(finding)
    wrong = sum(finding.is_wrong for finding in findings)
    click.echo(f"{wrong} to put right." if wrong else "Nothing is wrong.")
    raise SystemExit(1 if wrong else 0)


def _has_demo() -> bool:
    """A package may leave the demo out."""
    return importlib.util.find_spec(DEMO_MODULE) is not None


def _ready_app(info: ScriptInfo) -> Flask:
    app = info.load_app()
    with app.app_context():
        starting.require_ready()
        _say_if_paused()
    return app


def _say_if_paused() -> None:
    settings = config.current()
    installation.introduce(settings)
    reason = installation.is_paused(settings)
    if reason is not None:
        click.echo(f"The worker is paused. {reason}", err=True)


def _print_address(address: str) -> None:
    click.echo(f"kbadmin answers at {address}. Stop with Ctrl-C.")


for _commands in (accounts, users, secrets, outbox, backup, restore):
    main.add_command(_commands)
