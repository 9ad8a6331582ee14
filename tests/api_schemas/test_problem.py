"""The problem file: round trips of anything valid, and faults with their pointers."""

from __future__ import annotations

import difflib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_schemas.errors import ProblemInvalid, parse, pointer
from api_schemas.problem import Problem
from api_schemas.schema import problem_schema
from api_schemas.symbols import ATOMIC_NUMBERS, SYMBOLS

ELEMENTS = st.sampled_from(list(ATOMIC_NUMBERS))
NUMBERS = st.floats(-1e6, 1e6)
SCALES = st.floats(1e-6, 1e6)
FRACTIONS = st.floats(0.0, 1.0)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_\-]{0,20}", fullmatch=True)
TITLES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def structures(draw):
    form = draw(st.sampled_from(["prototype", "cif", "poscar", "pymatgen"]))
    if form == "pymatgen":
        return {form: draw(st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=3))}
    if form != "prototype":
        return {form: draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))}
    structure = {form: draw(NAMES), "species": draw(st.lists(ELEMENTS, min_size=1, max_size=4))}
    for constant in ("a", "b", "c"):
        if draw(st.booleans()):
            structure[constant] = draw(st.floats(0.1, 900.0))
    return structure


@st.composite
def sublattices(draw, name):
    symbols = draw(st.lists(st.sampled_from([*ATOMIC_NUMBERS, "Vac"]), min_size=1, max_size=4, unique=True))
    elements = symbols
    if draw(st.booleans()):
        # Lower bounds that leave room and upper bounds that can be filled.
        low = draw(st.floats(0.0, 1.0 / len(symbols)))
        high = draw(st.floats(1.0 / len(symbols), 1.0))
        elements = {symbol: [low, high] for symbol in symbols}
    sites = draw(st.lists(ELEMENTS | st.integers(0, 9_999), min_size=1, max_size=4))
    return {"name": name, "sites": sites, "elements": elements}


@st.composite
def objectives(draw, *, weighted):
    objective = {"property": draw(NAMES)}
    if draw(st.booleans()):
        objective["target"] = draw(NUMBERS | structures().map(lambda structure: {"same_as": structure}))
        objective["tolerance"] = draw(SCALES)
    else:
        objective["goal"] = draw(st.sampled_from(["minimize", "maximize"]))
        if draw(st.booleans()):
            objective["scale"] = draw(SCALES)
    if weighted:
        objective["weight"] = draw(SCALES)
    return objective


