"""Real Wigner 3j symbols, in the basis and with the signs of e3nn 0.4.4, in which the SevenNet weights were trained.

The real basis of degree l is the one of the spherical harmonics of `spherical_harmonics.py`: m = -l..l with the polar
axis along y. A symbol C of degrees (a, b, c) is the one invariant tensor of a x b x c, of norm one; its
sign is a convention and is fixed here by the rule that e3nn 0.4.4 used for its table.

Source: complex symbols by Racah's formula (A. R. Edmonds, Angular Momentum in Quantum Mechanics, 1957, equation 3.7.3,
doi:10.1515/9781400884186).
"""

from __future__ import annotations

from functools import cache
from math import factorial, sqrt

import numpy as np
from numpy.typing import NDArray

_NEGLIGIBLE = 1e-12


@cache
def wigner_3j(a: int, b: int, c: int) -> NDArray[np.float64]:
    """The real symbol of degrees (a, b, c).

    Args:
        a: First degree.
        b: Second degree.
        c: Third degree, |a - b| <= c <= a + b.

    Returns:
        [2a+1, 2b+1, 2c+1], of norm one, read-only.

    Raises:
        ValueError: if the three degrees make no triangle.
    """
    if not abs(a - b) <= c <= a + b:
        raise ValueError(f"degrees {a}, {b}, {c} make no triangle")
    # The table holds ascending degrees only; an odd permutation of the axes costs the sign (-1)^(a+b+c).
    degrees = (a, b, c)
    ascending = sorted(range(3), key=lambda axis: degrees[axis])
    symbol = _ascending_symbol(*(degrees[axis] for axis in ascending))
    odd = np.linalg.det(np.eye(3)[ascending]) < 0
    sign = (-1) ** (a + b + c) if odd else 1
    result = np.ascontiguousarray(sign * symbol.transpose(np.argsort(ascending)))
    result.setflags(write=False)
    return result


def _ascending_symbol(a: int, b: int, c: int) -> NDArray[np.float64]:
    complex_symbol = np.zeros((2 * a + 1, 2 * b + 1, 2 * c + 1), dtype=complex)
    for m in range(-a, a + 1):
        for n in range(max(-b, -c - m), min(b, c - m) + 1):
            complex_symbol[m + a, n + b, c - m - n] = _racah(a, b, c, m, n)
    turned = np.einsum(
        "ijk,il,jm,kn->lmn", complex_symbol, _real_basis(a), _real_basis(b), _real_basis(c), optimize=True
    )
    # Up to a common phase the turned tensor is purely real (a+b+c even) or purely imaginary (odd).
    symbol = turned.real if np.abs(turned.real).max() > np.abs(turned.imag).max() else turned.imag
    symbol = np.where(np.abs(symbol) < _NEGLIGIBLE, 0.0, symbol)
    symbol /= np.linalg.norm(symbol)
    middle = symbol[a, b, c]
    leading = middle if middle != 0 else symbol[symbol != 0][0]
    return symbol if leading > 0 else -symbol


def _real_basis(degree: int) -> NDArray[np.complex128]:
    """[2l+1, 2l+1]: columns are the real functions written in the complex ones, rows m = -l..l."""
    matrix = np.zeros((2 * degree + 1, 2 * degree + 1), dtype=complex)
    matrix[degree, degree] = 1
    for m in range(1, degree + 1):
        sign = (-1) ** m
        matrix[degree + m, degree + m] = sign / sqrt(2)
        matrix[degree - m, degree + m] = 1 / sqrt(2)
        matrix[degree + m, degree - m] = -1j * sign / sqrt(2)
        matrix[degree - m, degree - m] = 1j / sqrt(2)
    return matrix


def _racah(a: int, b: int, c: int, m: int, n: int) -> float:
    """The complex 3j symbol (a b c; m n -m-n)."""
    p = -m - n
    triangle = factorial(a + b - c) * factorial(a - b + c) * factorial(-a + b + c) / factorial(a + b + c + 1)
    states = 1.0
    for degree, order in ((a, m), (b, n), (c, p)):
        states *= factorial(degree + order) * factorial(degree - order)
    total = 0.0
    for t in range(max(0, b - c - m, a - c + n), min(a + b - c, a - m, b + n) + 1):
        total += (-1) ** t / (
            factorial(t)
            * factorial(c - b + t + m)
            * factorial(c - a + t - n)
            * factorial(a + b - c - t)
            * factorial(a - t - m)
            * factorial(b - t + n)
        )
    return float((-1) ** (a - b - p) * sqrt(triangle * states) * total)
