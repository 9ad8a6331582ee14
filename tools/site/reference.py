"""The pages of the reference that are written by the code: commands, REST calls, problem files, Python."""

from __future__ import annotations

import json
from typing import Any

import typer.main
from typer.cli import get_docs_for_click

from api_schemas.schema import problem_schema
from orichalcum.cli import app
from service.api.openapi import document

MODULES = {
    "Client": [
        "orichalcum.client",
        "orichalcum.async_client",
        "orichalcum.jobs",
        "orichalcum.async_jobs",
        "orichalcum.arrays",
        "orichalcum.async_arrays",
        "orichalcum.handles",
        "orichalcum.events",
        "orichalcum.answers",
        "orichalcum.exceptions",
    ],
    "Problems and results": ["api_schemas.problem", "api_schemas.results", "api_schemas.tasks"],
    "Engine": ["engine.campaign.campaign", "engine.campaign.evaluate"],
}


def commands() -> str:
    """Every command of the command line with its arguments and options, as its --help tells them."""
    command = typer.main.get_command(app)
    context: Any = command.context_class(command, info_name="orichalcum")
    return str(get_docs_for_click(obj=command, ctx=context, name="orichalcum", title="Commands"))


def rest_calls() -> str:
    """Every REST call: what it does, its parameters, its body and its answers."""
    openapi = document()
    lines = [
        "# REST calls",
        "",
        "Written from the OpenAPI document, which a service shows at `/openapi.json`.",
        "",
    ]
    for path, calls in openapi["paths"].items():
        for method, call in calls.items():
            lines += [
                f"## {method.upper()} {path}",
                "",
                call.get("description") or call.get("summary", ""),
                "",
            ]
            if parameters := call.get("parameters"):
                lines += ["| parameter | in | type | |", "|---|---|---|---|"]
                lines += [_parameter(one) for one in parameters]
                lines.append("")
            if body := call.get("requestBody"):
                lines += ["Body: " + ", ".join(_content(body["content"])) + ".", ""]
            lines += ["| answer | | body |", "|---|---|---|"]
            lines += [
                f"| {status} | {_cell(answer['description'])} | {', '.join(_content(answer.get('content', {})))} |"
                for status, answer in call["responses"].items()
            ]
            lines.append("")
    return "\n".join(lines)


def problem_fields() -> str:
    """Every field of a problem file, by the models that hold it."""
    schema = json.loads(problem_schema())
    models = {"Problem": schema, **schema["$defs"]}
    lines = ["# Fields of problem files", "", "Written from [the JSON Schema](../problem.schema.json).", ""]
    for name, model in models.items():
        if not model.get("properties"):
            continue
        lines += [f"## {name}", "", model.get("description", "").strip(), ""]
        lines += ["| field | type | default | |", "|---|---|---|---|"]
        for field, about in model["properties"].items():
            default = "required" if field in model.get("required", ()) else f"`{about.get('default')}`"
            lines.append(
                f"| `{field}` | {_type(about)} | {default} | {_cell(about.get('description', ''))} |"
            )
        lines.append("")
    return "\n".join(lines)


def python(title: str) -> str:
    """The public names of some modules, from their docstrings."""
    return "\n\n".join([f"# {title}", *(f"::: {module}" for module in MODULES[title])]) + "\n"


def _parameter(about: dict[str, Any]) -> str:
    schema = about["schema"]
    words = about.get("description") or schema.get("description", "")
    return f"| `{about['name']}` | {about['in']} | {_type(schema)} | {_cell(words)} |"


def _type(about: dict[str, Any]) -> str:
    """What a schema allows, in words."""
    for several in ("anyOf", "oneOf", "allOf"):
        if several in about:
            return " or ".join(dict.fromkeys(_type(one) for one in about[several]))
    if "$ref" in about:
        shown = f"`{about['$ref'].rsplit('/', 1)[1]}`"
    elif "enum" in about or "const" in about:
        shown = ", ".join(f"`{one}`" for one in about.get("enum", [about.get("const")]))
    elif about.get("type") == "array":
        shown = f"list of {_type(about.get('items', {}))}"
    elif isinstance(about.get("additionalProperties"), dict):
        shown = f"table of {_type(about['additionalProperties'])}"
    else:
        shown = str(about.get("type", "any"))
    return shown


def _content(content: dict[str, Any]) -> list[str]:
    return [f"{_type(about.get('schema', {}))} ({media})" for media, about in content.items()]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
