"""A random model of bytes, and what to ask it: a haystack that the depth does not change, with several questions."""

import dataclasses

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from lh_eval.tasks.base import Sample

WORDS = ["alder", "birch", "cedar", "hazel", "maple", "rowan"]


def tiny_llama(**changes):
    """Four layers with random weights, grouped heads."""
    torch.manual_seed(0)
    config = LlamaConfig(**{
        "vocab_size": 257, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 4096, "initializer_range": 0.3, "eos_token_id": None,
    } | changes)  # fmt: skip
    return LlamaForCausalLM(config).eval()


@dataclasses.dataclass(frozen=True)
class Trees:
    """Two words in bytes of filler, which the depth does not change; `questions` trials share a context."""

    questions: int = 1
    scoring: str = "all"
    max_new_tokens: int = 5

    def sample(self, tokenizer, *, length, depth, trial, seed=0):
        """As `Task.sample`; the answers are the two words that lie in the context."""
        rng = np.random.default_rng([length, trial // self.questions, seed])
        first, second = rng.choice(WORDS, 2, replace=False).tolist()
        needles = [tokenizer.encode(f" tree {word}. ") for word in (first, second)]
        question = tokenizer.encode(f" Question {trial % self.questions}: trees:")
        filler = rng.integers(97, 123, length - len(question) - sum(map(len, needles))).tolist()
        at = int(depth / 100 * (len(filler) - 10))
        context = [*filler[:at], *needles[0], *filler[at : at + 10], *needles[1], *filler[at + 10 :]]
        start = at + len(needles[0]) + 10
        return Sample(
            context_ids=context,
            question_ids=question,
            answer=f"{first}, {second}",
            answers=(first, second),
            scoring=self.scoring,
            choices=[first, "7"] if self.scoring == "choice" else [],
            choice_ids=[97, 55] if self.scoring == "choice" else [],
            max_new_tokens=self.max_new_tokens,
            needle_start=at,
            needle_end=at + len(needles[0]),
            spans=((at, at + len(needles[0])), (start, start + len(needles[1]))),
            depth=depth,
            placed=False,
        )
