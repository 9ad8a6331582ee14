"""The OpenAPI document without a running service: ``python -m service.openapi`` prints it.

The dashboard's types are generated from it. Beyond what a service has at /openapi.json it describes the data of the
server-sent events, which OpenAPI cannot attach to a stream of text.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import models_json_schema

from api_schemas.jobs import EvaluationEvent, ProgressEvent, StateEvent
from api_schemas.maps import SurrogateMap
from service.app import create_app
from service.settings import Settings

_BESIDES = (EvaluationEvent, ProgressEvent, StateEvent, SurrogateMap)


def document() -> dict[str, Any]:
    """The document of the API, with the events and maps among its schemas."""
    # Neither the store nor the broker is connected to before something is asked of it.
    described = create_app(Settings(broker_url="redis://localhost")).openapi()
    _, besides = models_json_schema(
        [(model, "serialization") for model in _BESIDES], ref_template="#/components/schemas/{model}"
    )
    described["components"]["schemas"] = besides["$defs"] | described["components"]["schemas"]
    return described


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
