"""MACE models with the hyperparameters of each foundation family and seeded random weights, made by mace-torch itself.

With the small weights of a fresh model E0 hides the interactions, so scale_shift makes these some eV an atom.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch

from engine.potentials.mace.file import import_mace

MP_ELEMENTS = tuple(range(1, 90))
RESIDUAL = "RealAgnosticResidualInteractionBlock"
DENSITY = ("RealAgnosticDensityInteractionBlock", "RealAgnosticDensityResidualInteractionBlock")
NONLINEAR = "RealAgnosticResidualNonLinearInteractionBlock"

# first block, later blocks, L of the hidden features, distance transform, ZBL, and what else differs
FAMILIES = {
    "mp-0a-small": {"blocks": (RESIDUAL, RESIDUAL), "L": 0},
    "mp-0a-medium": {"blocks": (RESIDUAL, RESIDUAL), "L": 1},
    "mp-0a-large": {"blocks": (RESIDUAL, RESIDUAL), "L": 2},
    "mp-0b-small": {"blocks": (RESIDUAL, RESIDUAL), "L": 0, "agnesi": True, "zbl": True},
    "mp-0b-medium": {"blocks": (RESIDUAL, RESIDUAL), "L": 1, "agnesi": True, "zbl": True},
    "mp-0b2-small": {"blocks": DENSITY, "L": 0, "agnesi": True, "zbl": True},
    "mpa-0-medium": {"blocks": DENSITY, "L": 1, "agnesi": True, "zbl": True},
    "omat-0-large": {"blocks": DENSITY, "L": 2, "agnesi": True, "zbl": True},
    "mh": {
        "blocks": (NONLINEAR, NONLINEAR),
        "L": 1,
        "agnesi": True,
        "zbl": True,
        "heads": ["omat_pbe", "spice_wB97M", "matpes_r2scan"],
        "apply_cutoff": False,
        "readout": "NonLinearBiasReadoutBlock",
        "agnostic": True,
    },
    # As the published mace-mh-1: fewer channels on the edges than on the nodes, and its six heads.
    "mh-1": {
        "blocks": (NONLINEAR, NONLINEAR),
        "L": 1,
        "agnesi": True,
        "zbl": True,
        "heads": ["matpes_r2scan", "mp_pbe_refit_add", "spice_wB97M", "oc20_usemppbe", "omol", "omat_pbe"],
        "agnostic": True,
        "on_edges": 4,
    },
    "two-heads": {"blocks": (RESIDUAL, RESIDUAL), "L": 1, "heads": ["pbe", "r2scan"]},
    "zbl-alone": {"blocks": DENSITY, "L": 0, "zbl": True},
    "plain-first": {"blocks": ("RealAgnosticInteractionBlock", RESIDUAL), "L": 1},
    "three-layers": {"blocks": (RESIDUAL, RESIDUAL), "L": 1, "layers": 3, "n_bessel": 6, "correlation": 2},
    "last-readout": {"blocks": DENSITY, "L": 1, "soft": True, "last_only": True},
    "gaussian": {"blocks": (RESIDUAL, RESIDUAL), "L": 0, "radial": "gaussian", "max_ell": 2, "plain": True},
}


def build(family, *, channels=128, dtype=torch.float64, elements=MP_ELEMENTS, seed=5, r_max=6.0):
    """A mace-torch model of a family."""
    mace = import_mace()
    from e3nn import o3

    spec = FAMILIES[family]
    heads = spec.get("heads", ["Default"])
    blocks = mace.modules.blocks
    hidden = "+".join(f"{channels}x{degree}{'eo'[degree % 2]}" for degree in range(spec["L"] + 1))
    before = torch.get_default_dtype()
    random = np.random.default_rng(seed)
    options = {
        "r_max": r_max,
        "num_bessel": spec.get("n_bessel", 10),
        "num_polynomial_cutoff": 5,
        "max_ell": spec.get("max_ell", 3),
        "interaction_cls_first": getattr(blocks, spec["blocks"][0]),
        "interaction_cls": getattr(blocks, spec["blocks"][1]),
        "num_interactions": spec.get("layers", 2),
        "num_elements": len(elements),
        "hidden_irreps": o3.Irreps(hidden),
        "MLP_irreps": o3.Irreps("16x0e"),
        "atomic_energies": random.normal(
            -4.0, 2.0, (len(heads), len(elements)) if len(heads) > 1 else len(elements)
        ),
        "avg_num_neighbors": 12.0,
        "atomic_numbers": list(elements),
        "correlation": spec.get("correlation", 3),
        "gate": torch.nn.functional.silu,
        "pair_repulsion": spec.get("zbl", False),
        "distance_transform": "Agnesi" if spec.get("agnesi") else "Soft" if spec.get("soft") else "None",
        "apply_cutoff": spec.get("apply_cutoff", True),
        "radial_type": spec.get("radial", "bessel"),
        "heads": heads,
        "use_last_readout_only": spec.get("last_only", False),
        "use_agnostic_product": spec.get("agnostic", False),
        "readout_cls": getattr(blocks, spec.get("readout", "NonLinearReadoutBlock")),
    }
    if "on_edges" in spec:
        fewer = channels // spec["on_edges"]
        options["edge_irreps"] = o3.Irreps(f"{fewer}x0e+{fewer}x1o")
    try:
        torch.set_default_dtype(dtype)
        torch.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if spec.get("plain"):
                model = mace.modules.MACE(**options)
            else:
                scale, shift = (
                    (150.0, 0.3)
                    if len(heads) == 1
                    else (list(np.linspace(100, 200, len(heads))), [0.3] * len(heads))
                )
                model = mace.modules.ScaleShiftMACE(
                    atomic_inter_scale=scale, atomic_inter_shift=shift, **options
                )
    finally:
        torch.set_default_dtype(before)
    if "NonLinear" in spec["blocks"][0]:
        _enliven(model)
    return model


def _enliven(model):
    """Makes what is nearly zero in a fresh non-linear block as large as after a training."""
    with torch.no_grad():
        for block in model.interactions:
            block.source_embedding.weight.normal_()
            block.target_embedding.weight.normal_()
            block.beta.fill_(1.5)
            block.alpha.fill_(3.0)
        for readout in model.readouts:
            for part in ("linear_mid", "linear_2"):
                bias = getattr(getattr(readout, part, None), "bias", None)
                if bias is not None and bias.numel():
                    bias.normal_()
