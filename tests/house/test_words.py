"""Names, sizes and docstrings: whether a newcomer finds the room, and reads on."""

import ast

import pytest

from tests.house.source import PACKAGE, ROOT, Module, modules

DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base", "core", "managers"}


def by_name(module: Module) -> str:
    return module.name or "kbadmin"


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_a_module_has_a_subject_of_its_own(module):
    assert not set(module.name.split(".")) & DRAWERS


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_a_module_is_short_enough_to_read(module):
    assert module.lines <= 250


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_a_module_says_what_it_is_for(module):
    assert ast.get_docstring(module.tree)


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_imports_stand_at_the_top(module):
    at_the_top = {id(node) for node in module.tree.body}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            at_the_top |= {id(child) for child in node.body}
    imports = [node for node in ast.walk(module.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert all(id(node) in at_the_top for node in imports)


@pytest.mark.parametrize("room", sorted(path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()))
def test_a_room_says_what_lives_in_it_and_imports_nothing(room):
    tree = ast.parse((room / "__init__.py").read_text())
    docstring = ast.get_docstring(tree) or ""
    assert len(docstring.split()) >= 12, f"{room.name}/__init__.py says in a few lines what lives here"
    assert not [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def test_templates_static_and_migrations_are_not_inside_the_package():
    # A stray folder here would win over the real one, silently.
    for folder in ("templates", "static", "migrations"):
        assert not (PACKAGE / folder).exists()
        assert (ROOT / folder).is_dir()


def test_nothing_is_left_for_later():
    words = ("TODO", "FIXME", "XXX", "HACK")
    assert [module.name for module in modules() if any(word in module.text for word in words)] == []
