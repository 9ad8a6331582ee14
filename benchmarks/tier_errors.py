"""The constants of the tiers' uncertainties, fitted to supercells, and their test on systems that were held out.

    python benchmarks/tier_errors.py

Data: benchmarks/tier_data (computed.jsonl by tier_truth.py; first_truth.json by another code, of both SevenNets, with
larger supercells and no fluctuation). Every second system, by name, is held out. Left out are supercells that left the
parent lattice (Ni-Al up to half nickel), and crystals without gradients or that are unstable.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

DATA = Path(__file__).parent / "tier_data"
LENGTH, ENERGY = "lattice_a", "mixing_energy"
LEFT_PARENT = {("NiAl", 0.5), ("NiAl", 0.25)}
"""Points of first_truth.json whose supercells did, by system and fraction of nickel."""


@dataclass(frozen=True)
class Known:
    """A mixed crystal beside its supercells.

    Attributes:
        system: Name.
        tier: mean_field or fluctuation.
        mismatch: Size mismatch (docs/science.md, Eq. 147).
        mixing: Its own mixing energy, eV/atom.
        length: Relative error of lattice_a.
        energy: Error of the mixing energy, eV/atom.
        evaluation: Values and gradients by property, where they were kept.
    """

    system: str
    tier: str
    mismatch: float
    mixing: float
    length: float
    energy: float
    composition: dict[str, float]
    evaluation: dict[str, Any] | None = None


def known() -> list[Known]:
    """Every point that counts, by system, composition and tier."""
    found: list[Known] = []
    for line in (DATA / "computed.jsonl").read_text().splitlines():
        point = json.loads(line)
        truth = point["mean_field"]["explicit"]
        if point["mean_field"]["left_parent"]:
            continue
        for tier in ("mean_field", "fluctuation"):
            own = point[tier]["properties"]
            volume, x = own["volume"], np.array(list(point["composition"].values()))
            if volume["gradient"] is None or not point[tier]["stable"]:
                continue
            slopes = np.array([volume["gradient"]["mixed"][element] for element in point["composition"]])
            mismatch = float(np.sqrt(x @ (slopes - x @ slopes) ** 2)) / volume["value"]
            value, energy = own[LENGTH]["value"], own[ENERGY]["value"]
            found.append(
                Known(
                    point["system"],
                    tier,
                    mismatch,
                    energy,
                    value / truth[LENGTH]["at_answer"] - 1.0,
                    energy - truth[ENERGY]["at_answer"],
                    point["composition"],
                    own,
                )
            )
    for point in json.loads((DATA / "first_truth.json").read_text())["records"]:
        if (point["system"], point["x"][0]) in LEFT_PARENT:
            continue
        x = np.array(point["x"])
        volumes = np.array([end["a"] ** 2 * end["c"] for end in point["end_members"]])
        mean, own, truth = float(x @ volumes), point["mean_field"], point["supercell"]
        found.append(
            Known(
                point["system"],
                "mean_field",
                float(np.sqrt(x @ (volumes - mean) ** 2)) / mean,
                own["mixing_energy_meV"] / 1000.0,
                own["a"] / truth["a"] - 1.0,
                (own["mixing_energy_meV"] - truth["mixing_energy_meV"]) / 1000.0,
                dict(zip(point["elements"], point["x"], strict=True)),
            )
        )
    return found


def held_out(points: list[Known]) -> set[str]:
    """Every second system by name."""
    return set(sorted({point.system for point in points})[1::2])


def fitted(errors: np.ndarray, features: list[np.ndarray]) -> np.ndarray:
    """The constants c of deviations sqrt(sum (c_k f_k)^2) under which normal errors are the most likely."""
    rows = np.array(features)

    def surprise(logs: np.ndarray) -> float:
        square = (np.exp(2 * logs)[:, None] * rows**2).sum(axis=0)
        return float((errors**2 / square + np.log(square)).sum())

    typical = float(np.sqrt(np.mean(errors**2)))
    start = np.log(
        [typical / max(float(np.sqrt(np.mean(row**2))), 1e-12) / np.sqrt(len(rows)) for row in rows]
    )
    low = start - 5.0
    options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-8, "fatol": 1e-10}
    bounds = [(least, None) for least in low]
    return np.exp(minimize(surprise, start, method="Nelder-Mead", bounds=bounds, options=options).x)


def features(points: list[Known]) -> dict[str, tuple[np.ndarray, list[np.ndarray]]]:
    """Errors of each quantity and what its bar is made of."""
    one, mismatch = np.ones(len(points)), np.array([point.mismatch for point in points])
    mixing = np.array([abs(point.mixing) for point in points])
    return {
        LENGTH: (np.array([point.length for point in points]), [one, mismatch]),
        ENERGY: (np.array([point.energy for point in points]), [one, mismatch, mixing]),
    }


def bars(found: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    """The bars of constants."""
    return np.asarray(np.linalg.norm(found[:, None] * rows, axis=0))


def constants(points: list[Known], tier: str) -> dict[str, np.ndarray]:
    """Those of every quantity by the points that are not held out.

    The most likely ones know these points; so all are widened by one factor, until 95 % of the systems' points lie
    within two bars of a fit to the other systems (a conformal factor, from points that are not held out alone).
    """
    out = held_out(points)
    own = [point for point in points if point.tier == tier and point.system not in out]
    found = {}
    for name, (errors, rows) in features(own).items():
        shares = []
        for system in sorted({point.system for point in own}):
            inside = np.array([point.system == system for point in own])
            without = fitted(errors[~inside], [row[~inside] for row in rows])
            shares += list(np.abs(errors[inside]) / (2.0 * bars(without, [row[inside] for row in rows])))
        factor = max(1.0, float(np.quantile(shares, 0.95, method="higher")))
        found[name] = factor * fitted(errors, rows)
    return found


def main() -> None:
    """Print the constants and what they say of the points that were held out."""
    points = known()
    out = held_out(points)
    print("held out:", ", ".join(sorted(out)))
    for tier in ("mean_field", "fluctuation"):
        found = constants(points, tier)
        for name, values in found.items():
            print(f"{tier}: {name} {values.round(5).tolist()}")
        for kind in (False, True):
            own = [point for point in points if point.tier == tier and (point.system in out) is kind]
            for name, (errors, rows) in features(own).items():
                wide, off = bars(found[name], rows), np.abs(errors)
                print(
                    f"  {name:14s} {'held out' if kind else 'fitted  '} {len(own):3d} points, within two bars "
                    f"{np.mean(off <= 2 * wide):.0%}, mean bar {wide.mean():.5f}, root mean square error "
                    f"{np.sqrt(np.mean(off**2)):.5f}"
                )


if __name__ == "__main__":
    main()
