"""SevenNet written a second time, slowly: every copy receives from every copy of every neighbour, each on its own edge.

m_ik = sum_j sum_k' lam_jk' phi(h_jk', r_ij): no mixing of senders, no batching of paths, no sharing of pairs,
neighbours by brute force, spherical harmonics as written-out polynomials. Only Clebsch-Gordan constants are shared.
With paired mixing copies of one sublattice receive from copies of the same element only, with weight 1.
"""

from __future__ import annotations

from itertools import product
from math import sqrt

import numpy as np
import torch
from torch.nn.functional import silu

from engine.potentials.equivariant.wigner import wigner_3j

SECOND_MOMENT = 1.6791767923989418


def harmonics(v):
    """Degrees 0 to 3 of unit vectors [n, 3], as e3nn writes them out, 'component' normalised."""
    x, y, z = v.T
    two = [
        sqrt(3) * x * z,
        sqrt(3) * x * y,
        y**2 - (x**2 + z**2) / 2,
        sqrt(3) * y * z,
        sqrt(3) / 2 * (z**2 - x**2),
    ]
    three = [
        sqrt(5 / 6) * (two[0] * z + two[4] * x),
        sqrt(5) * two[0] * y,
        sqrt(3 / 8) * (4 * y**2 - x**2 - z**2) * x,
        y / 2 * (2 * y**2 - 3 * x**2 - 3 * z**2),
        sqrt(3 / 8) * z * (4 * y**2 - x**2 - z**2),
        sqrt(5) * two[4] * y,
        sqrt(5 / 6) * (two[4] * z - two[0] * x),
    ]
    degrees = [[torch.ones_like(x)], [x, y, z], two, three]
    return [sqrt(2 * degree + 1) * torch.stack(of, dim=1) for degree, of in enumerate(degrees)]


def neighbours(cell, positions, cutoff):
    """All (i, j, vector) nearer than the cutoff, by trying every image."""
    inverse = np.linalg.inv(cell)
    spread = np.ptp(positions @ inverse, axis=0)  # sites may lie in different cells
    reach = np.ceil(cutoff * np.linalg.norm(inverse, axis=0) + spread).astype(int)
    found = []
    for shift in product(*(range(-n, n + 1) for n in reach)):
        for i, j in product(range(len(positions)), repeat=2):
            vector = positions[j] + np.array(shift) @ cell - positions[i]
            if 1e-6 < np.linalg.norm(vector) < cutoff:
                found.append((i, j, vector))
    return found


def matrices(flat, rows, columns):
    parts = flat.split([n * m for n, m in zip(rows, columns, strict=True)])
    return [part.view(n, m) / sqrt(n) for part, n, m in zip(parts, rows, columns, strict=True)]


