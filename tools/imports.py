"""Which file of ours imports which: read from the source by ast, without importing anything.

Counted is every import, wherever it stands: at the top, under TYPE_CHECKING and inside functions. ``from package
import name`` is an import of the module ``package.name`` where there is one, else of the package.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PACKAGES = ("api_schemas", "engine", "service", "orichalcum")

When = Literal["top", "typing", "function"]
"""Where an import stands: at the module's top, under TYPE_CHECKING, or inside a function."""


@dataclass(frozen=True, order=True)
class Import:
    """An import of one module of ours by another.

    Attributes:
        source: Dotted name of the module that imports.
        target: Dotted name of the module that is imported.
        line: Line of the import in the source, from 1.
        when: Where it stands.
    """

    source: str
    target: str
    line: int
    when: When


@dataclass(frozen=True)
class Graph:
    """The modules and the imports between them.

    Attributes:
        files: Path of each module relative to the root, by dotted name.
        imports: Every import between two of the modules, sorted.
    """

    files: Mapping[str, Path]
    imports: tuple[Import, ...]

    def place(self, found: Import) -> str:
        """Where an import stands, as ``file:line``."""
        return f"{self.files[found.source].as_posix()}:{found.line}"


def read_graph(root: Path, packages: tuple[str, ...] = PACKAGES) -> Graph:
    """Read the import graph of the packages that lie in a folder.

    Args:
        root: The folder with the packages.
        packages: Their names; those that are not there are left out.

    Raises:
        SyntaxError: if a file is not valid Python.
    """
    files = {
        module_name(path.relative_to(root)): path.relative_to(root)
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
    }
    imports = {
        Import(name, target, line, when)
        for name, path in files.items()
        for target, line, when in _targets(root / path, name, frozenset(files))
        if target != name
    }
    return Graph(files, tuple(sorted(imports)))


def module_name(path: Path) -> str:
    """The dotted name of a module by its path relative to the root."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _targets(path: Path, name: str, known: frozenset[str]) -> Iterator[tuple[str, int, When]]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node, when in _placed(tree, "top"):
        for target in _named(node, package, known):
            yield target, node.lineno, when


def _placed(node: ast.AST, when: When) -> Iterator[tuple[ast.Import | ast.ImportFrom, When]]:
    """Every import below a node, with where it stands."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, when
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _placed(child, "function")
        elif isinstance(child, ast.If) and when == "top" and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _placed(child, "typing")
        else:
            yield from _placed(child, when)


def _named(node: ast.Import | ast.ImportFrom, package: str, known: frozenset[str]) -> Iterator[str]:
    """The modules of ours that one import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in known)
        return
    base = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        inner = f"{base}.{alias.name}"
        if inner in known:
            yield inner
        elif base in known:
            yield base


def circles(imports: list[Import]) -> list[list[str]]:
    """The groups of modules that reach one another by imports, each sorted, and the groups sorted.

    Tarjan's strongly connected components (doi:10.1137/0201010).
    """
    following: dict[str, list[str]] = {}
    for found in imports:
        following.setdefault(found.source, []).append(found.target)
        following.setdefault(found.target, [])
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_names: list[str] = []
    found_groups: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        open_names.append(name)
        for other in following[name]:
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in open_names:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            start = open_names.index(name)
            group = sorted(open_names[start:])
            del open_names[start:]
            if len(group) > 1:
                found_groups.append(group)

    for name in sorted(following):
        if name not in number:
            visit(name)
    return sorted(found_groups)
