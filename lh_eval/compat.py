"""What is used of other packages' private interfaces: one function each, with the versions that it was checked with.

Run with the first version of each range and with that of constraints.txt, read in the source of the last. The lower
bounds are those of pyproject.toml; a test calls each. What is imported is imported when it is called.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


# torch 2.11 to 2.14: `torch.nn.attention.sdpa_kernel(..., set_priority=True)` does this in ten times the time.
def sdpa_priority() -> list[int]:
    """The backends of `scaled_dot_product_attention` as integers, those that are tried first in front."""
    import torch

    order: list[int] = torch._C._get_sdp_priority_order()
    return order


# torch 2.11 to 2.14
def set_sdpa_priority(order: Sequence[int]) -> None:
    """Set the order that `sdpa_priority` gives."""
    import torch

    torch._C._set_sdp_priority_order(list(order))


# torch 2.11 to 2.14: there is no public way to ask whether a TorchDispatchMode is on.
def watched_by_a_mode() -> bool:
    """Whether a `TorchDispatchMode` watches PyTorch's calls, as fake tensors and profilers of memory do."""
    import torch

    return bool(torch._C._len_torch_dispatch_stack())


# torch 2.11 to 2.14: the public function gives no log-sums.
def flash_attention(
    query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor", *, causal: bool, scale: float
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Flash attention on a GPU, and the log of each query's summed exponentials.

    Causal, it is so from the bottom right: torch's own `causal_lower_right` relies on it too.
    """
    import torch

    found = torch.ops.aten._scaled_dot_product_flash_attention(query, key, value, is_causal=causal, scale=scale)
    return found[0], found[1]


# torch 2.11 to 2.14: the public function gives no log-sums.
def flash_attention_on_cpu(
    query: "torch.Tensor",
    key: "torch.Tensor",
    value: "torch.Tensor",
    *,
    mask: "torch.Tensor | None",
    scale: float,
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Flash attention on a CPU with an additive mask, and the log of each query's summed exponentials."""
    import torch

    out, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, attn_mask=mask, scale=scale
    )
    return out, sums


# torch 2.11 to 2.14: `torch.compile` has no argument for it.
def allow_recompilations(most: int) -> None:
    """Let the compiler make up to so many forms of a function, by what it is called with, where it would stop at 8."""
    import torch._dynamo.config

    torch._dynamo.config.recompile_limit = max(most, torch._dynamo.config.recompile_limit)


# triton 3.6 to 3.8
def parameter_names(kernel: Any) -> tuple[str, ...]:
    """Names of the parameters of a `triton.jit` function, in order."""
    return tuple(kernel.arg_names)


# triton 3.6 to 3.8: a launch returns what it compiled, which is launched again with all arguments, constants among
# them, in the order of the parameters.
def launcher_of(compiled: Any, grid: tuple[int, int, int]) -> Callable[..., None]:
    """What launches a compiled kernel on a grid, on the current device and stream."""
    launch: Callable[..., None] = compiled[grid]
    return launch


# transformers 5.17 to 5.23: the configuration has no public name for it.
def attention_implementation(model: "PreTrainedModel") -> str:
    """The name of the attention that a model's layers run, such as `sdpa`."""
    name: str = model.config._attn_implementation
    return name


# transformers 5.17 to 5.23
def chooses_attention(model: "PreTrainedModel") -> bool:
    """Whether a model's layers run the attention that is named, and not one of their own making."""
    return bool(model._can_set_attn_implementation())


# transformers 5.17 to 5.23
def has_sdpa(model: "PreTrainedModel") -> bool:
    """Whether PyTorch's `scaled_dot_product_attention` gives what the architecture computes."""
    return bool(model._supports_sdpa)


# transformers 5.17 to 5.23
def takes_dynamic_cache(model: "PreTrainedModel") -> bool:
    """Whether a model keeps what it reads in a `DynamicCache`, and makes none of its own kind."""
    ours = type(model).__module__.startswith("transformers.")
    return ours and bool(model._supports_default_dynamic_cache())


# transformers 5.17 to 5.23
def forget_replaced_architectures() -> None:
    """Take back architectures of transformers' that another package registered its own classes for."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES

    for name in CONFIG_MAPPING_NAMES.keys() & CONFIG_MAPPING._extra_content.keys():
        del CONFIG_MAPPING._extra_content[name]


# lm-eval 0.4.13
def harness_command() -> Any:
    """lm-eval's command: an object with `parse_args` and `execute`."""
    from lm_eval._cli import HarnessCLI

    return HarnessCLI()
