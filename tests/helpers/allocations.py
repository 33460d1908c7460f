"""What an operation allocates, seen op by op on any device."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Allocations(TorchDispatchMode):
    """Sizes of the tensors with memory of their own that were made inside the block.

    Workspaces inside an op do not show.

    Attributes:
        largest: elements of the largest one.
    """

    def __init__(self):
        super().__init__()
        self.largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for x in out if isinstance(out, tuple | list) else [out]:
            # a view has its base's memory, which the op that made the base was counted for
            if isinstance(x, torch.Tensor) and not any(schema.alias_info for schema in func._schema.returns):
                self.largest = max(self.largest, x.numel())
        return out
