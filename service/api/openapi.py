"""The OpenAPI document without a running service: ``python -m service.api.openapi`` prints it.

The dashboard's types are generated from it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from service.api.app import create_app
from service.settings import Settings


def document() -> dict[str, Any]:
    """The document of the API, as a service has it at /openapi.json."""
    # Neither the store nor the broker is connected to before something is asked of it.
    return create_app(Settings(broker_url="redis://localhost")).openapi()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
