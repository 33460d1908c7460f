"""Positions: those that a model was made for, and those that a sample takes."""

from typing import TYPE_CHECKING

from lh_eval.tasks.base import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def positions(model: "PreTrainedModel") -> int | None:
    """Tokens that the model was made for; None where it does not say."""
    most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return most if isinstance(most, int) and most > 0 else None


def positions_of(sample: Sample) -> int:
    """Positions that a sample takes at most: its prompt's and those of what is generated."""
    return len(sample.context_ids) + len(sample.question_ids) + sample.thinking + sample.max_new_tokens