@st.composite
def documents(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    weighted = draw(st.booleans())
    document = {
        "kind": draw(st.sampled_from(["optimize", "scan", "evaluate", "order", "free_energy"])),
        "structure": draw(structures()),
        "sublattices": [draw(sublattices(name)) for name in names],
        "objectives": draw(st.lists(objectives(weighted=weighted), min_size=1, max_size=3)),
    }
    optional = {
        "name": TITLES,
        "properties": st.lists(NAMES, max_size=3),
        "potential": st.fixed_dictionaries(
            {},
            optional={
                "name": NAMES,
                "mixing": st.sampled_from(["mean_field", "paired"]),
                "tier": st.sampled_from(["mean_field", "single_site"]),
                "dtype": st.sampled_from(["float64", "float32"]),
            },
        ),
        "conditions": st.fixed_dictionaries(
            {},
            optional={
                "temperature": st.floats(0, 5000),
                "pressure": st.floats(-10, 500),
                "chemical_potentials": st.dictionaries(ELEMENTS, st.floats(-100, 100), max_size=3),
                "substrate": st.fixed_dictionaries(
                    {"value": st.floats(0.1, 100)}, optional={"direction": st.just([1, -1, 0])}
                ),
            },
        ),
        "strategy": st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["auto", "gradient", "bayesian", "hybrid", "grid", "random"]),
                "max_evaluations": st.integers(1, 100_000),
                "batch_size": st.integers(1, 1000),
                "seed": st.integers(0, 2**32 - 1),
            },
        ),
        "at": st.lists(
            st.dictionaries(NAMES, st.dictionaries(ELEMENTS, FRACTIONS, max_size=3), max_size=2), max_size=2
        ),
        "scan": st.fixed_dictionaries({}, optional={"points_per_edge": st.integers(2, 1001)}),
        "free_energy": st.fixed_dictionaries(
            {"path": st.sampled_from(["composition", "vacancy", "absolute", "phases"])},
            optional={
                "from": st.dictionaries(NAMES, st.dictionaries(ELEMENTS, FRACTIONS, max_size=3), max_size=2),
                "to": st.dictionaries(NAMES, st.dictionaries(ELEMENTS, FRACTIONS, max_size=3), max_size=2),
                "vacancy": st.fixed_dictionaries({"sublattice": NAMES, "element": ELEMENTS}),
                "phases": st.lists(structures(), min_size=2, max_size=2),
                "atoms": st.integers(1, 4096),
                "temperatures": st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=4),
                "ensemble": st.sampled_from(["nvt", "npt"]),
                "cell": st.sampled_from(["quasi_harmonic", "sampled"]),
                "reference": st.sampled_from(["auto", "harmonic", "einstein"]),
                "timestep": st.just("auto") | st.floats(0.01, 20),
                "accuracy": st.floats(1e-6, 10),
                "budget": st.fixed_dictionaries(
                    {}, optional={"runs": st.integers(2, 1000), "steps": st.integers(10, 10**6)}
                ),
            },
        ),
        "verify": st.fixed_dictionaries(
            {}, optional={"supercells": st.integers(1, 20), "sites": st.integers(2, 256)}
        ),
        "constraints": st.fixed_dictionaries(
            {},
            optional={
                "charge_neutrality": st.dictionaries(ELEMENTS, NUMBERS, max_size=3),
                "linear": st.lists(
                    st.fixed_dictionaries(
                        {
                            "terms": st.dictionaries(
                                NAMES.map(lambda n: f"{n}:Al"), NUMBERS, min_size=1, max_size=2
                            )
                        },
                        optional={"min": st.floats(-5, 0)},
                    ).map(lambda constraint: {**constraint, "max": 1.0}),
                    max_size=2,
                ),
                "min_if_present": st.dictionaries(NAMES.map(lambda n: f"{n}:Sc"), FRACTIONS, max_size=2),
                "max_elements": st.dictionaries(NAMES, st.integers(1, 20), max_size=2),
                "resolution": st.floats(0.001, 0.5),
            },
        ),
    }
    for field, values in optional.items():
        if draw(st.booleans()):
            document[field] = draw(values)
    return document


@settings(max_examples=150, deadline=None)
@given(documents())
def test_any_valid_problem_survives_json_and_yaml(document):
    problem = Problem.model_validate(document)
    assert Problem.model_validate_json(problem.model_dump_json()) == problem
    assert Problem.model_validate(problem.model_dump(mode="json")) == problem
    text = json.dumps(problem.model_dump(mode="json"), ensure_ascii=True)
    assert Problem.from_text(text, is_json=True) == problem


@settings(max_examples=50, deadline=None)
@given(documents())
def test_the_normalised_document_is_a_fixed_point(document):
    once = Problem.model_validate(document).document()
    assert Problem.model_validate(once).document() == once


FIELDS = st.sampled_from([*Problem.model_fields, "same_as", "elements", "sites"])


@settings(max_examples=200, deadline=None)
@given(st.recursive(JSON_VALUES, lambda inner: st.dictionaries(FIELDS, inner, max_size=5), max_leaves=12))
def test_any_json_is_accepted_or_refused_with_pointers(data):
    faults = []
    try:
        parse(Problem, data)
    except ProblemInvalid as fault:
        faults = list(fault.errors)
        accepted = False
    else:
        accepted = True
    assert accepted or faults
    assert all(error.pointer == "" or error.pointer.startswith("/") for error in faults)
    assert all(error.message and error.type for error in faults)


