"""Both tiers beside relaxed quasi-random supercells with SevenNet-0: the points that tier uncertainties are fitted to.

    python benchmarks/tier_truth.py [--sites N] [--supercells N]

Each composition is one that the supercells hold as it is. Lines are added to benchmarks/tier_data/computed.jsonl, and
points that are there already are not computed again; `benchmarks/tier_errors.py` makes the constants from them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate

DATA = Path(__file__).parent / "tier_data" / "computed.jsonl"
POTENTIAL = "sevennet-0"
SYSTEMS: dict[str, tuple[str, list[str], str, tuple[dict[str, float], ...]]] = {
    "KRbCl": ("rocksalt", ["K", "Cl"], "K", ({"K": 0.5, "Rb": 0.5}, {"K": 0.75, "Rb": 0.25})),
    "CuAu": ("fcc", ["Cu"], "Cu", ({"Cu": 0.5, "Au": 0.5}, {"Cu": 0.75, "Au": 0.25})),
    "InGaAs": ("zincblende", ["Ga", "As"], "Ga", ({"In": 0.5, "Ga": 0.5}, {"In": 0.25, "Ga": 0.75})),
    "MoNb": ("bcc", ["Mo"], "Mo", ({"Mo": 0.5, "Nb": 0.5}, {"Mo": 0.25, "Nb": 0.75})),
    "MgCaO": ("rocksalt", ["Mg", "O"], "Mg", ({"Mg": 0.5, "Ca": 0.5}, {"Mg": 0.75, "Ca": 0.25})),
    "AgAu": ("fcc", ["Ag"], "Ag", ({"Ag": 0.5, "Au": 0.5}, {"Ag": 0.25, "Au": 0.75})),
    "SiGe": ("diamond", ["Si"], "Si", ({"Si": 0.5, "Ge": 0.5}, {"Si": 0.75, "Ge": 0.25})),
    "NaClBr": ("rocksalt", ["Na", "Cl"], "Cl", ({"Cl": 0.5, "Br": 0.5}, {"Cl": 0.25, "Br": 0.75})),
    "ZnSSe": ("zincblende", ["Zn", "S"], "S", ({"S": 0.5, "Se": 0.5}, {"S": 0.25, "Se": 0.75})),
    "CuPd": ("fcc", ["Cu"], "Cu", ({"Cu": 0.5, "Pd": 0.5}, {"Cu": 0.25, "Pd": 0.75})),
    "MoW": ("bcc", ["Mo"], "Mo", ({"Mo": 0.5, "W": 0.5}, {"Mo": 0.25, "W": 0.75})),
    "TiZrN": ("rocksalt", ["Ti", "N"], "Ti", ({"Ti": 0.5, "Zr": 0.5}, {"Ti": 0.75, "Zr": 0.25})),
    "AlGaAs": ("zincblende", ["Ga", "As"], "Ga", ({"Al": 0.5, "Ga": 0.5}, {"Al": 0.25, "Ga": 0.75})),
    "GaAsP": ("zincblende", ["Ga", "As"], "As", ({"As": 0.5, "P": 0.5},)),
    "CaSrO": ("rocksalt", ["Ca", "O"], "Ca", ({"Ca": 0.5, "Sr": 0.5}, {"Ca": 0.25, "Sr": 0.75})),
    "PdPt": ("fcc", ["Pd"], "Pd", ({"Pd": 0.5, "Pt": 0.5},)),
    "NbTa": ("bcc", ["Nb"], "Nb", ({"Nb": 0.5, "Ta": 0.5},)),
    "CrMoW": ("bcc", ["W"], "W", ({"Cr": 0.25, "Mo": 0.25, "W": 0.5},)),
    "CuNiPd": ("fcc", ["Cu"], "Cu", ({"Cu": 0.5, "Ni": 0.25, "Pd": 0.25},)),
    "AlInN": ("wurtzite", ["Al", "N"], "Al", ({"Al": 0.75, "In": 0.25},)),
    "ZnSeTe": ("zincblende", ["Zn", "Se"], "Se", ({"Se": 0.5, "Te": 0.5},)),
    "ScAlN": ("wurtzite", ["Al", "N"], "Al", ({"Sc": 0.25, "Al": 0.75},)),
}
KEPT = ("lattice_a", "lattice_c", "volume", "mixing_energy", "energy")


def problem(name: str, composition: dict[str, float], tier: str, verify: dict[str, int] | None) -> Problem:
    """One composition of a system."""
    prototype, species, site, _ = SYSTEMS[name]
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": prototype, "species": species},
            "sublattices": [{"name": "mixed", "sites": [site], "elements": list(composition)}],
            "at": [{"mixed": composition}],
            "potential": {"name": POTENTIAL, "tier": tier},
            **({} if verify is None else {"verify": verify}),
        }
    )


def computed(asked: Problem) -> dict[str, Any]:
    """The evaluation and what its supercells say, property by property."""
    campaign = Campaign(asked)
    while batch := campaign.ask():
        campaign.tell([evaluate(campaign.resolved, task) for task in batch])
    result = campaign.result()
    (one,) = result.evaluations
    found: dict[str, Any] = {
        "properties": {
            key: {"value": value.value, "gradient": value.gradient}
            for key, value in one.properties.items()
            if key in KEPT
        },
        "stable": one.stable,
        "converged": one.converged,
        "message": one.message,
    }
    if result.verification is not None:
        found["explicit"] = {
            entry.property: {
                "value": entry.explicit.value,
                "spread": entry.explicit.spread,
                "at_answer": entry.at_answer,
            }
            for entry in result.verification
            if entry.property in KEPT
        }
        found["left_parent"] = bool(one.left_parent)
        found["sites"] = sum(result.verification[0].supercells[0].sites.values())
    return found


def main() -> None:
    """Compute what is missing, the first composition of every system first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sites", type=int, default=16, help="mixed sites of a supercell, about")
    parser.add_argument("--supercells", type=int, default=2, help="decorations of each composition")
    asked = parser.parse_args()
    there = set()
    if DATA.exists():
        lines = [json.loads(line) for line in DATA.read_text().splitlines()]
        there = {(line["system"], json.dumps(line["composition"])) for line in lines}
    turns = max(len(system[3]) for system in SYSTEMS.values())
    for turn in range(turns):
        for name, (_, _, _, compositions) in SYSTEMS.items():
            if turn >= len(compositions) or (name, json.dumps(compositions[turn])) in there:
                continue
            began, composition = time.perf_counter(), compositions[turn]
            verify = {"sites": asked.sites, "supercells": asked.supercells}
            line = {
                "system": name,
                "potential": POTENTIAL,
                "composition": composition,
                "mean_field": computed(problem(name, composition, "mean_field", verify)),
                "fluctuation": computed(problem(name, composition, "fluctuation", None)),
            }
            with DATA.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(name, composition, f"{time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
