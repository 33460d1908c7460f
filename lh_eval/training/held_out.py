"""The loss on real text that training never saw: what a paper would report, beside what it does not show."""

import numpy as np
import torch
from accelerate import Accelerator
from transformers import LlamaForCausalLM

_MAX_TOKENS = 131072  # of one forward pass, whose logits are [tokens, 256]


@torch.no_grad()
@torch.compiler.set_stance("force_eager")  # compiling once more would take longer
def held_out_loss(model: LlamaForCausalLM, text: np.ndarray, length: int, accelerator: Accelerator) -> float:
    """Mean loss of a byte in nats, under the attention that is switched on.

    Args:
        model: read as it is; no gradient is left behind.
        text: [T] uint8 bytes; they are read in windows, and what is left over at the end is not.
        length: bytes of a window, at most T; its first has no loss.
        accelerator: device and precision of the training.
    """
    count = len(text) // length
    windows = torch.from_numpy(text[: count * length].reshape(count, length).astype(np.int64))
    total = 0.0
    for part in windows.split(max(1, _MAX_TOKENS // length)):
        ids = part.to(accelerator.device)
        with accelerator.autocast():
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())
        total += float(losses) * len(part)
    return total / count