GOOD = {
    "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
    "sublattices": [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc"]}],
    "objectives": [{"property": "lattice_a", "target": 3.2, "tolerance": 0.01}],
}


def sublattice(**changes):
    return {"sublattices": [{**GOOD["sublattices"][0], **changes}]}


def objective(**changes):
    return {
        "objectives": [{key: v for key, v in {**GOOD["objectives"][0], **changes}.items() if v is not None}]
    }


BAD = [
    ({"structure": {}}, "/structure", "bad-structure"),
    ({"structure": {"cif": "x", "poscar": "y"}}, "/structure", "bad-structure"),
    ({"structure": {"cif": "x", "a": 3.0}}, "/structure", "bad-structure"),
    ({"structure": {"prototype": "wurtzite"}}, "/structure", "bad-structure"),
    ({"structure": {"prototype": "wurtzite", "species": ["Al", "n"]}}, "/structure/species/1", "unknown-element"),
    ({"structure": {"prototype": "fcc", "species": ["Cu"], "a": -3.6}}, "/structure/a", "invalid-value"),
    ({"structure": {"prototype": "fcc", "species": ["Cu"], "a": "3.6"}}, "/structure/a", "invalid-value"),
    ({"structure": {"prototype": "fcc", "species": ["Cu"], "a": float("nan")}}, "/structure/a", "invalid-value"),
    ({"structure": None}, "/structure", "invalid-value"),
    (sublattice(elements={}), "/sublattices/0/elements", "invalid-value"),
    (sublattice(elements=[]), "/sublattices/0/elements", "invalid-value"),
    (sublattice(elements=["Al", "Al"]), "/sublattices/0/elements", "duplicate-element"),
    (sublattice(elements=["Al", "Xq"]), "/sublattices/0/elements/Xq", "unknown-element"),
    (sublattice(elements={"Al": [1, 0]}), "/sublattices/0/elements/Al", "bad-bounds"),
    (sublattice(elements={"Al": [0, 1.5]}), "/sublattices/0/elements/Al/1", "invalid-value"),
    (sublattice(elements={"Al": [0]}), "/sublattices/0/elements/Al", "invalid-value"),
    (sublattice(elements={"Al": [0, 0.3], "Sc": [0, 0.3]}), "/sublattices/0/elements", "bad-bounds"),
    (sublattice(elements={"Al": [0.6, 1], "Sc": [0.6, 1]}), "/sublattices/0/elements", "bad-bounds"),
    (sublattice(sites=[]), "/sublattices/0/sites", "invalid-value"),
    (sublattice(sites=[-1]), "/sublattices/0/sites/0", "invalid-value"),
    (sublattice(sites=[1.5]), "/sublattices/0/sites/0", "invalid-value"),
    (sublattice(sites=[True]), "/sublattices/0/sites/0", "invalid-value"),
    (sublattice(name="two words"), "/sublattices/0/name", "invalid-value"),
    ({"sublattices": GOOD["sublattices"] * 2}, "/sublattices", "duplicate-sublattice"),
    ({"sublattices": []}, "/sublattices", "missing-sublattice"),
    ({"objectives": []}, "/objectives", "missing-objective"),
    (objective(tolerance=None), "/objectives/0", "bad-objective"),
    (objective(tolerance=0), "/objectives/0/tolerance", "invalid-value"),
    (objective(goal="minimize"), "/objectives/0", "bad-objective"),
    (objective(target=None, tolerance=None), "/objectives/0", "bad-objective"),
    (objective(target=None, goal="minimize"), "/objectives/0", "bad-objective"),
    (objective(target=float("inf")), "/objectives/0/target", "invalid-value"),
    (objective(target={"same_as": {"prototype": "fcc", "species": ["Q"]}}),
     "/objectives/0/target/same_as/species/0", "unknown-element"),
    (objective(scale=1.0), "/objectives/0", "bad-objective"),
    ({"objectives": [{**GOOD["objectives"][0], "weight": 1}, GOOD["objectives"][0]]}, "/objectives", "bad-objective"),
    ({"kind": "optimise"}, "/kind", "unknown-choice"),
    ({"name": "a\x1b[31m"}, "/name", "invalid-value"),
    ({"name": ""}, "/name", "invalid-value"),
    ({"objective": []}, "/objective", "unknown-field"),
    ({"potential": {"dtype": "float16"}}, "/potential/dtype", "unknown-choice"),
    ({"conditions": {"temperature": -1}}, "/conditions/temperature", "invalid-value"),
    ({"conditions": {"chemical_potentials": {"Qq": 1}}}, "/conditions/chemical_potentials/Qq", "unknown-element"),
    ({"conditions": {"chemical_potentials": {"Al": 1e9}}}, "/conditions/chemical_potentials/Al", "invalid-value"),
    ({"conditions": {"substrate": {}}}, "/conditions/substrate", "bad-substrate"),
    ({"conditions": {"substrate": {"value": 3, "direction": [0, 0, 0]}}}, "/conditions/substrate", "bad-substrate"),
    ({"conditions": {"substrate": {"value": 0}}}, "/conditions/substrate/value", "invalid-value"),
    ({"strategy": {"max_evaluations": 0}}, "/strategy/max_evaluations", "invalid-value"),
    ({"strategy": {"max_evaluations": 1.5}}, "/strategy/max_evaluations", "invalid-value"),
    ({"strategy": {"seed": -1}}, "/strategy/seed", "invalid-value"),
    ({"at": [{"cation": {"Al": 1.5}}]}, "/at/0/cation/Al", "invalid-value"),
    ({"scan": {"points_per_edge": 1}}, "/scan/points_per_edge", "invalid-value"),
    ({"constraints": {"linear": [{"terms": {"cation:Sc": 1}}]}}, "/constraints/linear/0", "bad-constraint"),
    ({"constraints": {"linear": [{"terms": {"cation:Sc": 1}, "min": 1, "max": 0}]}},
     "/constraints/linear/0", "bad-constraint"),
    ({"constraints": {"charge_neutrality": {"Qq": 3}}}, "/constraints/charge_neutrality/Qq", "unknown-element"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "where", "kind"), BAD)
def test_a_fault_is_reported_at_its_field_with_its_type(changes, where, kind):
    with pytest.raises(ProblemInvalid) as caught:
        parse(Problem, {**GOOD, **changes})
    assert [(error.pointer, error.type) for error in caught.value.errors] == [(where, kind)]


def test_several_faults_are_reported_together():
    with pytest.raises(ProblemInvalid) as caught:
        parse(Problem, {**GOOD, **sublattice(elements=["Xq", "Qx"]), "kind": "fly", "frobnicate": 1})
    assert [error.pointer for error in caught.value.errors] == [
        "/kind", "/sublattices/0/elements/Xq", "/sublattices/0/elements/Qx", "/frobnicate",
    ]  # fmt: skip


def test_a_prefix_stands_before_every_pointer():
    with pytest.raises(ProblemInvalid) as caught:
        parse(Problem, {**GOOD, "objectives": []}, ("problem",))
    assert caught.value.errors[0].pointer == "/problem/objectives"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"constraints": {"linear": ["cation:Sc >= 0.1"]}}, "terms, min, max"),
        ({"constraints": {"properties": ["density"]}}, "property, min, max"),
    ],
)
def test_where_a_text_stands_for_a_mapping_its_fields_are_named(changes, fields):
    with pytest.raises(ProblemInvalid) as caught:
        parse(Problem, {**GOOD, **changes})
    assert caught.value.errors[0].message == f"this should be a mapping with fields among {fields}"