def explicit_energy(tensors, architecture, sample, mixing="mean_field"):  # noqa: PLR0915 - read from top to bottom
    """Energy in eV of a sample, float64."""
    t = {key: value.double() for key, value in tensors.items()}
    cutoff, top = architecture["cutoff"], architecture["max_degree"]
    species = {z: row for row, z in enumerate(architecture["species"])}
    copies = [(site, k) for site, of_site in enumerate(sample.copies) for k in range(len(of_site))]
    weight = torch.tensor([sample.weights[i][k] for i, k in copies], dtype=torch.float64)
    rows = torch.tensor([species[sample.copies[i][k]] for i, k in copies])
    groups = sample.groups or [-1] * len(sample.copies)
    edges = []
    for i, j, vector in neighbours(sample.cell, sample.positions, cutoff):
        paired = mixing == "paired" and groups[i] == groups[j] != -1
        for a, b in product(range(len(copies)), repeat=2):
            if (copies[a][0], copies[b][0]) != (i, j):
                continue
            if not paired:
                edges.append((a, b, vector, float(weight[b])))
            elif copies[a][1] == copies[b][1]:
                edges.append((a, b, vector, 1.0))
    receiver = torch.tensor([a for a, _, _, _ in edges])
    sender = torch.tensor([b for _, b, _, _ in edges])
    vectors = torch.tensor(np.array([v for _, _, v, _ in edges]))
    edge_weight = torch.tensor([w for _, _, _, w in edges], dtype=torch.float64)
    r = vectors.norm(dim=1)
    y = harmonics(vectors / r[:, None])
    if architecture["envelope"]["kind"] == "xplor":
        on = architecture["envelope"]["onset"]
        smooth = (cutoff**2 - r**2) ** 2 * (cutoff**2 + 2 * r**2 - 3 * on**2) / (cutoff**2 - on**2) ** 3
        smooth = torch.where(r < on, 1.0, smooth)
    else:
        u = r / cutoff
        smooth = 1 - 28 * u**6 + 48 * u**7 - 21 * u**8
    basis = 2 / cutoff * torch.sin(t["edge_embedding.basis_function.coeffs"] * r[:, None]) / r[:, None]
    basis = basis * smooth[:, None]
    irreps = [[int(p.split("x")[0]) for p in text.split("+")] for text in architecture["irreps"]]
    features = [
        t["onehot_to_feature_x.linear.weight"].view(len(species), -1)[rows, :, None] / sqrt(len(species))
    ]
    for layer in range(len(irreps) - 1):
        incoming, outgoing = irreps[layer], irreps[layer + 1]
        net = [t[f"{layer}_convolution.weight_nn.layer{depth}.weight"] for depth in range(3)]
        hidden = SECOND_MOMENT * silu(basis @ net[0] / sqrt(8))
        radial = SECOND_MOMENT * silu(hidden @ net[1] / 8) @ net[2] / 8
        mixers = matrices(t[f"{layer}_self_interaction_1.linear.weight"], incoming, incoming)
        sent = [torch.einsum("num,uv->nvm", x, w) for x, w in zip(features, mixers, strict=True)]
        received = [[] for _ in outgoing]
        place = 0
        for l1, l2, l3 in product(range(len(incoming)), range(top + 1), range(len(outgoing))):
            if not abs(l1 - l2) <= l3 <= l1 + l2:
                continue
            w = radial[:, place : place + incoming[l1]]
            place += incoming[l1]
            constants = torch.tensor(sqrt(2 * l3 + 1) * wigner_3j(l1, l2, l3))
            message = torch.einsum("eu,eua,eb,abc->euc", w, sent[l1][sender], y[l2], constants)
            total = torch.zeros(len(copies), incoming[l1], 2 * l3 + 1, dtype=torch.float64)
            total.index_add_(0, receiver, edge_weight[:, None, None] * message)
            received[l3].append(total / t[f"{layer}_convolution.denominator"])
        assert place == radial.shape[1]
        widths = [sum(outgoing), *outgoing[1:]]
        stacked = [torch.cat(parts, dim=1) for parts in received]
        after = matrices(
            t[f"{layer}_self_interaction_2.linear.weight"], [s.shape[1] for s in stacked], widths
        )
        new = [torch.einsum("num,uv->nvm", x, w) for x, w in zip(stacked, after, strict=True)]
        shared = min(len(incoming), len(outgoing))
        own = matrices(t[f"{layer}_self_connection_intro.linear.weight"], incoming[:shared], widths[:shared])
        for degree in range(shared):
            new[degree] = new[degree] + torch.einsum("num,uv->nvm", features[degree], own[degree])
        scalars, *gates = (SECOND_MOMENT * silu(new[0])).split(outgoing, dim=1)
        features = [scalars, *(gate * x for gate, x in zip(gates, new[1:], strict=True))]
    first = matrices(t["reduce_input_to_hidden.linear.weight"], [128], [64])[0]
    second = matrices(t["reduce_hidden_to_energy.linear.weight"], [64], [1])[0]
    atomic = (features[0][:, :, 0] @ first @ second)[:, 0]
    scale, shift = t["rescale_atomic_energy.scale"][rows], t["rescale_atomic_energy.shift"][rows]
    return float((weight * (atomic * scale + shift)).sum())
