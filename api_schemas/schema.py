"""The JSON Schema of problem files: ``python -m api_schemas.schema > docs/problem.schema.json``."""

from __future__ import annotations

import json
import sys

from api_schemas.problem import Problem

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def problem_schema() -> str:
    """JSON Schema (draft 2020-12) of a problem file, as text that ends in a newline."""
    schema = {"$schema": DIALECT, **Problem.model_json_schema(mode="validation")}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(problem_schema())
