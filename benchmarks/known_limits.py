"""Where an alchemical crystal lies: a figure for each kind of error, from numbers that are computed here.

    python benchmarks/known_limits.py [--again] [--write]

Computes what benchmarks/records/limits.json lacks (some five minutes of a core with SevenNet-0) and prints it; --write
draws docs/images/limits-*.svg. Size mismatch is of relaxed quasi-random supercells (benchmarks/records/
supercell_truth.json: mean of two or three decorations of 24 to 32 mixed sites, the same potential); magnetism is of
benchmarks/records/accuracy.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from experiment import MATERIALS
from numpy.typing import NDArray
from plots import Series, bars, curves

from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate, evaluate_fixed_geometry
from engine.crystals.prototypes import PROTOTYPES

ROOT = Path(__file__).resolve().parent.parent
RECORDS, IMAGES = ROOT / "benchmarks" / "records", ROOT / "docs" / "images"
KEPT = RECORDS / "limits.json"
POTENTIAL = "sevennet-0"

Found = dict[str, Any]


def main() -> None:
    """Compute what is missing, and print or draw it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--again", action="store_true", help="compute what is known, too")
    parser.add_argument("--write", action="store_true", help="draw the figures into docs/images")
    asked = parser.parse_args()
    kept: Found = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() and not asked.again else {}
    for name, compute in COMPUTED.items():
        if name not in kept:
            kept[name] = compute()
            KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(json.dumps(kept, indent=1))
    if asked.write:
        for name, text in figures(kept).items():
            (IMAGES / f"limits-{name}.svg").write_text(text, encoding="utf-8")


def charge_order() -> Found:
    """Ba2MgWO6 unrelaxed, 8 B sites: meV per B site above rock-salt, of decorations and of the mean field."""
    parent = PROTOTYPES["perovskite"].build(("Ba", "Mg", "O"), a=4.06)
    lattice, symbols, frac = _repeated(parent.lattice, parent.symbols, parent.frac, 2)
    mixed = [place for place, symbol in enumerate(symbols) if symbol == "Mg"]
    energies: dict[str, float] = {}

    def energy(weights: Sequence[float]) -> float:
        asked = _explicit(lattice, symbols, frac, [{"Mg": 1 - w, "W": w} for w in weights], mixed)
        return asked / len(mixed)

    places = np.floor(frac[mixed] * 2).astype(int) % 2
    rock_salt = [float(sum(place) % 2) for place in places]
    energies["rock-salt"] = energy(rock_salt)
    energies["layers"] = energy([float(place[2]) for place in places])
    energies["columns"] = energy([float((place[0] + place[1]) % 2) for place in places])
    rng = np.random.default_rng(0)
    random = [energy(rng.permutation([1.0] * 4 + [0.0] * 4).tolist()) for _ in range(12)]
    energies["random, mean of 12"] = float(np.mean(random))
    energies["mean field"] = energy([0.5] * len(mixed))
    low = energies["rock-salt"]
    return {name: 1000.0 * (value - low) for name, value in energies.items()}


def phase_jump() -> Found:
    """(Al,Sc)N in wurtzite, relaxed: Sc fraction, c/a and the internal coordinate's stand-in, eV/atom."""
    shares = [0.0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0]
    problem = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "wurtzite", "species": ["Al", "N"], "a": 3.11, "c": 4.98},
            "sublattices": [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc"]}],
            "potential": {"name": POTENTIAL},
        }
    )
    found = [evaluate(problem, {"cation": {"Al": 1 - x, "Sc": x}}) for x in shares]
    return {
        "Sc": shares,
        "c_over_a": [one.properties["c_over_a"].value for one in found],
        "mixing_energy": [1000.0 * one.properties["mixing_energy"].value for one in found],
    }


