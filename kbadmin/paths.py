"""Where templates/, static/ and migrations/ are: inside the installed package, or beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The absolute path of a folder that travels with the code.

    A wheel maps ``templates`` to ``kbadmin/templates``; a checkout and an editable install keep it one level up.
    """
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder
