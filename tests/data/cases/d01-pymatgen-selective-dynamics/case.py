# expected: accepted, Na1 Cl1 (site properties are never read).
# seen: a refusal for properties.selective_dynamics, a numpy array that pymatgen itself leaves in as_dict().
from pymatgen.core import Structure

from orichalcum import Problem

TEXT = "t\n1.0\n0 2.8 2.8\n2.8 0 2.8\n2.8 2.8 0\nNa Cl\n1 1\nSelective\nDirect\n0 0 0 T T F\n.5 .5 .5 T T T\n"
STRUCTURE = Structure.from_str(TEXT, fmt="poscar")
PROBLEM = Problem.model_validate(
    {"kind": "evaluate", "structure": {"pymatgen": STRUCTURE.as_dict()}, "sublattices": [], "at": [{}]}
)
