"""`ruler:files=...` over rows that lm-eval's own generator wrote: its prompts, texts and scores, sample for sample."""

import hashlib
import json

import datasets
import lm_eval
import numpy as np
import pytest
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval.tasks.ruler import common_utils, vt_utils

from lh_eval import evaluate

LENGTH, ROWS = 900, 4


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def _rows():
    """Rows as lm-eval makes them, but that the example's noise is little: bytes are many."""
    rows = []
    for index in range(ROWS):
        text, names = vt_utils.generate_input_output(2, 1, 4)
        place = text.rfind(" Answer:")
        row = {"index": index, "input": text[:place], "outputs": names, "length": LENGTH, "max_length": LENGTH}
        rows.append({**row, "gen_prefix": text[place:].strip()})
    return rows


def _write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _ours(checkpoint, file, **options):
    grid = {"lengths": [LENGTH], "depths": [50], "trials": ROWS}
    return evaluate(checkpoint, task=f"ruler:files={file}", setting="dense", **grid, **options)


def _theirs(checkpoint, rows, tmp_path):
    """lm-eval's own task and model on those rows."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    _write(folder / "rows.jsonl", rows)
    source = common_utils.__name__
    (folder / "vt.yaml").write_text(
        f"task: rows\ndataset_path: json\ndataset_kwargs:\n  data_files: {folder}/rows.jsonl\ntest_split: train\n"
        'output_type: generate_until\ndoc_to_text: "{{input}}"\ndoc_to_target: "{{outputs}}"\n'
        f'gen_prefix: "{{{{gen_prefix}}}}"\nprocess_results: !function {source}.process_results\n'
        f'metric_list:\n  - metric: "{LENGTH}"\n    aggregation: mean\n    higher_is_better: true\n'
        "generation_kwargs:\n  do_sample: false\n  max_gen_toks: 30\n  until: []\n"
    )
    model = HFLM(pretrained=checkpoint.model, tokenizer=checkpoint.tokenizer, batch_size=1)
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    out = lm_eval.simple_evaluate(model=model, tasks=["rows"], task_manager=manager, log_samples=True)
    return sorted(out["samples"]["rows"], key=lambda sample: sample["doc_id"])


def test_prompts_texts_and_scores_are_lm_evals(checkpoint, tmp_path):
    rows = _rows()
    said = _ours(checkpoint, _write(tmp_path / "first" / "vt.jsonl", rows))
    for row, text in zip(rows[::2], said["prediction"][::2], strict=True):  # some that the model finds
        row["outputs"] = [row["outputs"][0], text.strip()[:2].upper(), text.strip()[5:9]]
    ours = _ours(checkpoint, _write(tmp_path / "vt" / "validation.jsonl", rows))
    theirs = _theirs(checkpoint, rows, tmp_path)
    assert ours["error"].isna().all()
    assert ours["score"].tolist() == [sample[str(LENGTH)] for sample in theirs]
    assert set(ours["score"]) != {0.0}
    for row, sample in zip(ours.itertuples(), theirs, strict=True):
        assert sample["resps"][0][0].startswith(row.prediction)
        ids = checkpoint.tokenizer.encode(sample["arguments"][0][0])
        assert hashlib.sha256(np.asarray(ids, dtype="<i8").tobytes()).hexdigest() == row.prompt_sha256
        assert row.context_tokens < len(ids) <= LENGTH - 30
