"""Runs in BoFire's own environment: one JSON object a line in, ``{"x": [...]}`` a line out.

A request holds ``k`` (elements), ``seed`` and ``told`` (rows of k fractions and a loss). BoFire is used as its
documentation says: a domain with a mixture constraint, random first points, and its single-objective strategy with
default settings.
"""

from __future__ import annotations

import json
import os
import sys
import warnings

FIRST_POINTS = 3


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not an answer
    warnings.simplefilter("ignore")
    import bofire.strategies.api as strategies
    import pandas as pd
    from bofire.data_models.constraints.api import LinearEqualityConstraint
    from bofire.data_models.domain.api import Domain
    from bofire.data_models.features.api import ContinuousInput, ContinuousOutput
    from bofire.data_models.objectives.api import MinimizeObjective
    from bofire.data_models.strategies.api import RandomStrategy, SoboStrategy

    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        names = [f"x{i}" for i in range(asked["k"])]
        domain = Domain.from_lists(
            inputs=[ContinuousInput(key=name, bounds=(0, 1)) for name in names],
            outputs=[ContinuousOutput(key="y", objective=MinimizeObjective())],
            constraints=[LinearEqualityConstraint(features=names, coefficients=[1.0] * len(names), rhs=1.0)],
        )
        told = asked["told"]
        if len(told) < FIRST_POINTS:
            settings = RandomStrategy(domain=domain, seed=1000 * asked["seed"] + len(told))
            strategy = strategies.map(settings)
        else:
            strategy = strategies.map(SoboStrategy(domain=domain, seed=asked["seed"]))
            experiments = pd.DataFrame(told, columns=[*names, "y"])
            experiments["valid_y"] = 1
            strategy.tell(experiments)
        row = strategy.ask(1)[names].to_numpy()[0]
        print(json.dumps({"x": [float(value) for value in row]}), file=answers, flush=True)


if __name__ == "__main__":
    main()