@pytest.mark.parametrize(
    ("changes", "where", "mend"),
    [
        (objective(tolerance=None, tolerence=0.01), "/objectives/0/tolerence", "did you mean tolerance?"),
        ({"strategy": {"maxevaluations": 3}}, "/strategy/maxevaluations", "did you mean max_evaluations?"),
        ({"objective": []}, "/objective", "did you mean objectives?"),
        ({"structure": {"prototyp": "fcc"}}, "/structure/prototyp", "did you mean prototype?"),
        (objective(target={"Same_as": {}}), "/objectives/0/target/Same_as", "did you mean same_as?"),
        ({"constraints": {"resolution": {"cation": {"site": 3}}}}, "/constraints/resolution/cation/site",
         "did you mean sites?"),
        ({"constraints": {"linear": [{"terms": {"cation:Sc": 1}, "equal": 0.2}]}}, "/constraints/linear/0/equal",
         "remove it, or write one of terms, min, max"),
    ],
)  # fmt: skip
def test_for_an_unknown_field_the_nearest_known_one_is_suggested_or_all_are_listed(changes, where, mend):
    with pytest.raises(ProblemInvalid) as caught:
        parse(Problem, {**GOOD, **changes})
    messages = {fault.pointer: fault.message for fault in caught.value.errors}
    assert messages[where] == f"this field is not known here; {mend}"