def soft_mode() -> Found:
    """CsPbI3 and SrTiO3, cubic, 40 atoms: meV per formula unit against the tilt of octahedra (degrees) about z."""
    tilts = [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]
    found: Found = {"tilt": tilts}
    for species in (("Cs", "Pb", "I"), ("Sr", "Ti", "O")):
        cubic = Problem.model_validate(
            {
                "kind": "evaluate",
                "structure": {"prototype": "perovskite", "species": list(species)},
                "potential": {"name": POTENTIAL},
            }
        )
        length = evaluate(cubic, {}).properties["lattice_a"].value
        parent = PROTOTYPES["perovskite"].build(species, a=length)
        lattice, symbols, frac = _repeated(parent.lattice, parent.symbols, parent.frac, 2)
        middle = frac[[symbol == species[1] for symbol in symbols]]
        energies = [
            _explicit(lattice, symbols, _tilted(lattice, frac, symbols, species[2], middle, t)) for t in tilts
        ]
        found["".join(species)] = [1000.0 * (energy - energies[0]) / 8 for energy in energies]
    return found


def dispersion() -> Found:
    """Lengths across the layers, relaxed, over those measured (Å at room temperature)."""
    cells = {
        "graphite": (_GRAPHITE, "lattice_c", 6.708),
        "MoS2, 2H": (_MOS2, "lattice_c", 12.295),
        "h-BN": (_BN, "lattice_c", 6.661),
    }
    found: Found = {}
    for name, (poscar, length, measured) in cells.items():
        problem = {"kind": "evaluate", "structure": {"poscar": poscar}, "potential": {"name": POTENTIAL}}
        record = evaluate(Problem.model_validate(problem), {})
        found[name] = {
            "computed": record.properties[length].value,
            "measured": measured,
            "a": record.properties["lattice_a"].value,
            "warnings": record.warnings,
        }
    return found


COMPUTED: Mapping[str, Callable[[], Found]] = {
    "phase_jump": phase_jump,
    "soft_mode": soft_mode,
    "charge_order": charge_order,
    "dispersion": dispersion,
}


def figures(kept: Found) -> dict[str, str]:
    """The text of each figure by name."""
    truth = json.loads((RECORDS / "supercell_truth.json").read_text(encoding="utf-8"))["records"]
    half = [one for one in truth if one["potential"] == POTENTIAL and one["x"] == [0.5, 0.5]]
    mismatch = {
        f"{'-'.join(one['elements'])} ({_mismatch(one):.1f} %)": one["mean_field"]["mixing_energy_meV"]
        - one["supercell"]["mixing_energy_meV"]
        for one in sorted(half, key=_mismatch)
    }
    moduli = json.loads((RECORDS / "accuracy.json").read_text(encoding="utf-8"))["sevennet-l3i5"]["found"]
    metals = {
        material.name: 100.0 * (moduli[material.name]["bulk_modulus"] / material.bulk_modulus - 1.0)
        for material in MATERIALS
        if material.name in ("Al", "Cu", "Mo", "NiAl", "Ni3Al", "Cu3Au", "V", "Fe")
    }
    jump, tilt = kept["phase_jump"], kept["soft_mode"]
    across = {
        name: 100.0 * (one["computed"] / one["measured"] - 1.0) for name, one in kept["dispersion"].items()
    }
    return {
        "size": bars("Mixing energy too high by (mean field less supercells), half and half", "meV/atom", mismatch),
        "charge": bars("Ba2MgWO6 unrelaxed, above rock-salt", "meV per B site", _rising(kept["charge_order"])),
        "phase": curves(
            "(Al,Sc)N relaxed in the labelled wurtzite parent", "Sc fraction", "c/a",
            [Series("SevenNet-0", jump["Sc"], jump["c_over_a"])],
        ),
        "soft": curves(
            "Cubic perovskites, octahedra tilted in a cell of 40 atoms", "tilt, degrees", "meV per formula unit",
            [Series(f"{name}3", tilt["tilt"], tilt[name]) for name in ("CsPbI", "SrTiO")],
        ),
        "magnetism": bars("Bulk modulus against experiment, SevenNet-l3i5", "%", metals),
        "dispersion": bars("Length across the layers against experiment", "%", _rising(across)),
    }  # fmt: skip


