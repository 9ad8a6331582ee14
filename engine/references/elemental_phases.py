"""Reference phases of the elements: the cells from which chemical potentials are computed. Torch-free.

Solids are the form that is stable at 298 K and 1 bar (black phosphorus, the stable one, rather than the white; bromine
and mercury, which are liquid, as the solids below their melting points); gases are free molecules or atoms. The
numbers are experimental and only a start: every phase is relaxed with the potential whose energies refer to it.

Sources: J. Donohue, The Structures of the Elements, Wiley 1974 [D]; W. B. Pearson, A Handbook of Lattice Spacings and
Structures of Metals and Alloys, Pergamon 1967 [P]; B. F. Decker, J. S. Kasper, Acta Cryst. 12, 503 (1959),
doi:10.1107/S0365110X59001529 [B]; S. J. Rettig, J. Trotter, Acta Cryst. C43, 2260 (1987), doi:10.1107/S0108270187088152
[S]; J. A. Oberteuffer, J. A. Ibers, Acta Cryst. B26, 1499 (1970), doi:10.1107/S0567740870004399 [Mn]; W. H.
Zachariasen, F. H. Ellinger, Acta Cryst. 16, 777 (1963), doi:10.1107/S0365110X63002012 [Pu]; F. van Bolhuis, P. B.
Koster, T. Migchelsen, Acta Cryst. 23, 90 (1967), doi:10.1107/S0365110X6700218X [I]; A. Brown, S. Rundqvist, Acta Cryst.
19, 684 (1965), doi:10.1107/S0365110X65004140 [P4]; K. P. Huber, G. Herzberg, Constants of Diatomic Molecules, Van
Nostrand 1979, doi:10.1007/978-1-4757-0961-2 [H].
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.crystals.parent import ParentCrystal

BOX = 12.0
"""Å; edge of the cubic box around a molecule. Its images are then farther away than any cutoff reaches."""


@dataclass(frozen=True)
class ElementalPhase:
    """The reference phase of an element.

    Attributes:
        symbol: The element.
        name: Of the phase, as results show it.
        source: Short name of the source in the module's list.
        space_group: Number; 0 for a molecule or atom in a box.
        cell: a, b, c (Å), alpha, beta, gamma (degrees) of the conventional cell (origin choice 2, hexagonal axes).
        basis: Fractional coordinates of the inequivalent sites; of a molecule its atoms, in Å.
    """

    symbol: str
    name: str
    source: str
    space_group: int
    cell: tuple[float, float, float, float, float, float]
    basis: tuple[tuple[float, float, float], ...]

    @property
    def is_molecule(self) -> bool:
        """Whether it is a molecule or atom in a box, whose cell is not relaxed."""
        return self.space_group == 0

    def build(self) -> ParentCrystal:
        """The primitive cell; a molecule stands in the middle of its box."""
        from ase import Atoms
        from ase.spacegroup import crystal

        if self.is_molecule:
            atoms = Atoms([self.symbol] * len(self.basis), positions=self.basis, cell=[BOX] * 3, pbc=True)
            atoms.center()
        else:
            atoms = crystal(
                [self.symbol] * len(self.basis),
                basis=self.basis,
                spacegroup=self.space_group,
                setting=2 if self.space_group in _TWO_ORIGINS else 1,
                cellpar=self.cell,
                primitive_cell=True,
                onduplicates="error",
            )
        return ParentCrystal(
            atoms.cell.array, atoms.get_scaled_positions(), tuple(atoms.get_chemical_symbols())
        )


_TWO_ORIGINS = frozenset({70, 141, 227})
_CORNER = ((0.0, 0.0, 0.0),)

_FCC = {
    "Al": 4.0496, "Ca": 5.5884, "Ni": 3.5240, "Cu": 3.6149, "Sr": 6.0849, "Rh": 3.8044, "Pd": 3.8907, "Ag": 4.0857,
    "Ce": 5.1610, "Yb": 5.4848, "Ir": 3.8390, "Pt": 3.9242, "Au": 4.0782, "Pb": 4.9502, "Ac": 5.3110, "Th": 5.0842,
}  # fmt: skip
_BCC = {
    "Li": 3.5092, "Na": 4.2906, "K": 5.3280, "V": 3.0240, "Cr": 2.8848, "Fe": 2.8665, "Rb": 5.7050, "Nb": 3.3004,
    "Mo": 3.1470, "Cs": 6.1410, "Ba": 5.0130, "Eu": 4.5820, "Ta": 3.3030, "W": 3.1652, "Ra": 5.1480,
}  # fmt: skip
_HCP = {
    "Be": (2.2858, 3.5843), "Mg": (3.2094, 5.2108), "Sc": (3.3090, 5.2733), "Ti": (2.9506, 4.6788),
    "Co": (2.5071, 4.0695), "Zn": (2.6650, 4.9470), "Y": (3.6474, 5.7306), "Zr": (3.2321, 5.1474),
    "Tc": (2.7350, 4.3880), "Ru": (2.7058, 4.2816), "Cd": (2.9788, 5.6167), "Gd": (3.6336, 5.7810),
    "Tb": (3.6055, 5.6966), "Dy": (3.5915, 5.6501), "Ho": (3.5778, 5.6178), "Er": (3.5592, 5.5850),
    "Tm": (3.5375, 5.5546), "Lu": (3.5052, 5.5494), "Hf": (3.1946, 5.0511), "Re": (2.7600, 4.4580),
    "Os": (2.7353, 4.3191), "Tl": (3.4566, 5.5248),
}  # fmt: skip
_DOUBLE_HCP = {
    "La": (3.7740, 12.1710), "Pr": (3.6721, 11.8326), "Nd": (3.6582, 11.7966), "Pm": (3.6500, 11.6500),
}  # fmt: skip
_DIAMOND = {"Si": 5.4310, "Ge": 5.6575}
_ARSENIC = {
    "As": (3.7598, 10.5475, 0.2271), "Sb": (4.3070, 11.2730, 0.2335), "Bi": (4.5460, 11.8620, 0.2339),
}  # fmt: skip
_CHAINS = {"Se": (4.3662, 4.9536, 0.2254), "Te": (4.4572, 5.9290, 0.2636)}
_MOLECULES = {"H": 0.7414, "N": 1.0977, "O": 1.2075, "F": 1.4119, "Cl": 1.9879}
_ATOMS = ("He", "Ne", "Ar", "Kr", "Xe", "Rn")


def _cubic(symbol: str, name: str, group: int, a: float) -> ElementalPhase:
    return ElementalPhase(symbol, name, "P", group, (a, a, a, 90.0, 90.0, 90.0), _CORNER)


def _hexagonal(
    symbol: str, name: str, group: int, a: float, c: float, *basis: tuple[float, float, float]
) -> ElementalPhase:
    return ElementalPhase(symbol, name, "D", group, (a, a, c, 90.0, 90.0, 120.0), basis)


def _right_angled(
    symbol: str,
    name: str,
    source: str,
    group: int,
    lengths: tuple[float, float, float],
    *basis: tuple[float, float, float],
) -> ElementalPhase:
    return ElementalPhase(symbol, name, source, group, (*lengths, 90.0, 90.0, 90.0), basis)


def _in_box(symbol: str, name: str, *atoms: tuple[float, float, float]) -> ElementalPhase:
    return ElementalPhase(symbol, name, "H", 0, (BOX, BOX, BOX, 90.0, 90.0, 90.0), atoms)


_THIRD, _TWO_THIRDS = 1.0 / 3.0, 2.0 / 3.0

_SINGULAR = (
    _hexagonal("B", "alpha boron", 166, 4.9080, 12.5670, (0.1187, 0.8813, 0.8912), (0.1965, 0.8035, 0.0243)),
    _hexagonal("C", "graphite", 194, 2.4640, 6.7110, (0.0, 0.0, 0.25), (_THIRD, _TWO_THIRDS, 0.25)),
    _hexagonal("Sm", "alpha samarium", 166, 3.6290, 26.2070, (0.0, 0.0, 0.0), (0.0, 0.0, 0.2222)),
    _hexagonal("Hg", "alpha mercury", 166, 3.4640, 6.6770, (0.0, 0.0, 0.0)),
    _right_angled("P", "black phosphorus", "P4", 64, (3.3136, 10.4780, 4.3763), (0.0, 0.10168, 0.08056)),
    _right_angled(
        "S", "orthorhombic S8", "S", 70, (10.4646, 12.8660, 24.4860),
        (0.85585, 0.95268, 0.95140), (0.70723, 0.97725, 0.00399), (0.78402, 0.03019, 0.07623),
        (0.78595, 0.90739, 0.12952),
    ),
    _right_angled(
        "Mn", "alpha manganese", "Mn", 217, (8.9129, 8.9129, 8.9129),
        (0.0, 0.0, 0.0), (0.3179, 0.3179, 0.3179), (0.3571, 0.3571, 0.0346), (0.0896, 0.0896, 0.2819),
    ),
    _right_angled("Ga", "alpha gallium", "D", 64, (4.5192, 7.6586, 4.5258), (0.0, 0.1539, 0.0810)),
    _right_angled("Br", "solid bromine", "D", 64, (6.6700, 4.4800, 8.7200), (0.0, 0.1350, 0.1100)),
    _right_angled("I", "solid iodine", "I", 64, (7.1360, 4.6860, 9.7840), (0.0, 0.15434, 0.11741)),
    _right_angled("In", "tetragonal indium", "D", 139, (3.2523, 3.2523, 4.9461), (0.0, 0.0, 0.0)),
    _right_angled("Sn", "white tin", "D", 141, (5.8316, 5.8316, 3.1815), (0.0, 0.25, 0.875)),
    _cubic("Po", "simple cubic", 221, 3.3590),
    _right_angled("Pa", "tetragonal protactinium", "D", 139, (3.9250, 3.9250, 3.2380), (0.0, 0.0, 0.0)),
    _right_angled("U", "alpha uranium", "D", 63, (2.8537, 5.8695, 4.9548), (0.0, 0.1025, 0.25)),
    _right_angled(
        "Np", "alpha neptunium", "D", 62, (6.6630, 4.7230, 4.8870), (0.036, 0.25, 0.208), (0.319, 0.25, 0.842)
    ),
    ElementalPhase(
        "Pu", "alpha plutonium", "Pu", 11, (6.1830, 4.8220, 10.9630, 90.0, 101.79, 90.0),
        ((0.345, 0.25, 0.162), (0.767, 0.25, 0.168), (0.128, 0.25, 0.340), (0.657, 0.25, 0.457),
         (0.025, 0.25, 0.618), (0.473, 0.25, 0.653), (0.328, 0.25, 0.926), (0.894, 0.25, 0.935)),
    ),
)  # fmt: skip

_ALL = (
    *(_cubic(e, "face-centred cubic", 225, a) for e, a in _FCC.items()),
    *(_cubic(e, "body-centred cubic", 229, a) for e, a in _BCC.items()),
    *(
        _right_angled(e, "diamond structure", "P", 227, (a, a, a), (0.125, 0.125, 0.125))
        for e, a in _DIAMOND.items()
    ),
    *(
        _hexagonal(e, "hexagonal close-packed", 194, a, c, (_THIRD, _TWO_THIRDS, 0.25))
        for e, (a, c) in _HCP.items()
    ),
    *(
        _hexagonal(
            e, "double hexagonal close-packed", 194, a, c, (0.0, 0.0, 0.0), (_THIRD, _TWO_THIRDS, 0.25)
        )
        for e, (a, c) in _DOUBLE_HCP.items()
    ),
    *(_hexagonal(e, "arsenic structure", 166, a, c, (0.0, 0.0, z)) for e, (a, c, z) in _ARSENIC.items()),
    *(_hexagonal(e, "trigonal chains", 152, a, c, (x, 0.0, _THIRD)) for e, (a, c, x) in _CHAINS.items()),
    *(_in_box(e, f"{e}2 molecule", (0.0, 0.0, 0.0), (0.0, 0.0, d)) for e, d in _MOLECULES.items()),
    *(_in_box(e, f"free {e} atom", (0.0, 0.0, 0.0)) for e in _ATOMS),
    *_SINGULAR,
)

ELEMENTAL_PHASES: dict[str, ElementalPhase] = {phase.symbol: phase for phase in _ALL}
"""Reference phases by element: Z = 1 to 94 but for At and Fr, of which no crystal was ever measured."""
