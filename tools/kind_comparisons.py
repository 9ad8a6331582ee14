"""Where source compares a kind of question with its name: what only the kind's own room may do.

Python is read by ast, and within a module a constant stands for the names that it holds. TypeScript and Svelte are
read by regular expressions, which see what people write and not what could be written to deceive them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

_ASKS_A_TABLE = frozenset({"get", "pop", "index", "count", "__contains__", "__getitem__"})
_BUILDS = frozenset({"frozenset", "set", "tuple", "list", "dict", "str"})
_KIND = r"\b\w*[kK]ind\b"

Found = tuple[int, frozenset[str]]
"""A line, from 1, and the names of kinds that it compares with."""


def python_comparisons(text: str, kinds: frozenset[str]) -> list[Found]:
    """The comparisons of a Python module: ==, in, match, and tables asked by a kind.

    Raises:
        SyntaxError: if it is not valid Python.
    """
    tree = ast.parse(text)
    bound: dict[str, frozenset[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        names = _names(value, kinds, {})
        bound.update({target.id: names for target in targets if isinstance(target, ast.Name) and names})
    return sorted({(line, names) for line, names in _comparisons(tree, kinds, bound) if names}, key=_by_line)


def _by_line(found: Found) -> tuple[int, list[str]]:
    return found[0], sorted(found[1])


def _comparisons(
    tree: ast.AST, kinds: frozenset[str], bound: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            if any(_is_kind(one) for one in operands):
                yield node.lineno, _all(operands, kinds, bound)
        elif isinstance(node, ast.Match) and any(_is_kind(one) for one in ast.walk(node.subject)):
            yield from ((case.pattern.lineno, _matched(case.pattern, kinds, bound)) for case in node.cases)
        elif isinstance(node, ast.MatchClass):
            by_name = zip(node.kwd_attrs, node.kwd_patterns, strict=True)
            asked = [pattern for name, pattern in by_name if _called_kind(name)]
            yield from ((node.lineno, _matched(pattern, kinds, bound)) for pattern in asked)
        elif isinstance(node, ast.Subscript) and _is_kind(node.slice):
            yield node.lineno, _names(node.value, kinds, bound)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _ASKS_A_TABLE
            and any(_is_kind(one) for one in node.args)
        ):
            yield node.lineno, _names(node.func.value, kinds, bound)


def _is_kind(node: ast.AST) -> bool:
    """Whether an expression is called kind: a name, an attribute, an item or ``.get("kind")``."""
    match node:
        case (
            ast.Attribute(value=value, attr="name")
            | ast.NamedExpr(value=value)
            | ast.Call(func=ast.Name(id="str"), args=[value])
        ):
            return _is_kind(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _called_kind(name)
        case ast.Subscript(slice=ast.Constant(value="kind")):
            return True
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value="kind"), *_]):
            return True
    return False


def _called_kind(name: str) -> bool:
    return name == "kind" or name.endswith("_kind")


def _matched(
    pattern: ast.pattern, kinds: frozenset[str], bound: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    return _all([one.value for one in ast.walk(pattern) if isinstance(one, ast.MatchValue)], kinds, bound)


def _all(nodes: list[ast.expr], kinds: frozenset[str], bound: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*(_names(node, kinds, bound) for node in nodes))


def _names(node: ast.expr, kinds: frozenset[str], bound: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The kinds that a literal names, or a constant that is bound to one or called like a kind."""
    found: frozenset[str] = frozenset()
    match node:
        case ast.Constant(value=str(value)):
            found = kinds & {value}
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            found = _all(parts, kinds, bound)
        case ast.Dict(keys=keys):
            found = _all([key for key in keys if key is not None], kinds, bound)
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=keywords) if name in _BUILDS:
            found = _all(parts, kinds, bound) | (kinds & {one.arg for one in keywords if one.arg is not None})
        case ast.Name(id=name) | ast.Attribute(attr=name):
            found = bound.get(name, kinds & {name.lower()} if name.isupper() else found)
    return found


def script_comparisons(text: str, kinds: frozenset[str]) -> list[Found]:
    """The comparisons of a TypeScript or Svelte file: ===, switch, lists and tables asked by a kind."""
    name = "|".join(sorted(kinds))
    quoted = rf"['\"`]({name})['\"`]"
    found: list[tuple[int, frozenset[str]]] = []
    patterns = (
        rf"{_KIND}(?:\??\.name\b)?[\]\)'\"!]*\s*[!=]==?\s*{quoted}",
        rf"{quoted}\s*[!=]==?\s*[\w.?!()\[\]'\"]*?{_KIND}",
    )
    for pattern in patterns:
        found += [(match.start(1), frozenset({match[1]})) for match in re.finditer(pattern, text)]
    for match in re.finditer(rf"\bswitch\s*\([^{{;]*{_KIND}[^{{;]*\)\s*(?=\{{)", text):
        cases = re.finditer(rf"\bcase\s+{quoted}", _balanced(text, match.end()))
        found += [(match.end() + case.start(1), frozenset({case[1]})) for case in cases]
    found += _asked_tables(text, quoted, name)
    return sorted({(text.count("\n", 0, at) + 1, names) for at, names in found}, key=_by_line)


def _asked_tables(text: str, quoted: str, name: str) -> Iterator[tuple[int, frozenset[str]]]:
    """Literal lists and objects, bound to a name or not, that are asked by a kind."""
    key = rf"(?:^|[{{,]|//[^\n]*\n|\*/)\s*['\"]?({name})['\"]?\s*[:(,}}]"
    asked = (
        rf"(?:\s+as\s+const|\s+satisfies\s+[^;\[]*?)?\)*(?:\?\.)?\s*(?:\[[^\[\]]*{_KIND}[^\[\]]*\]"
        rf"|\.(?:includes|indexOf|has|get)\([^()]*{_KIND})"
    )
    for opening in re.finditer(r"[\[{]", text):
        literal = _balanced(text, opening.start())
        within = re.findall(quoted if opening[0] == "[" else key, literal, flags=re.MULTILINE)
        if not within:
            continue
        end = opening.start() + len(literal)
        if re.compile(asked).match(text, end):
            yield opening.start(), frozenset(within)
        before = text[max(0, opening.start() - 300) : opening.start()]
        binding = re.search(r"\b(?:const|let|var)\s+(\w+)\s*(?::[^;={}]*)?=\s*[$\w\s(<>,]*$", before)
        if binding:
            uses = re.finditer(rf"\b{binding[1]}\b{asked}", text)
            yield from ((use.start(), frozenset(within)) for use in uses)


def _balanced(text: str, start: int) -> str:
    """From an opening bracket to the one that closes it, or to the end."""
    pairs = {"[": "]", "{": "}", "(": ")"}
    depth = 0
    for position in range(start, len(text)):
        if text[position] in pairs:
            depth += 1
        elif text[position] in pairs.values():
            depth -= 1
            if depth == 0:
                return text[start : position + 1]
    return text[start:]
