"""What a model's `forward` takes: architectures differ in their optional arguments."""

import functools
import inspect

import torch


def accepts(model: torch.nn.Module, name: str) -> bool:
    """Whether the model's forward pass takes an argument of that name; one with `**kwargs` alone does not say so."""
    return name in _parameters(type(model))


@functools.cache
def _parameters(cls: type[torch.nn.Module]) -> frozenset[str]:
    return frozenset(inspect.signature(cls.forward).parameters)
