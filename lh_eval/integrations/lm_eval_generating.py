"""Texts that go on after prompts, greedily, for lm-eval's requests `generate_until`.

transformers' own `generate` counts positions by what a cache holds, which a method may have thinned out, and cannot
begin with the logits of a prefill.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs

from lh_eval.engine.asking import Asking
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SAMPLING = ("temperature", "top_k", "top_p", "min_p", "typical_p", "seed", "use_cache")  # idle where nothing is drawn
_GREEDY = {"num_beams": 1, "num_return_sequences": 1, "repetition_penalty": 1, "no_repeat_ngram_size": 0}


class Ending(NamedTuple):
    """What ends a text.

    most: tokens.
    stops: strings that it is cut at.
    """

    most: int
    stops: tuple[str, ...]


def ending_of(settings: dict[str, Any], most: int, end: str) -> Ending:
    """Read lm-eval's generation settings.

    Args:
        settings: those of a request.
        most: tokens where the settings say nothing.
        end: the tokenizer's end of text.

    Raises:
        InputError: they ask for something else than greedy decoding.
    """
    values: dict[str, Any] = dict(normalize_gen_kwargs(settings, most))
    if values.pop("do_sample"):
        raise InputError(
            "do_sample must be false, as answers are decoded greedily, got sampling; "
            "leave do_sample and temperature out of the generation settings"
        )
    most = values.pop("max_gen_toks")
    stops = handle_stop_sequences(values.pop("until"), eos=end)
    for name, value in values.items():
        if name in _GREEDY and value != _GREEDY[name]:
            raise InputError(f"{name} must be {_GREEDY[name]}, as answers are decoded greedily, got {value!r}")
        if name not in _GREEDY and name not in _SAMPLING:
            known = ", ".join(("until", "max_gen_toks", "do_sample", *_SAMPLING, *_GREEDY))
            raise InputError(f"generation settings must be among {known}, got {name!r}; leave it out")
    return Ending(most, tuple(stop for stop in stops if stop))


def generate(
    asked: Asking, logits: torch.Tensor, tokenizer: "PreTrainedTokenizerBase", ending: Ending, ends: Collection[int]
) -> list[list[int]]:
    """Decode greedily until each row's text has ended; a row that is done goes on with the others, unread.

    Args:
        asked: the prompts.
        logits: [B, V] after each.
        tokenizer: the model's.
        ending: what ends a text.
        ends: tokens that end it too, and are no part of it.

    Returns:
        The tokens of each row.
    """
    tokens: list[list[int]] = [[] for _ in logits]
    waiting = set(range(len(tokens))) if ending.most > 0 else set()
    while waiting:
        drawn = logits.argmax(-1).tolist()
        for row in list(waiting):
            if drawn[row] in ends:
                waiting.remove(row)
                continue
            tokens[row].append(drawn[row])
            if len(tokens[row]) >= ending.most or _has_stopped(tokenizer, tokens[row], ending.stops):
                waiting.remove(row)
        if waiting:
            logits = asked.read([[token] for token in drawn])
    return tokens


def _has_stopped(tokenizer: "PreTrainedTokenizerBase", tokens: list[int], stops: Sequence[str]) -> bool:
    """Whether the newest token completes a stop string; a character is four tokens at most, each one of its bytes."""
    longest = max(map(len, stops), default=0)
    text = tokenizer.decode(tokens[-4 * (longest + 1) :], skip_special_tokens=True)
    return any(stop in text for stop in stops)
