"""Input that is not finite: found on the GPU while pooling, refused on the host once everything has been launched.

A place is an integer: 0 where nothing is wrong, else 1 + row * N + token, where rows are the H heads of q, then the
G of k, then the G of v, of each batch row in turn. It is copied to the host behind the pooling kernel, and read when
the last kernel is on its way, so that neither side waits for the other.
"""

import torch

from lh_eval.errors import InputError
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.triton.common import stored_level

_PENDING = -1


def to_host(place: torch.Tensor) -> torch.Tensor:
    """Start to copy a place, int64 [1], to the host; while a CUDA graph is captured, say that nothing is wrong."""
    if not place.is_cuda:
        return place.clone()
    if torch.cuda.is_current_stream_capturing():
        return torch.zeros(1, dtype=torch.int64)
    host = torch.full((1,), _PENDING, dtype=torch.int64, pin_memory=True)
    return host.copy_(place, non_blocking=True)


def refuse(host: torch.Tensor, layout: Layout, *, heads: int, groups: int) -> None:
    """Wait for the copy, and raise if something is wrong.

    Args:
        host: what `to_host` returned.
        layout: sizes of the pyramid; a place is the start of a window that pooling stores.
        heads: H.
        groups: G.

    Raises:
        InputError: something is not finite; names tensor, batch row, head and position.
    """
    while (place := host.item()) == _PENDING:
        torch.cuda.current_stream().query()  # raises what went wrong on the GPU, which would never answer
    if not place:
        return
    row, token = divmod(int(place) - 1, layout.tokens)
    batch, head = divmod(row, heads + 2 * groups)
    name = "q"
    if head >= heads:
        name, head = ("k", head - heads) if head < heads + groups else ("v", head - heads - groups)
    stop = min(token + layout.factor ** stored_level(layout), layout.tokens)
    raise InputError(
        f"{name} and its scores must be finite, got others at batch {batch}, head {head}, among positions {token} to "
        f"{stop - 1}; look for inf or nan in the model's activations"
    )
