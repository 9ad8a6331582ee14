"""Checkpoints: functions that keep nothing but their arguments for the backward pass, at every order of derivative.

`torch.utils.checkpoint` drops intermediate results for first derivatives only: a gradient that is to be differentiated
again keeps them all. Here the backward pass of a checkpointed function is itself a checkpointed function, of the
arguments and the incoming gradients, and so on: the memory of any derivative is that of one call at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Pure = Callable[..., tuple[Tensor, ...]]


def checkpointed(function: Pure, *arguments: Tensor) -> tuple[Tensor, ...]:
    """Calls a function, and calls it again whenever a derivative is wanted instead of keeping what it computed.

    Args:
        function: A differentiable function of tensors that returns a tuple of tensors and has no side effects.
        arguments: Tensors that it is called with.

    Returns:
        What the function returns, differentiable to any order.
    """
    return _Checkpointed.apply(function, *arguments)


class _Checkpointed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Pure, *arguments: Tensor) -> tuple[Tensor, ...]:
        ctx.function = function
        ctx.save_for_backward(*arguments)
        return function(*arguments)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        arguments = ctx.saved_tensors
        wanted = ctx.needs_input_grad[1:]
        found = iter(_Checkpointed.apply(_pullback(ctx.function, wanted), *arguments, *gradients))
        return None, *(next(found) if want else None for want in wanted)


def _pullback(function: Pure, wanted: tuple[bool, ...]) -> Pure:
    """The function (arguments, gradients) -> gradients by the wanted arguments."""

    def pullback(*tensors: Tensor) -> tuple[Tensor, ...]:
        differentiable = torch.is_grad_enabled()  # false in a forward pass, true while a higher pullback runs
        with torch.enable_grad():
            arguments = [
                tensor if differentiable and tensor.requires_grad else tensor.detach().requires_grad_(want)
                for tensor, want in zip(tensors, wanted, strict=False)
            ]
            return torch.autograd.grad(
                function(*arguments),
                [argument for argument, want in zip(arguments, wanted, strict=True) if want],
                tensors[len(wanted) :],
                create_graph=differentiable,
                materialize_grads=True,
            )

    return pullback
