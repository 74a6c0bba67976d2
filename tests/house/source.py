"""The product's own source, as syntax trees: what house tests read instead of trusting anybody's eyes."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kbadmin"


@dataclass(frozen=True)
class Module:
    """One Python module of the product: ``smtp.models``, its text and its tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """How long it is."""
        return len(self.text.splitlines())

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call in it, with the dotted name of what is called, as far as one is written."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield dotted(node.func), node

    def imports(self) -> Iterator[str]:
        """The dotted name of everything it imports: ``socket``, ``sqlalchemy.text``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def functions(self) -> Iterator[tuple[str, ast.FunctionDef]]:
        """Every function in it with its qualified name."""
        yield from _functions(self.tree, "")


@cache
def modules() -> tuple[Module, ...]:
    """All modules of the product."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text()
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        found.append(Module(name, path, text, ast.parse(text)))
    return tuple(found)


def modules_that_call(*names: str) -> set[str]:
    """Names of the modules in which one of these functions or methods is called."""
    return {module.name for module in modules() for called, _ in module.calls() if called.split(".")[-1] in names}


def dotted(node: ast.expr) -> str:
    """``socket.create_connection`` for an expression of names and attributes; ``?`` stands for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield f"{prefix}{child.name}", child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)
