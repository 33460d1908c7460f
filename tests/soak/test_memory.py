"""Ten thousand samples under Lighthouse through `run`: memory after the first thousand is memory after the last."""

import json
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

BOUND = 24 << 20  # bytes; 9,000 rows that are kept are about 14 MB


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.soak
def test_ten_thousand_samples(tmp_path, monkeypatch):
    samples, seen, append = 10_000, [], RunFolder.append

    def watched(self, row):
        append(self, row)
        if len(self._rows) % 500 == 0:
            seen.append((len(self._rows), resident()))

    monkeypatch.setattr(RunFolder, "append", watched)
    grid = Grid(task="passkey", lengths=(256, 320), depths=(0.0, 50.0, 100.0, 75.0, 25.0), trials=samples // 10)
    started = time.monotonic()
    finished = run(tiny(), grid, ["lighthouse:k=32,tile_k=16,dense_layers=none"], tmp_path / "soak")
    seconds = time.monotonic() - started
    rows = read_run(tmp_path / "soak").frame
    assert len(rows) == samples
    assert finished.failed == 0
    at = dict(seen)
    grown = max(size for rows, size in seen if rows > 1000) - at[1000]
    print(json.dumps({"samples": samples, "seconds": round(seconds), "grown": grown, "bound": BOUND, "rss": at}))
    assert grown < BOUND


def tiny() -> Checkpoint:
    """A random model of two layers."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "vocab_size": 257}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 1024}
    model = LlamaForCausalLM(LlamaConfig(**sizes, **heads)).eval()
    known = {"folder": None, "file_sha256": None, "settings": None, "device": "cpu", "dtype": "float32"}
    return Checkpoint(model=model, tokenizer=byte_tokenizer(), name="tiny", **known)