def _rising(values: Mapping[str, float]) -> dict[str, float]:
    """Values by name, the least first."""
    return dict(sorted(values.items(), key=lambda one: one[1]))


def _mismatch(one: Found) -> float:
    """By how much the end members' lattice constants differ, %."""
    first, second = (member["a"] for member in one["end_members"])
    return float(200.0 * abs(first - second) / (first + second))


def _repeated(
    lattice: NDArray[np.float64], symbols: Sequence[str], frac: NDArray[np.float64], times: int
) -> tuple[NDArray[np.float64], list[str], NDArray[np.float64]]:
    """A supercell: vectors as rows [3, 3] Å, symbols, and fractional coordinates [n, 3]."""
    cells = np.array(list(product(range(times), repeat=3)))
    places = (np.asarray(frac)[:, None] + cells[None]).reshape(-1, 3) / times
    return times * np.asarray(lattice), [symbol for symbol in symbols for _ in cells], places


def _explicit(
    lattice: NDArray[np.float64],
    symbols: Sequence[str],
    frac: NDArray[np.float64],
    mixtures: Sequence[Mapping[str, float]] = (),
    mixed: Sequence[int] = (),
) -> float:
    """Energy of a crystal as it is, eV; sites of the numbers in ``mixed`` hold mixtures, each a sublattice."""
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "abc": place.tolist()}
        for symbol, place in zip(symbols, frac, strict=True)
    ]
    problem = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"pymatgen": {"lattice": {"matrix": lattice.tolist()}, "sites": sites}},
            "sublattices": [
                {"name": f"site{place}", "sites": [place], "elements": list(mixture)}
                for place, mixture in zip(mixed, mixtures, strict=True)
            ],
            "potential": {"name": POTENTIAL},
        }
    )
    at = {f"site{place}": dict(mixture) for place, mixture in zip(mixed, mixtures, strict=True)}
    return evaluate_fixed_geometry(problem, at).energy


def _tilted(
    lattice: NDArray[np.float64],
    frac: NDArray[np.float64],
    symbols: Sequence[str],
    anion: str,
    middle: NDArray[np.float64],
    degrees: float,
) -> NDArray[np.float64]:
    """Fractional coordinates with octahedra about ``middle`` [n, 3] turned about z, neighbours in turn against it."""
    moved = frac.copy()
    for place, symbol in enumerate(symbols):
        if symbol != anion:
            continue
        away = frac[place] - middle
        away -= np.round(away)
        nearest = int(np.argmin(np.linalg.norm(away @ lattice, axis=1)))
        turn = (-1) ** int(np.floor(2 * middle[nearest]).sum()) * np.tan(np.radians(degrees))
        x, y, _ = away[nearest]
        moved[place] += [-turn * y, turn * x, 0.0]
    return moved


_GRAPHITE = """C
1.0
2.464 0 0
-1.232 2.13388659 0
0 0 6.708
C
4
Direct
0 0 0.25
0 0 0.75
0.333333333333 0.666666666667 0.25
0.666666666667 0.333333333333 0.75
"""
_BN = """BN
1.0
2.504 0 0
-1.252 2.16852761 0
0 0 6.661
B N
2 2
Direct
0.333333333333 0.666666666667 0.25
0.666666666667 0.333333333333 0.75
0.666666666667 0.333333333333 0.25
0.333333333333 0.666666666667 0.75
"""
_MOS2 = """MoS2
1.0
3.160 0 0
-1.580 2.73664028 0
0 0 12.295
Mo S
2 4
Direct
0.333333333333 0.666666666667 0.25
0.666666666667 0.333333333333 0.75
0.333333333333 0.666666666667 0.621
0.333333333333 0.666666666667 0.879
0.666666666667 0.333333333333 0.121
0.666666666667 0.333333333333 0.379
"""

if __name__ == "__main__":
    main()
