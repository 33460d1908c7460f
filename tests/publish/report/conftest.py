import pytest

from lh_eval.analysis.cells import metrics_of
from lh_eval.checkpoints.loading import load_tokenizer
from lh_eval.runs.grid import Grid
from lh_eval.store.folder import RunFolder
from lh_eval.store.rows import Row
from lh_eval.store.run import read_run
from lh_eval.tasks.base import get_task

HOSTILE = "</script><script>document.title='hit'</script><b>&amp;\u2028"


@pytest.fixture(scope="session")
def tokenizer():
    return load_tokenizer()


@pytest.fixture(scope="session")
def write_run(tokenizer):
    """Write a run of real passkey prompts, 2 lengths, 2 depths, 2 trials; `changes(key)` says what a row has else."""

    def write(path, *, attention=None, changes=lambda length, depth, trial: {}, **config):
        grid = Grid(task="passkey", lengths=[512, 1024], depths=[0, 100], trials=2)
        config = {
            "task": "passkey", "lengths": [512, 1024], "depths": [0, 100], "seed": 0, "attention": attention,
            "model": {"name": "lh-passkey"},
        } | config  # fmt: skip
        with RunFolder.open(path, config) as run:
            for task, length, depth, trial in grid:
                sample = get_task(task).sample(tokenizer, length=length, depth=depth, trial=trial, seed=0)
                values = {
                    "task": task, "length": length, "depth": depth, "true_depth": sample.depth, "trial": trial,
                    "seed": 0, "needle_start": sample.needle_start, "needle_end": sample.needle_end,
                    "context_tokens": len(sample.context_ids), "prompt_sha256": sample.prompt_sha256,
                    "answer": sample.answer, "prediction": sample.answer, "score": 1.0, "seconds": 0.1,
                    "selection_recall": None, "reading": config.get("reading", "context"),
                }  # fmt: skip
                run.append(Row(**values | changes(length, depth, trial)))
            run.finish(metrics_of(run.as_run()))
        return read_run(path)

    return write


@pytest.fixture(scope="session")
def sweep(tmp_path_factory, write_run):
    """Dense, where nothing fails, and a setting that fails at 1024 tokens, depth 100, with a hostile prediction."""

    def changes(length, depth, trial):
        if (length, depth) != (1024, 100):
            return {"selection_recall": 1.0, "dropped": []}
        lost = {"selection_recall": 0.25, "dropped": [[1, [0, 1, 2]], [2, [3]]]}
        return lost | ({} if trial else {"prediction": HOSTILE, "score": 0.0})

    path = tmp_path_factory.mktemp("report") / "sweep"
    lighthouse = {"k": 256, "scorer": "norm"}
    return path, [
        write_run(path / "dense"),
        write_run(path / "norm-k256", attention=lighthouse, changes=changes),
    ]
