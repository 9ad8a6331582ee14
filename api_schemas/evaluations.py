"""Evaluations: properties of one composition, with gradients, cost and structure."""

from __future__ import annotations

from collections.abc import KeysView
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from api_schemas.base import Composition, Gradient, Output
from api_schemas.cost import Cost
from api_schemas.per_percent import per_percent
from api_schemas.symbols import VACANCY
from api_schemas.tasks import Record, Task

RELAXATION, REFERENCE = "relaxation", "reference"
"""The units that relax a composition and differentiate its properties, and that relax what evaluations share."""


class PropertyValue(Output):
    """A property with its tangent-space gradient."""

    value: float
    unit: str
    gradient: Gradient | None = Field(
        None,
        description="Per unit fraction; per sublattice the entries add up to zero. Null where it does not exist.",
    )
    uncertainty: float | None = Field(
        None,
        description="Of a result's best and front: standard deviation of the mixed crystal from explicit supercells "
        "with the same potential, predicted, in the unit; null where that was not measured, and elsewhere.",
    )
    alchemical: float | None = Field(
        None,
        description="Where a search with fidelity: supercells corrected the value by the difference that supercells "
        "taught it: the value of the alchemical crystal. Uncertainty is the deviation of that difference then.",
    )
    per_percent: Gradient | None = Field(
        None,
        description="Change of the property, in its unit, for one percent more of an element, the others of its "
        "sublattice giving way in proportion (in equal parts where none of them is there); null without a gradient.",
    )


class Assessment(Output):
    """What the problem of its job makes of an evaluation."""

    loss: float | None = Field(
        None,
        description="Weighted loss of the objectives; null where the relaxation did not converge, a property "
        "constraint is broken, a target is not known yet, and for a front.",
    )
    parts: list[float | None] = Field(
        default=[],
        description="Each objective's own part of the loss, the less the better; null as the loss is.",
    )
    best: float | None = Field(
        None, description="Least loss up to this evaluation; null before there is one."
    )
    feasible: bool | None = Field(
        None,
        description="Whether every property constraint is obeyed; null where the relaxation did not converge.",
    )
    on_front: bool | None = Field(
        None, description="Whether no other evaluation so far betters it; null where no front is asked for."
    )
    downhill: Gradient | None = Field(
        None,
        description="Minus the gradient of the loss, per unit fraction, or, where there are only targets, of its "
        "square root (the distance in tolerances); null where it does not exist, and for a front.",
    )


class OccupiedSite(Output):
    """A site: what it holds, and where."""

    species: dict[str, float]
    frac: list[float] = Field(description="Fractional coordinates, in the frame and order of the input.")


class CrystalState(Output):
    """A crystal with partial occupancies."""

    lattice: list[list[float]] = Field(description="Lattice vectors as rows, Å.")
    sites: list[OccupiedSite]

    def as_dict(self) -> dict[str, Any]:
        """The crystal as pymatgen writes a Structure: what ``Structure.from_dict`` reads; empty sites are left out."""
        sites = []
        for site in self.sites:
            species = [
                {"element": element, "occu": share}
                for element, share in site.species.items()
                if element != VACANCY and share > 0.0
            ]
            if species:
                sites.append({"species": species, "abc": list(site.frac), "properties": {}})
        return {
            "@module": "pymatgen.core.structure",
            "@class": "Structure",
            "charge": None,
            "lattice": {"matrix": [list(vector) for vector in self.lattice], "pbc": [True, True, True]},
            "sites": sites,
            "properties": {},
        }

    # As a mapping it is that dictionary, so that `Structure.from_dict` takes the crystal itself.

    def __getitem__(self, name: str) -> Any:
        return self.as_dict()[name]

    def get(self, name: str, default: Any = None) -> Any:
        """An entry of `as_dict`."""
        return self.as_dict().get(name, default)

    def keys(self) -> KeysView[str]:
        """The entries of `as_dict`."""
        return self.as_dict().keys()


class WaveMode(Output):
    """The mode of lowest eigenvalue over all waves of a supercell of the mean-field crystal."""

    eigenvalue: float = Field(
        description="Of the dynamical matrix, THz^2; below zero the frequency is imaginary."
    )
    q: list[str] = Field(
        description="Wave vector in fractions of the reciprocal vectors of the cell, as 1/2."
    )
    sites: int = Field(description="Sites of the supercell.")
    unstable: list[str] = Field(
        description="The worst unstable modes, in words; empty where the crystal is stable."
    )


class Evaluation(Output):
    """One composition, relaxed."""

    composition: Composition
    properties: dict[str, PropertyValue]
    energy_per_atom: float | None = Field(description="eV/atom; null where the potential failed.")
    converged: bool
    stable: bool | None = Field(
        description="Whether no distortion lowers the enthalpy, of those that stable_against names: by default of the "
        "symmetric ones of its cell (no negative eigenvalue of the Hessian of the symmetry-adapted coordinates), which "
        "says nothing of tilts, shifts and waves that break the symmetry; null where it is not known."
    )
    stable_against: Literal["symmetric distortions", "distortions in a supercell"] | None = Field(
        None,
        description="What `stable` was tested against: all waves of a supercell with property stable_supercell.",
    )
    softest_mode: WaveMode | None = Field(
        None, description="Of the supercell, where property stable_supercell was asked for."
    )
    cost: Cost
    structure: CrystalState | None
    message: str | None = Field(None, description="Why it did not converge, or what to be careful about.")
    references: dict[str, str] | None = Field(
        None, description="What formation_energy refers to, by element; null where it was not asked for."
    )
    warnings: list[str] = Field(
        default=[], description="What neither this computation nor explicit supercells see, in words."
    )
    left_parent: bool | None = Field(
        None,
        description="Whether it relaxed to another phase than the parent's (other neighbours, another symmetry, or a "
        "jump of c/a against its neighbours; the message says what changed), or an explicit supercell of it left the "
        "parent lattice, which the alchemical crystal cannot follow; null where it is not known.",
    )
    assessment: Assessment | None = Field(
        None, description="What its job's problem makes of it; null where it belongs to no job."
    )

    @model_validator(mode="after")
    def _with_changes_per_percent(self) -> Self:
        """Evaluations of older versions lack what follows from the gradients."""
        for name, value in self.properties.items():
            if value.gradient is not None and value.per_percent is None:
                changes = per_percent(value.gradient, self.composition)
                self.properties[name] = value.model_copy(update={"per_percent": changes})
        return self