def test_of_very_many_unknown_fields_a_few_are_looked_up_among_the_known_ones(monkeypatch):
    look_up, looked_up = difflib.get_close_matches, []
    monkeypatch.setattr(
        difflib,
        "get_close_matches",
        lambda *given, **more: looked_up.append(given) or look_up(*given, **more),
    )
    with pytest.raises(ProblemInvalid):
        parse(Problem, {**GOOD, **{f"field_{number}": 1 for number in range(20_000)}})
    assert 0 < len(looked_up) <= 50


def test_what_is_switched_off_by_null_stays_off_in_documents_that_leave_nulls_out():
    options = {"enumerate": {"sites": 3}, "search": None, "relax": 2}
    problem = parse(Problem, {**GOOD, "kind": "order", "objectives": [], "order": options})
    for document in (problem.document(), json.loads(problem.model_dump_json(exclude_none=True))):
        assert document["order"] == options
        assert parse(Problem, document) == problem
        # What was not given may be meant by the compositions that are listed, or not.
        assert parse(Problem, document).order.model_fields_set == set(options)
    assert problem.model_dump(mode="json")["order"]["search"] is None


def test_pointers_escape_slashes_and_tildes():
    assert pointer(["a/b", "~", 0]) == "/a~1b/~0/0"


def test_the_nearest_element_is_suggested():
    with pytest.raises(ProblemInvalid, match="did you mean Sc"):
        parse(Problem, {**GOOD, **sublattice(elements=["Al", "sc"])})


def test_symbols_are_in_the_order_of_the_periodic_table():
    from ase.data import chemical_symbols

    assert list(SYMBOLS) == chemical_symbols[: len(SYMBOLS)]
    assert len(SYMBOLS) == 119


def test_every_field_of_a_problem_is_described():
    schema = json.loads(problem_schema())
    models = {"Problem": schema, **schema["$defs"]}
    missing = [
        f"{name}.{field}"
        for name, model in models.items()
        for field, described in model.get("properties", {}).items()
        if not described.get("description")
    ]
    assert missing == []


def test_the_published_schema_is_current(request):
    published = request.config.rootpath / "docs" / "problem.schema.json"
    assert published.read_text(encoding="utf-8") == problem_schema()


@pytest.mark.parametrize("name", ["enumerate", "search", "random", "probability"])
def test_an_option_of_kind_order_that_is_null_stays_null_wherever_a_problem_is_kept(name):
    """Null asks for nothing; left out, it would be the default when it is read again."""
    written = {"kind": "order", "structure": {"prototype": "fcc", "species": ["Cu"]}, "order": {name: None}}
    problem = parse(Problem, written)
    assert problem.document()["order"][name] is None
    for kept in (
        problem.document(),
        json.loads(problem.model_dump_json(exclude_none=True)),
        problem.model_dump(mode="json", exclude_unset=True),
        problem.model_dump(mode="json"),
    ):
        assert parse(Problem, kept).order == problem.order
    assert "search" not in problem.model_dump(exclude_unset=True)["order"] or name == "search"
    schemas = [type(problem.order).model_json_schema(mode=mode) for mode in ("validation", "serialization")]
    assert schemas[0]["properties"].keys() == schemas[1]["properties"].keys()
