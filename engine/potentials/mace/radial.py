"""Radial functions of a MACE model: its own modules, called once for each length and pair of elements."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.potentials.errors import UnsupportedModel

_BASES = frozenset({"BesselBasis", "GaussianBasis", "ChebychevBasis"})
_TRANSFORMS = frozenset({"AgnesiTransform", "SoftTransform"})
_COULOMB = 14.3996  # eV Å, as mace-torch has it
_ZBL_LENGTH = 0.529  # Å, likewise
_ZBL_DECAYS = (3.2, 0.9423, 0.4028, 0.2016)


class RadialEmbedding:
    """Lengths to radial features.

    Attributes:
        knows_elements: Whether the features depend on the elements at both ends; then alike in both.
        applies_cutoff: Whether the features are already multiplied by the cutoff function.
    """

    def __init__(self, model: Any) -> None:
        """Takes the radial embedding of a model.

        Args:
            model: Model of mace-torch.

        Raises:
            UnsupportedModel: if a part of it is not known here.
        """
        self._module = model.radial_embedding
        basis = type(self._module.bessel_fn).__name__
        if basis not in _BASES:
            raise UnsupportedModel(f"its radial basis {basis} is not supported")
        if type(self._module.cutoff_fn).__name__ != "PolynomialCutoff":
            raise UnsupportedModel(f"its cutoff {type(self._module.cutoff_fn).__name__} is not supported")
        transform = getattr(self._module, "distance_transform", None)
        if transform is not None and type(transform).__name__ not in _TRANSFORMS:
            raise UnsupportedModel(f"its distance transform {type(transform).__name__} is not supported")
        self.knows_elements = transform is not None
        self.applies_cutoff = bool(getattr(self._module, "apply_cutoff", True))
        self._numbers = model.atomic_numbers
        self._one_hot = torch.eye(len(self._numbers), device=self._numbers.device)

    def __call__(self, lengths: Tensor, receiver: Tensor, sender: Tensor) -> tuple[Tensor, Tensor | None]:
        """Radial features, and the cutoff function where the model multiplies by it later.

        Args:
            lengths: Length of each row, [n_rows], Å.
            receiver: Row of the receiver's element in the model's table, [n_rows] int64.
            sender: Row of the sender's element in it, [n_rows] int64.

        Returns:
            [n_rows, n_basis], and [n_rows, 1] or None.
        """
        # The module looks elements up as those of the nodes of an edge: here a node is an element.
        features, cutoff = self._module(
            lengths.unsqueeze(1), self._one_hot, torch.stack([sender, receiver]), self._numbers
        )
        return features, cutoff


class RadialNet:
    """A network of radial features, its last layer apart: that is a linear map.

    Attributes:
        has_biases: Whether it does not vanish where its features do.
        last: The last layer, [n_hidden, n_out].
    """

    def __init__(self, network: Any, where: str) -> None:
        """Takes the layers of a network.

        Args:
            network: Radial network: e3nn's `FullyConnectedNet` or mace-torch's `RadialMLP`.
            where: Name of what it belongs to, for the message.

        Raises:
            UnsupportedModel: if it is another network.
        """
        kind = type(network).__name__
        if kind == "FullyConnectedNet":
            *self._hidden, last = list(network.children())
            if last.act is not None:
                raise UnsupportedModel(f"{where} ends with an activation, which is not supported")
            self.last: Tensor = last.weight.detach() / (last.h_in * last.var_in / last.var_out) ** 0.5
            self.has_biases = self._bias = False
        elif kind == "RadialMLP":
            *self._hidden, last = list(network.net.children())
            self.last = last.weight.detach().T
            self.has_biases = True
            self._bias = last.bias is not None
            if self._bias:  # as one more hidden function, which is 1
                self.last = torch.cat([self.last, last.bias.detach().unsqueeze(0)])
        else:
            raise UnsupportedModel(f"{where} is a {kind}, which is not supported")

    def hidden(self, features: Tensor, cutoff: Tensor | None) -> Tensor:
        """What the last layer is applied to, times the cutoff: [n_rows, n_hidden].

        Args:
            features: Radial features, [n_rows, n_features].
            cutoff: Cutoff function where the model multiplies the result by it, [n_rows, 1].
        """
        for layer in self._hidden:
            features = layer(features)
        if self._bias:
            features = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
        return features if cutoff is None else features * cutoff


class Repulsion:
    """The screened nuclear repulsion of Ziegler, Biersack and Littmark with the model's parameters.

    How it is mixed is docs/science.md, Eq. 12; source: J. F. Ziegler, J. P. Biersack, in Treatise on Heavy-Ion
    Science 6 (1985), doi:10.1007/978-1-4615-8103-1_3.
    """

    def __init__(self, module: Any, atomic_numbers: Tensor) -> None:
        """Takes the parameters of mace-torch's `ZBLBasis`.

        Args:
            module: mace-torch's `ZBLBasis`.
            atomic_numbers: The model's table of elements, [n_elements].

        Raises:
            UnsupportedModel: if it is another pair potential.
        """
        if type(module).__name__ != "ZBLBasis":
            raise UnsupportedModel(f"its pair repulsion {type(module).__name__} is not supported")
        self._module = module
        self._numbers = atomic_numbers

    def __call__(self, lengths: Tensor, receiver: Tensor, sender: Tensor) -> Tensor:
        """Half of each pair's repulsion, what one of the two atoms is given.

        Args:
            lengths: Length of each row, [n_rows], Å.
            receiver: Row of the receiver's element in the model's table, [n_rows] int64.
            sender: Row of the sender's element in it, [n_rows] int64.

        Returns:
            [n_rows] eV, zero beyond the sum of the covalent radii.
        """
        module = self._module
        z_i, z_j = (self._numbers[row].to(lengths.dtype) for row in (receiver, sender))
        screening = module.a_prefactor * _ZBL_LENGTH / (z_i**module.a_exp + z_j**module.a_exp)
        ratio = lengths / screening
        phi = sum(
            weight * torch.exp(-decay * ratio) for weight, decay in zip(module.c, _ZBL_DECAYS, strict=True)
        )
        radii = module.covalent_radii[self._numbers]
        reach = radii[receiver] + radii[sender]
        inside = lengths < reach
        # Beyond its reach the envelope is cut off; a harmless length there keeps the derivatives finite.
        p = int(module.p)
        x = torch.where(inside, lengths / reach, 1.0)
        envelope = (
            1.0 - (p + 1) * (p + 2) / 2 * x**p + p * (p + 2) * x ** (p + 1) - p * (p + 1) / 2 * x ** (p + 2)
        )
        return torch.where(inside, 0.5 * _COULOMB * z_i * z_j / lengths * phi * envelope, 0.0)
