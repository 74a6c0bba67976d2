"""Every template: compiles, uses only macros that exist, and holds nothing inline that the policy would block."""

import re

import pytest
from jinja2 import Environment, FileSystemLoader, nodes

from tests.house.source import ROOT

FOLDER = ROOT / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.suffix in (".html", ".txt"))
PAGES = [name for name in TEMPLATES if name.endswith(".html") and not name.startswith("emails/")]
WHOLE_PAGES = [name for name in PAGES if not re.match(r".*/_|components/|layouts/|.*layout\.html", name)]

environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TITLE_OR_BUTTON = re.compile(
    r"block title %\}([^{]+)\{%"
    r"|(?:button_link|post_button|actions)\(\s*'([^'{]+)'"
    r"|empty_state\('[^']*', '(?:[^'\\]|\\.)*', '([^']+)'"
    r"|<button[^>]*>(?:\s*\{\{ icon\([^}]*\) \}\})?\s*([A-Z][^<{]+)<"
)


def text_of(name: str) -> str:
    return _COMMENT.sub("", (FOLDER / name).read_text())


def test_a_template_compiles_with_the_filters_of_the_application(app):
    for name in (name for name in TEMPLATES if not name.startswith("demo/")):
        assert app.jinja_env.get_template(name), name


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_escapes_everything(name):
    text = text_of(name)
    assert not re.search(r"\|\s*safe\b", text), "escape, or build Markup in Python"
    assert "autoescape false" not in text


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_no_script_style_or_event(name):
    text = text_of(name)
    assert not re.search(r"<style\b", text, re.IGNORECASE)
    assert not re.search(r"\sstyle\s*=", text, re.IGNORECASE), "colours and spacing live in static/css/site.css"
    assert not re.search(r"<[^>]*\son[a-z]+\s*=\s*[\"']", text, re.IGNORECASE), "events are bound in static/js/"
    assert not re.search(r"<script(?![^>]*\ssrc=)", text, re.IGNORECASE)
    assert not re.search(r"(href|action|src)\s*=\s*[\"']\s*javascript:", text, re.IGNORECASE)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fetches_nothing_from_elsewhere(name):
    assert not re.search(r"(src|<link[^>]*href)\s*=\s*[\"']https?://", text_of(name), re.IGNORECASE)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_calls_only_macros_that_exist(name):
    tree = environment.parse(text_of(name))
    modules = {node.target: exported(str(node.template.value)) for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        names = {entry if isinstance(entry, str) else entry[0] for entry in node.names}
        assert names <= exported(str(node.template.value)), f"{name} imports what is not there"
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name in modules:
            assert node.attr in modules[node.node.name], (
                f"{name} calls {node.node.name}.{node.attr}, which is not there"
            )


@pytest.mark.parametrize(
    "name", [name for name in PAGES if not re.match(r".*/_|components/|layouts/|.*layout\.html", name)]
)
def test_a_page_extends_a_layout_and_has_a_title(name):
    tree = environment.parse(text_of(name))
    assert list(tree.find_all(nodes.Extends)), "a page extends a layout; a fragment's file name begins with _"
    title = [block for block in tree.find_all(nodes.Block) if block.name == "title"]
    assert title, "a page has a title block"


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.endswith("subject.txt")])
def test_a_subject_is_one_line(name):
    assert len(text_of(name).strip().splitlines()) == 1


def test_every_email_has_subject_and_both_bodies():
    for folder in {path.parent for path in (FOLDER / "emails").glob("*/*")}:
        bodies = {path.name for path in folder.iterdir()} - {"subject.txt"}
        # One that tenants may rewrite is Markdown, of which both are made.
        assert bodies in ({"body.txt", "body.html"}, {"body.md"}), folder.name


@pytest.mark.parametrize("name", [name for name in PAGES if "call same_for(" in text_of(name)])
def test_what_is_kept_shows_nothing_but_what_it_is_kept_for(name):
    tree = environment.parse(text_of(name))
    for block in tree.find_all(nodes.CallBlock):
        if isinstance(block.call.node, nodes.Name) and block.call.node.name == "same_for":
            key, *values = block.call.args
            assert isinstance(key, nodes.Const), "its name comes first"
            given = {value.name for value in values if isinstance(value, nodes.Name)}
            given |= {f"{value.node.name}.{value.attr}" for value in values if isinstance(value, nodes.Getattr)}
            assert shown_besides(tree, block.body, given) == set(), f"{key.value} in {name}"


