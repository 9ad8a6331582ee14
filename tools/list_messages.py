"""Every refusal that the code can make: ``python -m tools.list_messages > docs/messages.md``.

A message is the text of a call that makes a fault of the input (`REFUSALS`), or of a variable that is passed to it; or
what a kind says of a field that it does not use.
What is filled in when it is said is shown in angle brackets.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api_schemas.errors import SLUGS, WORDING

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api_schemas", "engine", "service", "orichalcum")
REFUSALS = {
    "FieldError": "",
    "PydanticCustomError": "",
    "ProblemInvalid": "",
    "StructureFault": "",
    "refusal": "",
    "bad_structure": "bad-structure",
    "_structure_error": "bad-structure",
    "partial_occupancy": "partial-occupancy",
    "unknown_element": "unknown-element",
    "not_available": "not-available-yet",
    "map_fault": "bad-map",
    "_malformed": "malformed-file",
    "_fault": "",
}
"""Calls that make a refusal, and the type of fault where the name of the call says it."""

TEMPLATES = {
    "not_available": "{1} is not available yet in this version; {2}",
    "partial_occupancy": "{0}; give a parent with one element on each site, and put the mixture into sublattices",
    "unknown_element": "{1}: ⟨word⟩ is not a chemical element; ⟨hint⟩",
}
"""How calls put their arguments, in order, into the message."""

_SLUG = re.compile(r"^[a-z]+(?:-[a-z]+)+$")
_TABLES = ("because", "faults")
"""What a kind says of fields that it does not use: the messages, and their types where they are special."""
_SHORTEST = 12
"""Characters of a message; shorter texts are parts of one."""

HEAD = """\
# Messages

What is said of input that cannot be accepted, by the part of the code that says it: the type of the fault (the end of
`urn:orichalcum:problem:...` in `errors[].type`) and the message, with what is filled in between angle brackets. Each
message is given with a JSON pointer to the field. This page is written from the code by `make docs`.
"""


@dataclass(frozen=True)
class Message:
    """A message: the type of its fault, empty where it is known only when it is said, and its text."""

    kind: str
    text: str


def messages_of(source: str) -> list[Message]:
    """The messages of a module, in the order of its text, each once."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    kinds = REFUSALS | {
        node.name: kind for node in functions if node.name in REFUSALS and (kind := _kind(node))
    }
    found: dict[Message, None] = dict.fromkeys(_of_kinds(tree))
    for function in functions:
        assigned = _assigned(function)
        before = 0
        for call in _own_calls(function):
            names = {
                name: [value for line, value in values if before < line <= call.lineno]
                or [value for line, value in values if line <= call.lineno][-1:]
                for name, values in assigned.items()
            }
            found |= dict.fromkeys(_of_call(call, names, kinds[_name(call.func)]))
            before = call.lineno
    return list(found)


def _kind(function: ast.FunctionDef) -> str:
    """The type of fault of a function that makes faults of one type."""
    types = [
        word.value.value
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and _name(call.func) == "FieldError"
        for word in call.keywords
        if word.arg == "type" and isinstance(word.value, ast.Constant)
    ]
    return str(types[0]) if len(types) == 1 else ""


def _of_kinds(tree: ast.AST) -> Iterator[Message]:
    """Why kinds refuse fields, from their tables."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _name(call.func) == "KindSchema":
            tables = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg in _TABLES}
            for name, text in tables.get("because", {}).items():
                yield Message(tables.get("faults", {}).get(name, "unused-field"), text)


def _own_calls(scope: ast.AST) -> Iterator[ast.Call]:
    """Calls that make a refusal, in a function but not in those inside it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Call) and _name(node.func) in REFUSALS:
            yield node
        waiting[:0] = ast.iter_child_nodes(node)


def _of_call(call: ast.Call, names: dict[str, list[ast.expr]], kind: str) -> Iterator[Message]:
    given = [*call.args, *(word.value for word in call.keywords if word.arg != "pointer")]
    template = TEMPLATES.get(_name(call.func))
    if template is not None:
        yield Message(kind, template.format(*(_shown(_values(one, names)[0]) for one in given)))
        return
    texts: list[str] = []
    for value in given:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and _SLUG.match(value.value):
            kind = value.value
            continue
        texts += [
            text for one in _values(value, names) if len(text := _shown(one)) >= _SHORTEST and _says(one)
        ]
    for text in texts:
        yield Message(kind, " ".join(text.split()))


def _assigned(scope: ast.AST) -> dict[str, list[tuple[int, ast.expr]]]:
    """What is assigned to each name in a function, with the line, in order."""
    found: dict[str, list[tuple[int, ast.expr]]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append((node.lineno, node.value))
    return {name: sorted(values, key=lambda one: one[0]) for name, values in found.items()}


def _values(value: ast.expr, names: dict[str, list[ast.expr]]) -> list[ast.expr]:
    """What a name was last given, or the expression itself."""
    return names.get(value.id) or [value] if isinstance(value, ast.Name) else [value]


def _says(value: ast.expr) -> bool:
    """Whether an expression is a text with words of its own."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str) and " " in value.value
    if isinstance(value, ast.JoinedStr):
        return any(_says(part) for part in value.values)
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Add) and (_says(value.left) or _says(value.right))
    return isinstance(value, ast.IfExp) and (_says(value.body) or _says(value.orelse))


def _shown(value: ast.expr) -> str:
    """The text of an expression, with placeholders."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(_shown(part) for part in value.values)
    if isinstance(value, ast.FormattedValue):
        return f"⟨{_words(value.value)}⟩"
    if isinstance(value, ast.BinOp):
        return _shown(value.left) + _shown(value.right)
    if isinstance(value, ast.IfExp):
        return f"[{_shown(value.body)} | {_shown(value.orelse)}]"
    return f"⟨{_words(value)}⟩"


def _words(value: ast.expr) -> str:
    """A short name of what is filled in: the last names of an expression."""
    words = [node for node in ast.walk(value) if isinstance(node, ast.Name | ast.Attribute)]
    names = [word.attr if isinstance(word, ast.Attribute) else word.id for word in words]
    plain = [
        name.strip("_") for name in names if name not in ("self", "len", "str", "join", "min", "max", "list")
    ]
    return (plain[0] if plain else "...").replace("_", " ").lower()


def _name(function: ast.expr) -> str:
    return (
        function.attr
        if isinstance(function, ast.Attribute)
        else function.id
        if isinstance(function, ast.Name)
        else ""
    )


def page() -> str:
    """The page, in Markdown."""
    forms = [f"| {SLUGS.get(kind, 'invalid-value')} | {text} |" for kind, text in WORDING.items()]
    parts = [HEAD, "\n".join(["## Forms of fields", "", "| type | message |", "|---|---|", *forms, ""])]
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            found = messages_of(source)
            if not found:
                continue
            title = (ast.get_docstring(ast.parse(source)) or path.name).splitlines()[0].rstrip(".")
            rows = [f"| {one.kind or '*'} | {one.text.replace('|', chr(92) + '|')} |" for one in found]
            where = path.relative_to(ROOT).as_posix()
            parts.append(
                "\n".join([f"## {title}", "", f"`{where}`", "", "| type | message |", "|---|---|", *rows, ""])
            )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
