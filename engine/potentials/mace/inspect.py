"""What a MACE model file holds, found by a process of its own: torch stays out of the one that asks.

    python -m engine.potentials.mace.inspect FILE

prints one JSON object, with `elements`, `cutoff`, `heads` and `size`, or with `error`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api_schemas.symbols import SYMBOLS
from engine.potentials.description import MaceSize
from engine.potentials.errors import PotentialError
from engine.potentials.mace.file import open_mace
from engine.potentials.mace.support import check_architecture


def inspected(path: Path) -> dict[str, Any]:
    """Elements, cutoff in Å, heads and size of the model in a file.

    Args:
        path: A file that is trusted: reading it can run code that is in it.

    Raises:
        WeightsUnavailable: if the file cannot be read.
        UnsupportedModel: if it holds no model that can be run here.
    """
    model = open_mace(path)
    check_architecture(model)
    return facts_of(model)


def facts_of(model: Any) -> dict[str, Any]:
    """Elements, cutoff in Å, heads and size of a model."""
    features = model.products[0].linear.irreps_out
    transform = getattr(model.radial_embedding, "distance_transform", None)
    own = any(hasattr(block, "source_embedding") for block in model.interactions)
    size = MaceSize(
        max(entry.mul for entry in features),
        max(entry.ir.l for entry in features),
        transform is not None or own,
    )
    return {
        "size": asdict(size),
        "elements": [SYMBOLS[number] for number in sorted(model.atomic_numbers.tolist())],
        "cutoff": float(model.r_max),
        "heads": list(getattr(model, "heads", None) or []),
    }


def main() -> None:
    """Prints the facts of the file named on the command line."""
    try:
        found = inspected(Path(sys.argv[1]))
    except PotentialError as error:
        found = {"error": str(error)}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
