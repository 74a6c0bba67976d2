"""The pages of subscriptions for those who work on a knowledge base."""

from flask import Blueprint

from kbadmin.subscriptions import deciding_again, fan_out, models, planning, run_models, runs

__all__ = ["blueprint", "deciding_again", "fan_out", "models", "planning", "run_models", "runs"]

blueprint = Blueprint("subscriptions", __name__)
