"""Do our engine and lm-eval's HFLM agree to the sample on prompts in RULER's form?

    python -m lh_eval.studies.ruler_agreement --model smollm2-135m --trials 20 --out agreement.jsonl
    python -m lh_eval.studies.ruler_agreement --out agreement.jsonl --table

Both answer the same prompts in float32, one at a time; `docs/lm-eval.md` has the table. Rows are appended one by one, a
trial of every task before the next, so that what there is at any time has every task equally often.
"""

import collections
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from lh_eval.checkpoints.loading import Checkpoint, load_checkpoint
from lh_eval.lengths import parse_length
from lh_eval.runs.evaluate import evaluate
from lh_eval.studies.command import run
from lh_eval.tasks.base import TASKS, Sample, get_task

_COLUMN = 4096  # lm-eval's RULER has a metric for each of its lengths; this one's stands for any here
NEED_DATA = ("ruler_qa_squad", "ruler_qa_hotpot")


def task_specs(questions: list[str]) -> list[str]:
    """RULER's tasks in its own form that need no data set, and those of question answering that are given."""
    return [name for name in TASKS.names() if name.startswith("ruler_") and name not in NEED_DATA] + questions


def lm_eval_row(rival: Any, tokenizer: Any, sample: Sample, folder: Path) -> dict[str, Any]:
    """What lm-eval makes of a prompt: its own loop, its HFLM, and RULER's scoring functions as it has them."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager
    from lm_eval.tasks.ruler import common_utils

    text = tokenizer.decode(sample.prompt_ids, clean_up_tokenization_spaces=False)
    row = {"input": text, "outputs": list(sample.answers), "max_length": _COLUMN}
    (folder / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    part = "_part" if sample.scoring == "substring:need=one" else ""
    (folder / "rows.yaml").write_text(
        f"task: rows\ndataset_path: json\ndataset_kwargs:\n  data_files: {folder}/rows.jsonl\ntest_split: train\n"
        'output_type: generate_until\ndoc_to_text: "{{input}}"\ndoc_to_target: "{{outputs}}"\n'
        f"process_results: !function {common_utils.__name__}.process_results{part}\n"
        f'metric_list:\n  - metric: "{_COLUMN}"\n    aggregation: mean\n    higher_is_better: true\n'
        f"generation_kwargs:\n  do_sample: false\n  max_gen_toks: {sample.max_new_tokens}\n  until: []\n"
    )
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    made = simple_evaluate(model=rival, tasks=["rows"], task_manager=manager, log_samples=True, bootstrap_iters=0)
    (answered,) = made["samples"]["rows"]
    ids = np.asarray(tokenizer.encode(text), dtype="<i8").tobytes()
    return {
        "text": answered["resps"][0][0],
        "score": answered[str(_COLUMN)],
        "prompt_sha256": hashlib.sha256(ids).hexdigest(),
    }


def compare_sample(checkpoint: Checkpoint, rival: Any, spec: str, length: int, trial: int) -> dict[str, Any]:
    """A prompt asked of both."""
    sample = get_task(spec).sample(checkpoint.tokenizer, length=length, depth=0, trial=0, seed=trial)
    ours = evaluate(checkpoint, task=spec, lengths=[length], depths=[0], trials=1, seed=trial).iloc[0]
    with tempfile.TemporaryDirectory() as folder:
        theirs = lm_eval_row(rival, checkpoint.tokenizer, sample, Path(folder))
    return {
        "task": spec.partition(":")[0],
        "length": length,
        "trial": trial,
        "same_prompt": ours["prompt_sha256"] == theirs["prompt_sha256"],
        # ours ends where no continuation changes the score
        "same_text": theirs["text"].strip().startswith(ours["prediction"].strip()),
        "ours": ours["score"],
        "lm_eval": theirs["score"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """A line a task in Markdown."""
    tasks = collections.defaultdict(list)
    for row in rows:
        tasks[row["task"]].append(row)
    lines = ["| task | samples | same prompt | same text | same score | ours | lm-eval |", "| --- " * 7 + "|"]
    for name, found in {**tasks, "all": rows}.items():
        counts = [sum(row[column] for row in found) for column in ("same_prompt", "same_text")]
        counts.append(sum(row["ours"] == row["lm_eval"] for row in found))
        means = [sum(row[column] for row in found) / len(found) for column in ("ours", "lm_eval")]
        shown = " | ".join([*map(str, counts), *(f"{mean:.3f}" for mean in means)])
        lines.append(f"| `{name}` | {len(found)} | {shown} |")
    return "\n".join(lines)


def ruler_agreement(
    out: Annotated[Path, typer.Option(help="Rows, appended to; those that are there are not made again.")],
    model: Annotated[str | None, typer.Option(help="Checkpoint; the shipped one if not given.")] = None,
    length: Annotated[str, typer.Option(help="Tokens of prompt and answer.")] = "1k",
    trials: Annotated[int, typer.Option(min=1, help="Samples of each task.")] = 20,
    questions: Annotated[
        list[str] | None, typer.Option(help="A task of question answering with its files, such as ruler_qa_squad:...")
    ] = None,
    show: Annotated[bool, typer.Option("--table", help="Print the table of what is there and run nothing.")] = False,
) -> None:
    """Ask both and append a row a sample."""
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []
    if not show:
        from lm_eval.models.huggingface import HFLM

        checkpoint = load_checkpoint(model, device="cpu", dtype="float32")
        rival = HFLM(pretrained=checkpoint.model, tokenizer=checkpoint.tokenizer, batch_size=1)
        done = {(row["task"], row["trial"]) for row in rows}
        for trial in range(trials):
            for spec in task_specs(questions or []):
                if (spec.partition(":")[0], trial) in done:
                    continue
                row = compare_sample(checkpoint, rival, spec, parse_length(length), trial)
                rows.append(row)
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    typer.echo(table(rows))


if __name__ == "__main__":
    run(ruler_agreement)
