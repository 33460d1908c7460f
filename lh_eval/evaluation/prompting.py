"""One batch through the model: context prefilled, question attending densely to its cache, last row scored."""

from typing import Any, NamedTuple

import torch

from lh_eval.attention.transformers import Session
from lh_eval.errors import InputError
from lh_eval.evaluation.recall import SelectionRecall
from lh_eval.tasks.base import Sample


class Outcome(NamedTuple):
    """What the model did with a sample.

    prediction: the choice with the highest logit after the question.
    selection_recall: see `SelectionRecall`.
    """

    prediction: str
    selection_recall: float | None


@torch.inference_mode()
def run_batch(model: Any, session: Session, samples: list[Sample]) -> list[Outcome]:
    """Run samples whose contexts are of one length, and whose questions are.

    Args:
        model: transformers causal LM, in `session`.
        session: how it attends.
        samples: the batch.

    Returns:
        An outcome for each sample.

    Raises:
        InputError: the model gives a choice no finite logit.
    """
    context, question = (
        torch.tensor([getattr(sample, part) for sample in samples], device=model.device)
        for part in ("context_ids", "question_ids")
    )
    recall = SelectionRecall([(sample.needle_start, sample.needle_end) for sample in samples])
    session.on_select = recall
    cache = session.fill_cache(model, context)
    session.on_select = None
    logits = model(input_ids=question, past_key_values=cache, logits_to_keep=1).logits[:, -1]
    choices = torch.tensor([sample.choice_ids for sample in samples], device=logits.device)
    of_choices = logits.gather(1, choices)
    if not (finite := of_choices.isfinite()).all():  # an argmax would take NaN for the answer
        raise InputError(
            f"logits of the choices must be finite, got {of_choices[~finite][0].item()}; "
            "look for inf or nan in the weights, or try another --dtype"
        )
    best = of_choices.argmax(1).tolist()
    return [
        Outcome(sample.choices[place], share)
        for sample, place, share in zip(samples, best, recall.of_samples(), strict=True)
    ]
