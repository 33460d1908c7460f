"""Ten thousand samples under Lighthouse through `run`: but for the rows themselves, memory stays flat.

The rows are kept until the run ends, about 2.2 kB each: metrics.json, the figures and the rule for trials are of them.
"""

import json
import sys
import time

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.runs.grid import Grid
from lh_eval.runs.run import run
from lh_eval.store.folder import RunFolder
from lh_eval.store.run import read_run

BOUND = 8 << 20  # bytes beside the rows, for their keys and what the allocator adds
ROW = 3000  # bytes of a row at most


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def held(rows) -> int:
    """Bytes of rows with all that they hold, each object once."""
    seen, waiting = {}, [*rows, *(vars(row) for row in rows)]
    while waiting:
        value = waiting.pop()
        if id(value) not in seen:
            seen[id(value)] = sys.getsizeof(value)
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
            waiting.extend(inside)
    return sum(seen.values())


@pytest.mark.soak
def test_ten_thousand_samples(tmp_path, monkeypatch, record_property):
    samples, at, kept, append = 10_000, {}, [], RunFolder.append

    def watched(self, row):
        append(self, row)
        kept.append(row)
        if len(kept) % 1000 == 0:
            at[len(kept)] = resident()

    monkeypatch.setattr(RunFolder, "append", watched)
    grid = Grid(task="passkey", lengths=(256, 320), depths=(0.0, 50.0, 100.0, 75.0, 25.0), trials=samples // 10)
    started = time.monotonic()
    finished = run(tiny(), grid, ["lighthouse:k=32,tile_k=16,dense_layers=none"], tmp_path / "soak")
    seconds = time.monotonic() - started
    rows = read_run(tmp_path / "soak").frame
    assert len(rows) == samples
    assert finished.failed == 0
    grown, of_rows = max(at.values()) - at[1000], held(kept[1000:])  # looked through last: it takes memory itself
    a_row = of_rows / (samples - 1000)
    print(json.dumps({"seconds": round(seconds), "grown": grown, "rows": of_rows, "a_row": round(a_row), "at": at}))
    assert a_row < ROW
    assert grown - of_rows < BOUND
    record_property("faults", ["A long run: samples in one process, memory flat but for rows", samples, "nothing"])


def tiny() -> Checkpoint:
    """A random model of two layers."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "vocab_size": 257}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 1024}
    model = LlamaForCausalLM(LlamaConfig(**sizes, **heads)).eval()
    known = {"folder": None, "file_sha256": None, "settings": None, "device": "cpu", "dtype": "float32"}
    return Checkpoint(model=model, tokenizer=byte_tokenizer(), name="tiny", **known)