def test_names_of_kept_blocks_are_their_own():
    names = re.findall(r"call same_for\('([^']+)'", "".join(map(text_of, PAGES)))
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("{{ a }}{{ b.c }}{{ url_for('x', y=a) }}{% for d in a %}{{ d }}{% endfor %}", set()),
        ("{{ other }}", {"other"}),
        ("{{ b.d }}", {"b"}),
        ("{{ csrf_token() }}", {"csrf_token"}),
        ("{{ forms.token() }}", {"csrf_token"}),
        ("{{ a|when }}", {"|when"}),
        ("{{ mine(a) }}", {"current_user"}),
    ],
)
def test_what_a_kept_block_shows_besides_is_found(inside, found):
    start = "{% import 'components/form.html' as forms %}{% macro mine(x) %}{{ x }}{{ current_user }}{% endmacro %}"
    tree = environment.parse(f"{start}{{% call same_for('t', a, b.c) %}}{inside}{{% endcall %}}")
    block = next(tree.find_all(nodes.CallBlock))
    assert shown_besides(tree, block.body, {"a", "b.c"}) == found


# The same for everybody, as long as what they are given is the same.
FOR_EVERYBODY = {"url_for", "static", "drawn_icon", "base_url", "version", "is_demo", "dict", "loop", "caller"}
OF_WHO_LOOKS = {"when"}  # Filters that ask who looks: times are in their zone.


def shown_besides(tree: nodes.Template, body: list[nodes.Node], given: set[str]) -> set[str]:
    """What some lines of a template show besides what they are given, the macros they call included."""
    everything = [node for part in body for node in (part, *part.find_all(nodes.Node))]
    names = [node for node in everything if isinstance(node, nodes.Name)]
    known = given | FOR_EVERYBODY | {node.name for node in names if node.ctx != "load"}
    macros = {macro.name: (tree, macro) for macro in tree.find_all(nodes.Macro)} | imported(tree)
    named = {
        id(node.node) for node in everything if isinstance(node, nodes.Getattr) and dotted(node) in known | {*macros}
    }
    used = {node.name for node in names if id(node) not in named}
    used |= {dotted(node) for node in everything if isinstance(node, nodes.Getattr) and dotted(node) in macros}
    found = {f"|{node.name}" for node in everything if isinstance(node, nodes.Filter) and node.name in OF_WHO_LOOKS}
    for name in used - known:
        whose, macro = macros.get(name, (tree, None))
        if isinstance(macro, nodes.Macro):
            found |= shown_besides(whose, macro.body, {argument.name for argument in macro.args})
        elif not isinstance(macro, nodes.Assign):
            found.add(name)
    return found


def dotted(node: nodes.Getattr) -> str:
    return f"{node.node.name}.{node.attr}" if isinstance(node.node, nodes.Name) else ""


def imported(tree: nodes.Template) -> dict[str, tuple[nodes.Template, nodes.Node]]:
    """The macros and constants that a template imports, by the names it calls them."""
    found: dict[str, tuple[nodes.Template, nodes.Node]] = constants(tree)
    for node in [*tree.find_all(nodes.Import), *tree.find_all(nodes.FromImport)]:
        other = environment.parse(text_of(str(node.template.value)))
        members = {macro.name: (other, macro) for macro in other.find_all(nodes.Macro)} | constants(other)
        prefix = f"{node.target}." if isinstance(node, nodes.Import) else ""
        wanted = members if prefix else {entry if isinstance(entry, str) else entry[0] for entry in node.names}
        found |= {prefix + name: member for name, member in members.items() if name in wanted}
    return found


def constants(tree: nodes.Template) -> dict[str, tuple[nodes.Template, nodes.Node]]:
    return {
        node.target.name: (tree, node)
        for node in tree.body
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name)
    }


def exported(template: str) -> set[str]:
    """What a template offers to those who import it: its macros and its own top-level names."""
    tree = environment.parse(text_of(template))
    found = {macro.name for macro in tree.find_all(nodes.Macro)}
    for node in tree.body:
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            found.add(node.target.name)
    return found


def test_a_title_and_the_buttons_that_lead_to_it_are_spelled_alike():
    spellings = {}
    for name in PAGES:
        for found in _TITLE_OR_BUTTON.finditer(text_of(name)):
            words = next(filter(None, found.groups())).strip()
            spellings.setdefault(words.casefold(), set()).add(words)
    assert len(spellings) > 100
    assert {key: spelled for key, spelled in spellings.items() if len(spelled) > 1} == {}