class DisorderState(Output):
    """What warm-starts the energy of disorder of a neighbouring composition; kept where it is small.

    ``shift`` is what the coordinates moved from the mean-field minimum, [n_q]; ``force_constants`` those of the
    supercell, [n_cells, n_sites, 3, n_sites, 3] eV/Å^2 in one list; ``present`` the sum of the weights on each site,
    [n_sites]; ``responses`` the displacements that answer to each departure from the mean, each in one list, Å.
    """

    shift: list[float]
    force_constants: list[float]
    present: list[float]
    responses: list[list[float]]


class RelaxationState(Output):
    """What warm-starts the relaxation of a neighbouring composition, or goes on with one that was given up.

    ``q`` are the symmetry-adapted coordinates relative to the labelled parent; ``dq_dx`` their derivatives
    for every ``sublattice:element`` in ``columns`` (raw, not projected), [n_q, n_columns], or empty where they
    are not known, as after a relaxation that was given up; ``hessian`` is d2H/dq2, [n_q, n_q], or empty where
    it would be too large to keep; ``springs`` are what stands for it in crystals of many coordinates: rows of
    two labels, a distance in half Å, and the constants along and across such pairs in eV/Å^2.
    """

    q: list[float]
    columns: list[str]
    dq_dx: list[list[float]]
    hessian: list[list[float]]
    springs: list[list[float]] = []
    disorder: DisorderState | None = Field(None, description="Of the tier fluctuation, where it is small.")


class EvaluationRecord(Record, Evaluation):
    """An evaluation as it is stored and told to a campaign: with its place, warm start and resolved targets."""

    unit: str = RELAXATION
    origin: str | None = Field(None, description="Which search of the strategy wanted it.")
    relaxation: RelaxationState | None = None
    targets: list[float | None] = Field(default=[], description="Target of each objective, same_as resolved.")
    enthalpy: float | None = Field(None, description="eV per cell; null where the potential failed.")
    enthalpy_slope: list[float] = Field(
        default=[], description="Its derivative by every column of the composition, eV, raw; [n_columns]."
    )
    phase: str | None = Field(
        None, description="The phase that it relaxed to, where that is not the parent's; null where it is."
    )
    incomplete: bool = Field(
        default=False,
        description="Whether the properties that compare with end members are still to be filled in.",
    )

    def public(self) -> Evaluation:
        """The part that users see."""
        # Its fields are valid: there is nothing to check again.
        return Evaluation.model_construct(**{name: getattr(self, name) for name in Evaluation.model_fields})


class Suggestion(Task):
    """The task of relaxing a composition that a campaign wants to have evaluated, and where it may start."""

    unit: str = RELAXATION
    composition: Composition
    origin: str | None = Field(None, description="Which search of the strategy wants it.")
    warm_start: RelaxationState | None = None
    warm_start_composition: Composition | None = None
    completed_later: bool = Field(
        default=False,
        description="Whether the end members are not waited for: the relaxation does not start between them, and the "
        "properties that compare with them are filled in once they are known.",
    )


class ReferenceTask(Task):
    """The task of relaxing what the evaluations of a problem share."""

    unit: str = REFERENCE
    counted: bool = False
    what: Literal["end_members", "elements", "target", "substrate"]
    members: list[int] = Field(
        description="Numbers of the end members, or atomic numbers; of a target its objective."
    )


class MemberState(Output):
    """An end member of the composition space, relaxed, as surrogates learn from it."""

    composition: Composition
    properties: dict[str, float] = Field(description="In their units, none that compares with end members.")
    phase: str | None = Field(description="As of an evaluation.")


class ReferenceRecord(Record):
    """What was relaxed for evaluations to share; the values themselves are in the store of references."""

    unit: str = REFERENCE
    what: str
    members: list[int]
    converged: bool
    enthalpies: list[float] = Field(default=[], description="eV per cell, of end members.")
    states: list[MemberState] = Field(default=[], description="Of the end members that converged.")


class FixedGeometryEvaluation(Output):
    """Energy and derivatives at the geometry that was given: nothing is relaxed."""

    composition: Composition
    energy: float = Field(description="eV per cell")
    forces: list[list[float]] = Field(description="eV/Å, [n_sites, 3]")
    stress: list[float] = Field(description="eV/Å^3, Voigt xx yy zz yz xz xy, ASE sign")
    dE_dlam: list[dict[str, float]] = Field(description="eV; per site and element, raw, not projected")  # noqa: N815
    cost: Cost
