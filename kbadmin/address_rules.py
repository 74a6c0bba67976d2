"""Rules of addresses that learn to build addresses when they are first asked to.

Werkzeug compiles two functions for each rule when it is added. For all our pages that took six times as long as the
rest of making the application, and a command or a worker asks few of them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class LazyRule(Rule):
    """A rule whose builders are compiled at their first use."""

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        @cache
        def compiled() -> Builder:
            return super(LazyRule, self)._compile_builder(append_unknown)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
