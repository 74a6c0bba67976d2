"""The pages of subscriptions for those who work on a knowledge base."""

from flask import Blueprint

from kbadmin.subscriptions import models, reader_changes, run_models

__all__ = ["blueprint", "models", "reader_changes", "run_models"]

blueprint = Blueprint("subscriptions", __name__)
