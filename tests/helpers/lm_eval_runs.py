"""The model in lm-eval, made and asked."""

import lm_eval
import torch
from lm_eval.api.instance import Instance
from lm_eval.tasks import TaskManager

from lh_eval import evaluate
from lh_eval.integrations.lm_eval_model import LighthouseLM
from lh_eval.integrations.lm_eval_yaml import lm_eval_folder

GRID = {"lengths": [300, 400], "depths": [0, 100], "trials": 2}
# without dense layers the shipped checkpoint finds some needles and not others
LIGHTHOUSE = {"k": 16, "scorer": "random", "dense_layers": "none", "num_levels": 2, "pooling_factor": 16}


TEXT = " It was the best of times, it was the worst of times, it was the age of wisdom"


def make(**options):
    return LighthouseLM(**{"attention": "dense", "device": "cpu", "question_tokens": 16, **options})


def run(model, task, **options):
    manager = TaskManager(include_path=lm_eval_folder(), include_defaults=False, metadata=GRID)
    out = lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=manager, log_samples=True, **options)
    samples = {
        (sample["doc"]["length"], sample["doc"]["depth"], sample["doc"]["trial"]): sample
        for sample in out["samples"][task]
    }
    return out["results"][task], samples


def scores(samples):
    return {place: sample["acc"] for place, sample in samples.items()}


def ours(checkpoint, setting, task, **options):
    rows = evaluate(checkpoint, task=task, setting=setting, **GRID, **options)
    return {(row.length, row.depth, row.trial): row for row in rows.itertuples()}


def requests(pairs):
    return [Instance("loglikelihood", {}, pair, place) for place, pair in enumerate(pairs)]


@torch.no_grad()
def plainly(model, context, continuation):
    """One forward over everything."""
    prompt = model.tok_encode(context) or [model.prefix_token_id]
    wanted = model.tok_encode(continuation)
    logits = model.model(torch.tensor([prompt + wanted[:-1]])).logits[0, -len(wanted) :].log_softmax(-1)
    total = logits.gather(1, torch.tensor(wanted)[:, None]).sum().item()
    return total, logits.argmax(-1).tolist() == wanted


def generate(model, texts, **settings):
    settings = {"max_gen_toks": 4, **settings}
    return model.generate_until(
        [Instance("generate_until", {}, (text, dict(settings)), 0) for text in texts], disable_tqdm=True
    )
