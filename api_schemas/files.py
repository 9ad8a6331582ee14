"""Reading the text of problem files: YAML or JSON, hostile until validated."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from api_schemas.errors import FieldError, ProblemInvalid

MAX_FILE_BYTES = 4_000_000
MAX_DEPTH = 40


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars (1e-3 is a number, No is nobelium), no aliases, no repeated keys, bounded depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        is_alias = self.check_event(yaml.events.AliasEvent)
        if is_alias or self.depth > MAX_DEPTH:
            text = "aliases are not accepted; write the value out" if is_alias else "nested too deeply"
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, text, mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                comma = "; decimals stand after a point, as in 3.11" if isinstance(key, int | float) else ""
                text = f"keys must be words{comma}"
                raise yaml.constructor.ConstructorError(None, None, text, key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# Timestamps, sets, binary data and the like have no place in a problem: their tags count as unknown.
_KINDS = {
    None,
    *(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map")),
}
_Loader.yaml_constructors = {
    tag: build for tag, build in yaml.SafeLoader.yaml_constructors.items() if tag in _KINDS
}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith(":null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def _malformed(text: str) -> ProblemInvalid:
    return ProblemInvalid([FieldError(pointer="", type="malformed-file", message=text)])


def _load_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique_pairs)


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _malformed(f"not a valid problem: {key[:60]!r} is given twice in one object; give it once")
        found[key] = value
    return found


def read_text(text: str, *, is_json: bool = False) -> dict[str, Any]:
    """The mapping that the text of a problem file holds; its fields are not looked at.

    Raises:
        ProblemInvalid: naming the line and the mend.
    """
    try:
        data = _load_json(text) if is_json else yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except ProblemInvalid:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _malformed(f"not valid YAML: {where}{error.problem}") from None
    except yaml.YAMLError as error:
        raise _malformed(f"not valid YAML: {error}") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError):
        raise _malformed(
            "a number is too long or the document is nested too deeply; shorten or flatten it"
        ) from None
    if not isinstance(data, dict):
        raise _malformed(
            "a problem file is a mapping with fields such as structure and sublattices; see `orichalcum new`"
        )
    return data


def read_file(path: Path) -> dict[str, Any]:
    """The mapping that a YAML (or, by its ending, JSON) problem file holds.

    Raises:
        ProblemInvalid: if it holds none.
        OSError: if the file cannot be read.
    """
    with path.open("rb") as stream:
        raw = stream.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise _malformed(f"{path.name} is larger than {MAX_FILE_BYTES // 1_000_000} MB; give a problem file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _malformed(f"{path.name} is not UTF-8 text; save it as UTF-8") from None
    return read_text(text, is_json=path.suffix.lower() == ".json")
