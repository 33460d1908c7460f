"""Settling depth: the first layer after which what a model would say is near what it says.

Layer l of L would say p_l, the unembedding's softmax of the hidden state behind it; the last one says p_L. A row
settles at the first l whose Jensen-Shannon divergence from p_L is at most a threshold, so that L settles all. A token
is deep if its row settles at or after ceil(0.85 L).

Source: Chen et al. 2026, arXiv:2602.13517, Eqs. 2 to 6, threshold 0.5. Left open there and chosen here: the logarithm's
base (2, so that a divergence is from 0 to 1), and whether the final norm is applied before the unembedding (yes, as in
nostalgebraist's logit lens of 2020, as it is for the last layer).
"""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from transformers import PreTrainedModel

from lh_eval.errors import InputError
from lh_eval.modeling.memory import accepts

_MOST = 2**24  # float32 values of one layer that are held at once: rows times the vocabulary
_TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-3}  # of the last layer's logits made again, relative
_LOW_PRECISION = 2e-2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settling:
    """What settling depths are measured by.

    Attributes:
        threshold: the divergence at which a row has settled.
        base: of the logarithm; 2 and math.e are usual.
        norm: whether the final norm is applied to earlier layers' hidden states.

    Raises:
        InputError: a value is out of range.
    """

    threshold: float = 0.5
    base: float = 2.0
    norm: bool = True

    def __post_init__(self) -> None:
        if not self.base > 1 or not math.isfinite(self.base):
            raise InputError(f"base must be a number above 1, got {self.base!r}")
        most = math.log(2) / math.log(self.base)
        if not 0 < self.threshold < most:
            raise InputError(f"threshold must be above 0 and below {most:.3g}, the most there is, got {self.threshold}")

    def to_dict(self, model: PreTrainedModel) -> dict[str, Any]:
        """What config.json holds of it: the options, and how many layers the model has."""
        return {**dataclasses.asdict(self), "layers": len(_parts(model)[0])}


class Lens:
    """Takes the settling depth of every row that a model's calls give logits of, and of no other.

    Args:
        model: a model that `unfit` has no objection to.
        settling: how.
    """

    def __init__(self, model: PreTrainedModel, settling: Settling) -> None:
        self._model = model
        self._settling = settling
        self._layers, self._norm, self._head = _parts(model)
        self._rows: Any = None  # that get logits, while a call lasts that gives some
        self._hidden: list[torch.Tensor] = []  # [B, n, D] of those rows, layer by layer
        self._found: list[torch.Tensor] = []  # [B, n] of each call

    @contextlib.contextmanager
    def attached(self) -> Iterator["Lens"]:
        """Watch the model's calls until the block ends."""
        handles = [
            self._model.register_forward_pre_hook(self._begin, with_kwargs=True),
            self._model.register_forward_hook(self._end, always_call=True),
            *(layer.register_forward_hook(self._keep) for layer in self._layers),
        ]
        try:
            yield self
        finally:
            for handle in handles:
                handle.remove()

    def forget(self) -> None:
        """Drop what was read and not asked for, as by a batch that failed."""
        self._found = []

    def take(self, rows: int) -> torch.Tensor:
        """Depths [rows, n] of what was read since this was asked for last: where n tokens got logits, in their order.

        Args:
            rows: questions; several may lie side by side in one row of what the model read.
        """
        found, self._found = self._found, []
        return torch.cat(found, dim=1).reshape(rows, -1)

    def _begin(self, _: torch.nn.Module, _args: tuple[Any, ...], options: Mapping[str, Any]) -> None:
        kept = options.get("logits_to_keep", 0)
        self._rows = slice(-kept, None) if isinstance(kept, int) else kept  # as transformers has it

    def _keep(self, _: torch.nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        if self._rows is not None:
            self._hidden.append(_hidden(output)[:, self._rows])

    def _end(self, _: torch.nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        """After a call, also one that failed, which has no output."""
        hidden, self._hidden, self._rows = self._hidden, [], None
        if output is not None:
            self._found.append(self._depths(hidden, output.logits))

    def _depths(self, hidden: list[torch.Tensor], logits: torch.Tensor) -> torch.Tensor:
        """[B, n] of hidden states [B, n, D] behind each layer and logits [B, n, V]."""
        B, n, V = logits.shape
        rows = [states.flatten(0, 1) for states in hidden[:-1]]
        depths = torch.full((B * n,), len(hidden), device=logits.device)
        for part in torch.arange(B * n, device=logits.device).split(max(1, _MOST // V)):
            last = logits.flatten(0, 1)[part].float().softmax(-1)
            of_last = torch.special.entr(last).sum(-1)
            for number, states in enumerate(rows, start=1):
                if not len(part):
                    break
                said = self._unembed(states[part]).float().softmax(-1)
                mixed = torch.special.entr((said + last) / 2).sum(-1)
                apart = mixed - (torch.special.entr(said).sum(-1) + of_last) / 2
                settled = apart <= self._settling.threshold * math.log(self._settling.base)
                depths[part[settled]] = number
                part, last, of_last = part[~settled], last[~settled], of_last[~settled]
        return depths.view(B, n)

    def _unembed(self, states: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._head(self._norm(states) if self._settling.norm else states)
        return logits


@torch.inference_mode()
def unfit(model: PreTrainedModel) -> str | None:
    """Why settling depths of a model cannot be taken, in one line; None where they can."""
    name = type(model).__name__
    remedy = "leave settling out"
    try:
        layers, norm, head = _parts(model)
    except InputError as error:
        return str(error)
    if not accepts(model, "logits_to_keep"):
        return f"model must give logits of chosen rows alone for settling depths, got {name}, which does not; {remedy}"
    seen: list[torch.Tensor] = []
    handle = layers[-1].register_forward_hook(lambda _, args, output: seen.append(_hidden(output)))  # noqa: ARG005
    try:
        logits = model(input_ids=torch.tensor([[0, 1]], device=model.device)).logits.float()
    finally:
        handle.remove()
    again = head(norm(seen[0])).float()
    off, most = (logits - again).abs().max(), logits.abs().max()
    capped = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    if capped is not None or not off <= _TOLERANCE.get(model.dtype, _LOW_PRECISION) * most:
        return (
            f"model must have logits that are norm and unembedding of its last layer for settling depths, got {name} "
            f"with a cap or scale; {remedy}"
        )
    return None


def _hidden(output: Any) -> torch.Tensor:
    """[B, n, D] behind a layer, which may give more beside it."""
    hidden: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return hidden


def _parts(model: PreTrainedModel) -> tuple[torch.nn.ModuleList, torch.nn.Module, torch.nn.Module]:
    """A model's layers, its final norm and its unembedding; `unfit` finds out whether the last two are."""
    count, head = model.config.get_text_config().num_hidden_layers, model.get_output_embeddings()
    for owner in model.base_model.modules():
        children = dict(owner.named_children())
        layers = [one for one in children.values() if isinstance(one, torch.nn.ModuleList) and len(one) == count]
        norms = [one for name, one in children.items() if "norm" in name or name.startswith("ln")]
        if layers and norms and head is not None:
            return layers[0], norms[-1], head
    raise InputError(
        f"model must have a list of layers, a final norm and an unembedding for settling depths, got "
        f"{type(model).__name__} without; leave settling out"
    )
