"""What is wrong with a problem of kind free_energy: each fault at its field, with its mend, before much is computed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from engine.acceptance.conditions import condition_faults
from engine.acceptance.resolve import resolve
from engine.acceptance.unused import unused_fields
from engine.composition.region import Region
from engine.composition.space import CompositionSpace
from engine.kinds.free_energy.faults import option_faults, size_faults
from engine.problem.limits import Limits
from tests.counting import MOST_CALLS, counted

SALT = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
CESIUM = {"prototype": "cscl", "species": ["Na", "Cl"]}
NA, K = {"cation": {"Na": 1.0}}, {"cation": {"K": 1.0}}
HALF = {"cation": {"Na": 0.5, "K": 0.5}}
PROBLEM = {
    "kind": "free_energy",
    "structure": SALT,
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "potential": {"name": "sevennet-0"},
}
CHANGE = {"path": "composition", "from": NA, "to": K}
ABSOLUTE = {"path": "absolute"}
VACANCY = {"path": "vacancy", "vacancy": {"sublattice": "cation", "element": "Na"}}
PHASES = {"path": "phases", "phases": [SALT, CESIUM]}
WITH_VAC = [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K", "Vac"]}]
CELL = "5.6 0 0\n0 5.6 0\n0 0 5.6"


def asked(options, at=(), **changes):
    """A problem with these options, at the salt of sodium where the path wants a composition and none is given."""
    wanted = options is not None and options["path"] != "composition" and not at
    listed = {"at": [NA] if wanted else list(at)}
    given = {} if options is None else {"free_energy": options}
    return {**PROBLEM, **listed, **given, **changes}


def faults(document, limits=None):
    """All faults of a document: those of its form, or those of its kind and the fields that it does not use."""
    try:
        problem = parse(Problem, document)
    except ProblemInvalid as error:
        return list(error.errors)
    region = Region(CompositionSpace.of(problem.sublattices))
    return [*unused_fields(problem), *option_faults(problem, region, limits or Limits())]


REFUSED = {
    # The ends of a change of composition.
    "no options": (asked(None), "/free_energy", "missing-field", "path: absolute"),
    "no path": ({**PROBLEM, "free_energy": {}}, "/free_energy/path", "missing-field", "add it"),
    "an unknown path": (asked({"path": "mass"}), "/free_energy/path", "unknown-choice", "'vacancy'"),
    "no beginning": (asked({"path": "composition", "to": K}), "/free_energy/from", "missing-field", "from: {"),
    "no end": (asked({"path": "composition", "from": NA}), "/free_energy/to", "missing-field", "to: {"),
    "an unknown schedule": (
        asked({**CHANGE, "schedule": "polynomial"}), "/free_energy/schedule", "unknown-choice", "'adaptive'"),
    "no run together": (asked({**CHANGE, "replicas": 0}), "/free_energy/replicas", "bad-choice", "or auto"),
    "too many runs together": (
        asked({**CHANGE, "replicas": 65}), "/free_energy/replicas", "bad-choice", "from 1 to 64"),
    "half a run": (asked({**CHANGE, "replicas": 2.5}), "/free_energy/replicas", "bad-choice", "or auto"),
    "the same ends": (asked({**CHANGE, "to": NA}), "/free_energy/to", "same-ends", "another end"),
    "ends that round to the same": (
        asked({**CHANGE, "to": {"cation": {"Na": 1.00004, "K": 0.0}}}),
        "/free_energy/to/cation/Na", "invalid-value", "less than or equal to 1"),
    "an element that is not there": (
        asked({**CHANGE, "to": {"cation": {"Rb": 1.0}}}), "/free_energy/to/cation/Rb", "bad-composition", "Na, K"),
    "a sublattice that is not there": (
        asked({**CHANGE, "from": {"cations": {"Na": 1.0}}}), "/free_energy/from/cations", "bad-composition",
        "did you mean 'cation'"),
    "fractions that do not add up": (
        asked({**CHANGE, "from": {"cation": {"Na": 0.5, "K": 0.4}}}), "/free_energy/from/cation", "bad-composition",
        "add up to 0.9"),
    "percent": (
        asked({**CHANGE, "from": {"cation": {"Na": 60, "K": 40}}}), "/free_energy/from/cation/Na", "invalid-value",
        "0.2 for 20 %"),
    "a sublattice left out": (
        asked({**CHANGE, "to": {}}), "/free_energy/to", "bad-composition", "are missing; give cation"),
    "a composition as a text": (
        asked({**CHANGE, "to": "cation:K=1"}), "/free_energy/to", "invalid-value", "mapping"),
    "nothing that may change": (
        asked(CHANGE, sublattices=[{"name": "cation", "sites": ["Na"], "elements": ["Na"]}]),
        "/sublattices", "nothing-to-vary", "other one"),
    "no sublattices": (asked(CHANGE, sublattices=[]), "/sublattices", "nothing-to-vary", "two elements"),
    "atoms taken out on the way": (
        asked({**CHANGE, "to": {"cation": {"K": 0.9, "Vac": 0.1}}}, sublattices=WITH_VAC),
        "/free_energy/to", "needs-vacancy-path", "use path vacancy"),
    "compositions beside the ends": (asked(CHANGE, at=[HALF]), "/at", "unused-field", "remove at"),
    # Options of other paths.
    "an end on path absolute": (
        asked({**ABSOLUTE, "from": NA}), "/free_energy/from", "unused-field", "goes with path composition"),
    "both ends on path phases": (asked({**PHASES, "to": K}), "/free_energy/to", "unused-field", "remove it"),
    "a vacancy on path composition": (
        asked({**CHANGE, "vacancy": VACANCY["vacancy"]}), "/free_energy/vacancy", "unused-field", "path vacancy"),
    "phases on path absolute": (
        asked({**ABSOLUTE, "phases": [SALT, CESIUM]}), "/free_energy/phases", "unused-field", "path phases"),
    "a reference of a change": (
        asked({**CHANGE, "reference": "einstein"}), "/free_energy/reference", "unused-field", "absolute"),
    "an unknown reference": (
        asked({**ABSOLUTE, "reference": "debye"}), "/free_energy/reference", "unknown-choice", "'einstein'"),
    "an unknown ensemble": (asked({**ABSOLUTE, "ensemble": "nve"}), "/free_energy/ensemble", "unknown-choice", "npt"),
    "an unknown cell": (
        asked({**CHANGE, "ensemble": "npt", "cell": "free"}), "/free_energy/cell", "unknown-choice", "'sampled'"),
    "a cell that moves and is held": (
        asked({**CHANGE, "cell": "sampled"}), "/free_energy/cell", "unused-field", "take ensemble: npt"),
    "an option spelt otherwise": (
        asked({**ABSOLUTE, "temperature": [300]}), "/free_energy/temperature", "unknown-field", "mean temperatures"),
    "the code's name of an end": (
        asked({**CHANGE, "start": NA}), "/free_energy/start", "unknown-field", "from, to"),
    "a form of from": (asked({**CHANGE, "form": NA}), "/free_energy/form", "unknown-field", "did you mean from"),
    # Compositions in `at`.
    "no composition of a mixed crystal": (
        {**PROBLEM, "free_energy": ABSOLUTE}, "/at", "missing-field", "at: [{cation: {Na: 1}}]"),
    "a composition twice": (
        asked(ABSOLUTE, at=[HALF, NA, HALF]), "/at/2", "duplicate-composition", "remove one"),
    "another element in at": (
        asked(ABSOLUTE, at=[{"cation": {"Li": 1.0}}]), "/at/0/cation/Li", "bad-composition", "Na, K"),
    # Vacancies.
    "no vacancy": (asked({"path": "vacancy"}), "/free_energy/vacancy", "missing-field", "which atom"),
    "a vacancy nowhere": (
        asked({**VACANCY, "vacancy": {"sublattice": "anion", "element": "Cl"}}),
        "/free_energy/vacancy/sublattice", "unknown-sublattice", "cation"),
    "a vacancy without sublattices": (
        asked(VACANCY, sublattices=[], at=[{}]), "/free_energy/vacancy/sublattice", "unknown-sublattice",
        "sublattices: [{name: cation, sites: [Na], elements: [Na]}]"),
    "a vacancy of what is never there": (
        asked({**VACANCY, "vacancy": {"sublattice": "cation", "element": "Cl"}}),
        "/free_energy/vacancy/element", "no-such-atom", "Na, K"),
    "a vacancy of what is not there at one composition": (
        asked(VACANCY, at=[HALF, K]), "/free_energy/vacancy/element", "no-such-atom", "/at/1"),
    "a vacancy of a vacancy": (
        asked({**VACANCY, "vacancy": {"sublattice": "cation", "element": "Vac"}}),
        "/free_energy/vacancy/element", "unknown-element", "full site"),
    "half of a vacancy": (
        asked({**VACANCY, "vacancy": {"sublattice": "cation"}}), "/free_energy/vacancy/element", "missing-field", ""),
    "a vacancy by paired mixing": (
        asked(VACANCY, potential={"name": "sevennet-0", "mixing": "paired"}), "/potential/mixing",
        "needs-mean-field", "remove mixing"),
    # Phases.
    "no phases": (asked({"path": "phases"}), "/free_energy/phases", "missing-field", "phases: [{prototype"),
    "one phase": (asked({**PHASES, "phases": [SALT]}), "/free_energy/phases", "bad-phases", "1 phase is given"),
    "three phases": (
        asked({**PHASES, "phases": [SALT, CESIUM, SALT]}), "/free_energy/phases", "bad-phases", "give two"),
    "no phase": (asked({**PHASES, "phases": []}), "/free_energy/phases", "bad-phases", "0 phases are given"),
    "one phase that is no list": (asked({**PHASES, "phases": SALT}), "/free_energy/phases", "invalid-value", "list"),
    "the same phase twice": (
        asked({**PHASES, "phases": [SALT, SALT]}), "/free_energy/phases/1", "same-phases", "another one"),
    "phases of other elements": (
        asked({**PHASES, "phases": [SALT, {"prototype": "cscl", "species": ["Na", "Br"]}]}),
        "/free_energy/phases/1", "other-composition", "BrNa"),
    "phases of other proportions": (
        asked({**PHASES, "phases": [SALT, {"prototype": "antifluorite", "species": ["Na", "Cl"]}]}),
        "/free_energy/phases/1", "other-composition", "ClNa2"),
    "a phase that is none": (
        asked({**PHASES, "phases": [SALT, {"prototype": "rockslat", "species": ["Na", "Cl"]}]}),
        "/free_energy/phases/1/prototype", "unknown-prototype", "rocksalt"),
    "a phase without atoms": (asked({**PHASES, "phases": [SALT, {}]}), "/free_energy/phases/1", "bad-structure", ""),
    "a structure that is no phase": (
        asked(PHASES, structure={**SALT, "a": 5.7}), "/structure", "not-a-phase", "one of them"),
    "sites by their number": (
        asked(PHASES, sublattices=[{"name": "cation", "sites": [0], "elements": ["Na", "K"]}]),
        "/sublattices/0/sites", "needs-elements", "by their element"),
    # Temperatures.
    "zero": (
        asked({**ABSOLUTE, "temperatures": [0]}), "/free_energy/temperatures/0", "bad-temperature", "kind evaluate"),
    "degrees Celsius": (
        asked({**ABSOLUTE, "temperatures": [300, -50]}), "/free_energy/temperatures/1", "bad-temperature", "223.15 K"),
    "far below zero": (
        asked({**ABSOLUTE, "temperatures": [-400]}), "/free_energy/temperatures/0", "bad-temperature", "below zero"),
    "a plasma": (
        asked({**ABSOLUTE, "temperatures": [1e6]}), "/free_energy/temperatures/0", "bad-temperature", "5000"),
    "hardly any": (
        asked({**ABSOLUTE, "temperatures": [0.01]}), "/free_energy/temperatures/0", "bad-temperature", "quantum"),
    "infinitely hot": (
        asked({**ABSOLUTE, "temperatures": [float("inf")]}), "/free_energy/temperatures/0", "invalid-value", "finite"),
    "a temperature twice": (
        asked({**ABSOLUTE, "temperatures": [300, 400, 300.0]}), "/free_energy/temperatures/2",
        "duplicate-temperature", "300 K is listed twice"),
    "no temperature": (
        asked({**ABSOLUTE, "temperatures": []}), "/free_energy/temperatures", "invalid-value", "at least 1"),
    "a number of temperatures": (
        asked({**ABSOLUTE, "temperatures": 300}), "/free_energy/temperatures", "invalid-value", "list"),
    "a temperature with its unit": (
        asked({**ABSOLUTE, "temperatures": ["300 K"]}), "/free_energy/temperatures/0", "invalid-value", "in K: 300"),
    "zero by the conditions": (
        asked(ABSOLUTE, conditions={"temperature": 0.0}), "/conditions/temperature", "bad-temperature",
        "nothing moves"),
    "temperatures in two places": (
        asked({**ABSOLUTE, "temperatures": [400]}, conditions={"temperature": 350.0}),
        "/conditions/temperature", "unused-field", "list it there"),
    # Accuracy, time step, budget, size.
    "no accuracy": (asked({**ABSOLUTE, "accuracy": 0}), "/free_energy/accuracy", "bad-accuracy", "e.g. 0.001"),
    "a negative accuracy": (asked({**ABSOLUTE, "accuracy": -1}), "/free_energy/accuracy", "bad-accuracy", "positive"),
    "an accuracy of nothing": (
        asked({**ABSOLUTE, "accuracy": 1e-300}), "/free_energy/accuracy", "bad-accuracy", "1e-06"),
    "an accuracy in words": (asked({**ABSOLUTE, "accuracy": "1 meV"}), "/free_energy/accuracy", "bad-accuracy", "eV"),
    "no time step": (asked({**ABSOLUTE, "timestep": 0}), "/free_energy/timestep", "bad-choice", "or auto"),
    "back in time": (asked({**ABSOLUTE, "timestep": -1.0}), "/free_energy/timestep", "bad-choice", "or auto"),
    "a time step of a picosecond": (
        asked({**ABSOLUTE, "timestep": 1000}), "/free_energy/timestep", "bad-choice", "20"),
    "a time step of true": (asked({**ABSOLUTE, "timestep": True}), "/free_energy/timestep", "bad-choice", "fs"),
    "a time step that is no number": (
        asked({**ABSOLUTE, "timestep": float("nan")}), "/free_energy/timestep", "bad-choice", "or auto"),
    "a time step in words": (asked({**ABSOLUTE, "timestep": "2 fs"}), "/free_energy/timestep", "bad-choice", "e.g. 2"),
    "one pair of runs": (
        asked({**CHANGE, "budget": {"runs": 1}}), "/free_energy/budget/runs", "invalid-value", "equal to 2"),
    "half a step": (
        asked({**CHANGE, "budget": {"steps": 0.5}}), "/free_energy/budget/steps", "invalid-value", "integer"),
    "an unknown budget": (
        asked({**CHANGE, "budget": {"run": 4}}), "/free_energy/budget/run", "unknown-field", "mean runs"),
    "no atoms": (asked({**ABSOLUTE, "atoms": 0}), "/free_energy/atoms", "invalid-value", "equal to 1"),
    # What other kinds use.
    "objectives": (
        asked(ABSOLUTE, objectives=[{"property": "lattice_a", "target": 5.6, "tolerance": 0.1}]), "/objectives",
        "unused-field", "kind optimize"),
    "properties": (asked(ABSOLUTE, properties=["density"]), "/properties", "unused-field", "kind evaluate"),
    "verify": (asked(ABSOLUTE, verify={}), "/verify", "unused-field", "free_energy.atoms"),
    "scan": (asked(ABSOLUTE, scan={}), "/scan", "unused-field", "remove scan"),
    "orderings": (asked(ABSOLUTE, order={}), "/order", "unused-field", "kind order"),
    "constraints": (
        asked(ABSOLUTE, constraints={"max_elements": {"cation": 1}}), "/constraints/max_elements", "unused-field", ""),
    "a strategy": (asked(ABSOLUTE, strategy={"name": "grid"}), "/strategy/name", "unused-field", "remove it"),
    "a tier": (
        asked(ABSOLUTE, potential={"name": "sevennet-0", "tier": "fluctuation"}), "/potential/tier", "unused-field",
        "remove tier"),
    "chemical potentials of a change": (
        asked(CHANGE, conditions={"chemical_potentials": {"Na": -1.0}}), "/conditions/chemical_potentials/Na",
        "unused-field", "path vacancy"),
    "chemical potentials of what stays": (
        asked(VACANCY, conditions={"chemical_potentials": {"Na": -1.0, "Cl": -1.0}}),
        "/conditions/chemical_potentials/Cl", "unused-field", "(Na)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_fault_is_told_at_its_field_with_the_mend(case):
    document, where, slug, words = REFUSED[case]
    found = [error for error in faults(document) if error.pointer == where]
    assert [error.type for error in found] == [slug]
    assert words in found[0].message
    assert len(found[0].message) > 10


HOSTILE = {
    "temperatures without number": (asked({**ABSOLUTE, "temperatures": [300.0] * 10**5}), "/free_energy/temperatures"),
    "phases without number": (asked({**PHASES, "phases": [{"cif": "x" * 10**6}] * 50}), "/free_energy/phases"),
    "compositions without number": (asked(ABSOLUTE, at=[HALF] * 5000), "/at"),
    "atoms without number": (asked({**ABSOLUTE, "atoms": 10**30}), "/free_energy/atoms"),
    "runs without number": (asked({**ABSOLUTE, "budget": {"runs": 10**9}}), "/free_energy/budget/runs"),
    "steps without number": (asked({**ABSOLUTE, "budget": {"steps": 10**9}}), "/free_energy/budget/steps"),
    "a time step of 400 digits": (asked({**ABSOLUTE, "timestep": 10**400}), "/free_energy/timestep"),
    "an accuracy of 400 digits": (asked({**ABSOLUTE, "accuracy": 10**400}), "/free_energy/accuracy"),
    "elements without number": (
        asked({**CHANGE, "to": {"cation": {f"X{n}": 0.1 for n in range(10**4)}}}), "/free_energy/to/cation"),
    "a phase of rubbish": (asked({**PHASES, "phases": [SALT, {"cif": "(" * 10**5}]}), "/free_energy/phases/1/cif"),
    "a seed of thirty digits": (asked(ABSOLUTE, strategy={"seed": 10**30}), "/strategy/seed"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_too_large_is_refused_at_once(case):
    document, where = HOSTILE[case]
    found, calls = counted(faults, document)
    assert calls < MOST_CALLS
    assert where in {error.pointer for error in found}
    assert all(len(error.message) < 500 for error in found)


@pytest.mark.parametrize(
    "document",
    [
        asked(CHANGE),
        asked({**CHANGE, "from": HALF, "temperatures": [300, 400.5], "timestep": 2, "ensemble": "npt"}),
        asked({**CHANGE, "ensemble": "npt", "cell": "sampled"}),
        asked({**CHANGE, "to": {"cation": {"Na": 0.33333, "K": 0.66667}}}),
        asked(CHANGE, sublattices=WITH_VAC),
        asked(ABSOLUTE, at=[NA, HALF], conditions={"temperature": 700.0, "pressure": 1.0}),
        asked(
            {**ABSOLUTE, "reference": "einstein", "budget": {"runs": 4, "steps": 1000}}, strategy={"seed": 7}
        ),
        {**PROBLEM, "sublattices": [], "free_energy": ABSOLUTE},
        asked(VACANCY, at=[NA, HALF], conditions={"chemical_potentials": {"Na": -1.3}}),
        {
            **PROBLEM,
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na"]}],
            "free_energy": VACANCY,
        },
        asked(PHASES),
        asked(PHASES, structure=CESIUM),
        asked(CHANGE, potential={"name": "sevennet-0", "mixing": "paired", "dtype": "float32"}),
    ],
)
def test_what_can_be_asked_is_no_fault(document):
    assert faults(document) == []


def test_defaults_are_those_that_are_documented():
    options = parse(Problem, asked(ABSOLUTE)).free_energy
    assert (options.atoms, options.temperatures, options.ensemble, options.reference) == (
        64,
        None,
        "nvt",
        "auto",
    )
    assert (options.timestep, options.accuracy) == ("auto", 0.001)
    assert (options.budget.runs, options.budget.steps) == (16, 300)


@pytest.mark.parametrize(
    "options", [CHANGE, VACANCY, PHASES, {**ABSOLUTE, "timestep": 1.5, "temperatures": [300]}]
)
def test_what_is_written_is_read_again(options):
    problem = parse(Problem, asked(options))
    assert parse(Problem, problem.document()) == problem
    assert parse(Problem, problem.model_dump(mode="json", exclude_unset=True)) == problem


def resolved(options, **changes):
    """The problem with its crystal, which a problem of kind evaluate has too."""
    problem = parse(Problem, asked(options, **changes))
    other = {key: value for key, value in asked(options, at=[NA], **changes).items() if key != "free_energy"}
    return replace(resolve(parse(Problem, {**other, "kind": "evaluate"})), problem=problem)


def test_more_atoms_than_memory_holds_are_refused_with_how_many_it_does():
    found = resolved({**ABSOLUTE, "atoms": 4000})
    assert size_faults(found, Limits(memory_bytes=10**12)) == []
    (fault,) = size_faults(found, Limits(memory_bytes=2 * 2**30))
    assert (fault.pointer, fault.type) == ("/free_energy/atoms", "does-not-fit")
    fewer = int(fault.message.split("atoms: ")[1].split()[0])
    assert 0 < fewer < 4000
    assert fewer % 2 == 0
    assert "dtype: float32" in fault.message
    assert size_faults(resolved({**ABSOLUTE, "atoms": fewer}), Limits(memory_bytes=2 * 2**30)) == []
    assert size_faults(resolved({**ABSOLUTE, "atoms": fewer + 2}), Limits(memory_bytes=2 * 2**30))


def test_memory_that_holds_no_cell_asks_for_a_smaller_one():
    (fault,) = size_faults(resolved(ABSOLUTE), Limits(memory_bytes=2**20))
    assert "smaller parent cell" in fault.message


def test_a_sheet_in_vacuum_is_refused():
    """Nothing holds the cell across the gap: its free energy has no minimum there."""
    cell = "2.46 0 0\n-1.23 2.1304 0\n0 0 20"
    sheet = {"poscar": f"C sheet\n1.0\n{cell}\nC\n2\nDirect\n0.333333 0.666667 0.5\n0.666667 0.333333 0.5\n"}
    problem = {**PROBLEM, "structure": sheet, "sublattices": []}
    crystal = resolve(parse(Problem, {**problem, "kind": "evaluate"}))
    asked_for = replace(crystal, problem=parse(Problem, {**problem, "free_energy": ABSOLUTE}))
    (fault,) = size_faults(asked_for, Limits())
    assert (fault.pointer, fault.type) == ("/structure", "not-available-yet")
    assert "close the gap" in fault.message


def test_chemical_potentials_of_a_vacancy_need_no_formation_energy():
    problem = parse(Problem, asked(VACANCY, conditions={"chemical_potentials": {"Na": -1.3}}))
    assert condition_faults(problem, None, (), None, 100) == []
    evaluated = problem.model_copy(update={"kind": "evaluate"})
    assert [error.type for error in condition_faults(evaluated, None, (), None, 100)] == ["unused-field"]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (asked(VACANCY, at=[HALF]), "/at/0"),
        (asked({**VACANCY, "reference": "einstein"}, at=[NA]), "/free_energy/reference"),
        (asked({**ABSOLUTE, "ensemble": "npt", "cell": "sampled"}), "/free_energy/cell"),
        (
            asked(
                {
                    **CHANGE,
                    "ensemble": "npt",
                    "cell": "sampled",
                    "from": {"metal": {"Zn": 1.0}},
                    "to": {"metal": {"Cd": 1.0}},
                },
                structure={"prototype": "wurtzite", "species": ["Zn", "S"]},
                sublattices=[{"name": "metal", "sites": ["Zn"], "elements": ["Zn", "Cd"]}],
            ),
            "/free_energy/cell",
        ),
        (asked(ABSOLUTE, sublattices=WITH_VAC), "/sublattices"),
    ],
)
def test_what_is_not_built_yet_is_refused(document, where):
    with pytest.raises(ProblemInvalid) as refused:
        resolve(parse(Problem, document))
    (fault,) = [error for error in refused.value.errors if error.pointer == where]
    assert fault.type == "not-available-yet"
    assert "is not available yet in this version; " in fault.message


def test_one_atom_alone_is_refused():
    document = asked(
        {**ABSOLUTE, "atoms": 1}, structure={"prototype": "fcc", "species": ["Cu"]}, sublattices=[]
    )
    document.pop("at", None)
    with pytest.raises(ProblemInvalid) as refused:
        resolve(parse(Problem, document))
    (fault,) = refused.value.errors
    assert (fault.pointer, fault.type) == ("/free_energy/atoms", "too-few-sites")
    assert "take atoms: 64" in fault.message


def test_a_job_that_takes_too_long_is_refused_where_it_says_how_much():
    document = asked({**CHANGE, "budget": {"steps": 100_000}})
    with pytest.raises(ProblemInvalid) as refused:
        resolve(parse(Problem, document), Limits(seconds=3600.0))
    (fault,) = refused.value.errors
    assert (fault.pointer, fault.type) == ("/free_energy", "does-not-fit")
