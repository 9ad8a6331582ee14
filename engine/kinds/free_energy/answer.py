"""What kind free_energy answers, as it travels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.free_energies import (
    Contributions,
    FreeEnergy,
    FreeEnergyAnswer,
    OneDirection,
    Samples,
    Switching,
    Vacancy,
)
from engine.dynamics.oscillators import quantum
from engine.kinds.free_energy.estimated import estimated, is_accurate
from engine.kinds.free_energy.trajectories import trajectories
from engine.kinds.free_energy.words import formula
from engine.kinds.kind import Answer
from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.dynamics.agreement import OneDirection as Direction
    from engine.kinds.free_energy.estimates import Estimate
    from engine.kinds.free_energy.legs import Question
    from engine.kinds.free_energy.told import FreeEnergyTold, Runs

IN_CELLS = {
    "nvt": "Helmholtz free energy at the volume at rest, plus P V. ",
    "npt": "Gibbs energy at the volume of the temperature, by quantum harmonic vibrations that change with the cell. ",
    "sampled": "Gibbs energy at the pressure, of cells whose volume moves with the atoms, less what the volume has as "
    "one harmonic degree of freedom more. Static, harmonic, quantum and P V are of the cells at rest; anharmonic has "
    "the expansion too. ",
}
CONVENTION = (
    "The centre of mass is held: 3 N - 3 vibrations. Masses "
    "change analytically, sites are random in mixed sublattices. No electronic, magnetic or charge-state parts."
)
CONVENTION_OF_VACANCIES = (
    "Of one neutral vacancy at a given site, classical, in the cell of the perfect crystal: the free energy "
    "of the crystal with the empty site less that of the perfect one, plus that of an atom where it goes. In an "
    "element that is the crystal itself; in a compound it is the chemical potential that is named, an energy at rest "
    "unless it was given otherwise. The entropy of where the vacancy is comes on top. No electronic, magnetic or "
    "charge-state parts."
)


def free_energy_answer(told: FreeEnergyTold) -> Answer:
    """The answer up to now."""
    vacancies = any(question.of_a_vacancy for question in told.questions.all)
    in_cell = "sampled" if told.questions.moves else told.questions.options.ensemble
    of_crystals = IN_CELLS[in_cell] + CONVENTION
    answer = FreeEnergyAnswer(
        free_energies=free_energies(told), convention=CONVENTION_OF_VACANCIES if vacancies else of_crystals
    )
    return Answer(own=answer.model_dump(mode="json"))


def free_energies(told: FreeEnergyTold) -> list[FreeEnergy]:
    """Of every question whose crystals are told."""
    return [
        _free_energy(told, question) for question in told.questions.all if told.crystals(question.legs[-1])
    ]


def _free_energy(told: FreeEnergyTold, question: Question) -> FreeEnergy:
    questions = told.questions
    space = questions.resolved.space
    found, accurate = estimated(told, question), is_accurate(told, question)
    ends = told.ends(question.legs[-1])
    compositions = [space.to_composition(questions.points[number]) for number in question.crystals]
    atoms = ends[0].atoms if ends else float(questions.n_sites)
    per = 1.0 if question.of_a_vacancy else atoms
    of_one = None if found is None else {name: value / per for name, value in found.contributions.items()}
    return FreeEnergy(
        composition=compositions[-1],
        start=compositions[0] if question.changes else None,
        temperature=question.temperature,
        free_energy=None if found is None else found.free_energy / per,
        standard_error=None if found is None or found.error is None else found.error / per,
        unit="eV" if question.of_a_vacancy else "eV/atom",
        accurate=accurate,
        estimator=None if found is None else found.estimator,
        contributions=None if of_one is None else Contributions.model_validate(of_one),
        samples=_samples(found),
        switching=_switching(found, told.runs(question.legs[-1]) if ends else None),
        trajectories=trajectories(told, question.legs[-1], atoms) if ends else None,
        atoms=atoms,
        supercell=questions.supercell.matrix.tolist(),
        volume_per_atom=None if found is None else found.volume / atoms,
        volume_error=None if found is None or found.volume_error is None else found.volume_error / atoms,
        expansion=None if found is None else _expansion(told, question, found),
        heat_capacity=_heat_capacity(told, question, atoms),
        vacancy=_vacancy(told, question),
        text=_sentence(told, question, found, accurate=accurate),
        warnings=[*(found.warnings if found else ()), *unanswered(told, question, found)],
    )


def _expansion(told: FreeEnergyTold, question: Question, found: Estimate) -> float | None:
    ends = told.ends(question.legs[-1])
    if told.questions.moves and ends:
        return found.volume / ends[-1].volume - 1.0
    cells = told.cells_of(question.legs[-1])
    return cells[-1].expansion if cells and cells[-1] is not None else None


def _samples(found: Estimate | None) -> Samples | None:
    if found is None or found.samples is None:
        return None
    one = found.samples
    return Samples(
        energies=one.calls,
        stages=one.stages,
        deviation=one.deviation,
        enough=one.enough,
        reasons=list(one.reasons),
    )


def _switching(found: Estimate | None, runs: Runs | None) -> Switching | None:
    if found is None or found.two_sided is None or found.agreement is None or runs is None:
        return None
    two, judged = found.two_sided, found.agreement
    return Switching(
        forward=_direction(judged.forward, runs.forward, two.forward_dissipation, found.per, 1.0),
        backward=_direction(judged.backward, runs.backward, two.backward_dissipation, found.per, -1.0),
        overlap=two.overlap,
        verdict=judged.verdict,
        text=judged.text,
        difference=two.free_energy / found.per,
    )


def _direction(
    said: Direction, works: Sequence[float], dissipation: float, per: float, sign: float
) -> OneDirection:
    return OneDirection(
        exponential=said.exponential / per,
        cumulant=None if said.cumulant is None else said.cumulant / per,
        runs=len(works),
        dissipation=dissipation / per,
        works=[sign * work / per for work in works],
    )


def _heat_capacity(told: FreeEnergyTold, question: Question, atoms: float) -> float | None:
    ends = told.ends(question.legs[-1])
    if question.changes or question.of_a_vacancy or not ends or ends[0].unstable:
        return None
    of_all = quantum(ends[0].frequencies, [question.temperature]).heat_capacity[0]
    return float(of_all) / BOLTZMANN / atoms


def _sentence(told: FreeEnergyTold, question: Question, found: Estimate | None, *, accurate: bool) -> str:
    questions = told.questions
    names = [formula(questions.resolved.crystal, questions.points[number]) for number in question.crystals]
    what = f"{names[0]} to {names[-1]}" if question.changes else names[0]
    if question.of_a_vacancy and questions.options.vacancy is not None:
        what = f"vacancy of {questions.options.vacancy.element} in {names[0]}"
    at = f"at {question.temperature:g} K"
    if found is None:
        return f"{what} {at}: no free energy" if _ended(told, question) else f"{what} {at}: not known yet"
    rest = "" if accurate else "; the accuracy asked for is not met"
    if question.of_a_vacancy:
        error = "" if found.error is None else f" ± {found.error:.3f}"
        return f"{what} {at}: {found.free_energy:.3f}{error} eV per vacancy{rest}"
    sign = "+" if question.changes else ""
    value = f"{1000 * found.free_energy / found.atoms:{sign}.2f}"
    error = "" if found.error is None else f" ± {1000 * found.error / found.atoms:.2f}"
    return f"{what} {at}: {value}{error} meV/atom{rest}"


def _vacancy(told: FreeEnergyTold, question: Question) -> Vacancy | None:
    """Which atom is taken out, and where it goes."""
    questions = told.questions
    named = questions.options.vacancy
    if not question.of_a_vacancy or named is None:
        return None
    (rest,) = told.ends(question.legs[-1]) or (None,)
    defect = None if rest is None else rest.defect
    itself = f"{formula(questions.resolved.crystal, questions.points[question.crystals[0]])}, this crystal"
    return Vacancy(
        sublattice=named.sublattice,
        element=named.element,
        site=questions.empty,
        reservoir=itself if len(question.legs) > 1 else None if defect is None else defect.reference,
        chemical_potential=None if defect is None else defect.chemical_potential,
        spring=None if defect is None else defect.spring,
    )


def _ended(told: FreeEnergyTold, question: Question) -> bool:
    return all(told.ended(leg) for leg in question.legs)


def unanswered(told: FreeEnergyTold, question: Question, found: Estimate | None) -> list[str]:
    """Why there will be no free energy; nothing where there is one, or may be."""
    if found is not None or not _ended(told, question):
        return []
    crystals = told.crystals(question.legs[-1]) or []
    if any(not one.converged or one.relaxation is None for one in crystals):
        return ["a crystal did not come to rest: its relaxation was given up"]
    lost = [one.failed for one in told.cells_of(question.legs[-1]) if one is not None and one.failed]
    if lost:
        return [f"{lost[0]}; take ensemble nvt, in the cell at rest"]
    ends = told.ends(question.legs[-1])
    if ends and ends[0].unstable and not question.changes and not told.from_einstein(question.legs[0]):
        modes = "; ".join(ends[0].unstable[:3])
        mend = "It has no harmonic reference at any temperature; take a structure that holds the distortion"
        if not question.of_a_vacancy:
            mend += ", or reference: einstein if it is one crystal at that temperature"
        said = [f"the crystal is dynamically unstable at rest: {modes}. {mend}"]
        return said if ends[0].message is None else [ends[0].message, *said]
    runs = told.runs(question.legs[-1]) if ends else None
    why = f": {runs.failed[0]}" if runs is not None and runs.failed else ""
    return [f"no run in both directions came to its end{why}"]
