"""``kbadmin accounts …``. The room of people adds ``open``, as an account begins with its owner."""

import click
from flask.cli import AppGroup

accounts: click.Group = AppGroup("accounts", help="Accounts of this installation.")
