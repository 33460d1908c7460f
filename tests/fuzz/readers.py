"""The readers of what users, other programs and accidents write: each with inputs that are right, to be changed."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lh_eval.analysis.cells import metrics_of
from lh_eval.analysis.curves import read_curves
from lh_eval.analysis.sweep import sweep_summary
from lh_eval.analysis.table import results_table
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.settings import FILE_NAME, CheckpointSettings
from lh_eval.corpora.records import load_records
from lh_eval.corpora.texts import load_text
from lh_eval.lengths import parse_length
from lh_eval.runs.setting import Setting
from lh_eval.runs.suite import load_suite
from lh_eval.scoring.base import get_rule
from lh_eval.store.finding import find_runs
from lh_eval.store.measurements import read_measurements
from lh_eval.store.run import CONFIG, METRICS, SAMPLES
from lh_eval.store.sweep import SWEEP, read_sweep
from lh_eval.store.training_folder import LOSS_CURVE, TRAIN_CONFIG
from lh_eval.tasks.base import canonical_task
from lh_eval.tasks.building.haystack_text import prose
from lh_eval.training.recipe.config import TrainingConfig
from lh_eval.verifying.folders import verify
from lh_eval.verifying.run import RunCheck

ROOT = Path(__file__).parents[2]
OUTPUTS, ASSETS = ROOT / "outputs", ROOT / "lh_eval" / "assets"
CORPUS = Path(__file__).parent / "corpus"
RUN = "norm-k2048"
ROWS = 3  # of each run: verifying makes their prompts again


class Reader(NamedTuple):
    """A reader.

    form: of its input, for `mutate`.
    seeds: inputs that it reads.
    read: is given a folder, the same each time, and the input.
    """

    form: str
    seeds: list[bytes]
    read: Callable[[Path, bytes], None]


def readers() -> dict[str, Reader]:
    """All of them by name."""
    default, training = OUTPUTS / "default", next(iter(sorted((OUTPUTS / "training").glob("*/train.json")))).parent
    curve = b"".join((training / LOSS_CURVE).read_bytes().splitlines(keepends=True)[:5])
    sheet = sorted((OUTPUTS / "bench").glob("*.csv"))[0]
    return {
        "config": Reader("json", [(default / RUN / CONFIG).read_bytes()], _of_sweep(f"{RUN}/{CONFIG}")),
        "samples": Reader("jsonl", [_first_rows(default / RUN / SAMPLES)], _of_sweep(f"{RUN}/{SAMPLES}")),
        "metrics": Reader("json", [(default / RUN / METRICS).read_bytes()], _of_sweep(f"{RUN}/{METRICS}")),
        "sweep": Reader("json", [(default / SWEEP).read_bytes()], _of_sweep(SWEEP)),
        "lighthouse": Reader("json", [(ASSETS / "checkpoint" / FILE_NAME).read_bytes()], _lighthouse),
        "training": Reader("toml", [f.read_bytes() for f in sorted((ASSETS / "configs").glob("*.toml"))], _training),
        "suite": Reader("toml", [f.read_bytes() for f in sorted((ASSETS / "suites").glob("*.toml"))], _suite),
        "haystack-txt": Reader("bytes", [_PROSE], _haystack("haystack.txt")),
        "haystack-jsonl": Reader("jsonl", [_records()], _haystack("haystack.jsonl")),
        "haystack-csv": Reader(
            "bytes", [b'text,n\n"' + _PROSE.replace(b'"', b"'") + b'",1\n'], _haystack("haystack.csv")
        ),
        "measurements": Reader("bytes", [b"".join(sheet.read_bytes().splitlines(keepends=True)[:4])], _measurements),
        "train-json": Reader("json", [(training / TRAIN_CONFIG).read_bytes()], _curves(training, TRAIN_CONFIG)),
        "loss-csv": Reader("bytes", [curve], _curves(training, LOSS_CURVE)),
        "setting": Reader("bytes", _SETTINGS, lambda _, data: _text(data, Setting)),
        "task": Reader("bytes", _TASKS, lambda _, data: _text(data, canonical_task)),
        "scoring": Reader("bytes", [b"choice", b"all", b"exact", b"number"], lambda _, data: _text(data, get_rule)),
        "length": Reader("bytes", [b"4096", b"4k", b"1M"], lambda _, data: _text(data, parse_length)),
    }


_PROSE = b'It was a bright cold day. The clocks were striking. "Well?" he asked. Nobody said a word.\n\n' * 14
_SETTINGS = [
    b"dense", b"lighthouse:k=512,scorer=[qk:dilation=8],num_levels=3,rope=after,dense_layers=0/1/-1",
    b"window:tokens=4096,sinks=4", b"block:size=64,top=16", b"press:snapkv,ratio=0.5",
    b"lighthouse:scorer=[pooled-qk:window=8,own=0.1],combine=mean",
]  # fmt: skip
_TASKS = [
    b"passkey", b"keyed:records=8", b"niah_multikey_1", b"kv", b"two_hop", b"confusable", b"vt",
    b"niah_single_2:haystack=words", b"qa", b"no_needle",
]  # fmt: skip


def _records() -> bytes:
    lines = _PROSE.decode().split("\n\n")
    return "".join(json.dumps({"text": line, "id": number}) + "\n" for number, line in enumerate(lines)).encode()


def _first_rows(file: Path) -> bytes:
    return b"".join(file.read_bytes().splitlines(keepends=True)[:ROWS])


def _of_sweep(name: str) -> Callable[[Path, bytes], None]:
    """A sweep in which one file is the input: verified, then read and computed of, as `verify` and `table` do."""

    def read(folder: Path, data: bytes) -> None:
        sweep = folder / "sweep"
        if not sweep.exists():
            for setting in ("dense", RUN):
                (sweep / setting).mkdir(parents=True)
                for file in (CONFIG, METRICS):
                    shutil.copy(OUTPUTS / "default" / setting / file, sweep / setting)
                (sweep / setting / SAMPLES).write_bytes(_first_rows(OUTPUTS / "default" / setting / SAMPLES))
            shutil.copy(OUTPUTS / "default" / SWEEP, sweep)
        kept = (sweep / name).read_bytes()
        (sweep / name).write_bytes(data)
        try:
            for verified in verify([sweep], _check()):
                assert all("\n" not in str(finding) for finding in verified.findings)
            runs = find_runs([sweep])
            json.dumps([metrics_of(run) for run in runs], allow_nan=False)
            results_table(runs, threshold=0.85)
            json.dumps(sweep_summary(read_sweep(sweep).runs), allow_nan=False)
        finally:
            (sweep / name).write_bytes(kept)

    return read


@cache
def _check() -> RunCheck:
    return RunCheck()


def _lighthouse(folder: Path, data: bytes) -> None:
    (folder / FILE_NAME).write_bytes(data)
    settings = CheckpointSettings.read(folder)
    assert settings is not None
    json.dumps(settings.config.to_dict())


def _training(folder: Path, data: bytes) -> None:
    for file in (ASSETS / "configs").glob("*.toml"):  # what `extends` names
        if not (folder / file.name).exists():
            shutil.copy(file, folder)
    (folder / "fuzzed.toml").write_bytes(data)
    json.dumps(TrainingConfig.read(folder / "fuzzed.toml").to_dict(), allow_nan=False)


def _suite(folder: Path, data: bytes) -> None:
    (folder / "suite.toml").write_bytes(data)
    load_suite(str(folder / "suite.toml"))


def _haystack(name: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, data: bytes) -> None:
        (folder / name).write_bytes(data)
        for cached in (load_text, load_records):
            cached.cache_clear()
        filler = prose(byte_tokenizer(), 64, np.random.default_rng(0), source=str(folder / name))
        assert len(filler.ids) == 64

    return read


def _measurements(folder: Path, data: bytes) -> None:
    (folder / "operator.csv").write_bytes(data)
    read_measurements(folder / "operator.csv")


def _curves(training: Path, name: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, data: bytes) -> None:
        shutil.copy(training / TRAIN_CONFIG, folder)
        (folder / LOSS_CURVE).write_bytes(b"".join((training / LOSS_CURVE).read_bytes().splitlines(True)[:5]))
        (folder / name).write_bytes(data)
        read_curves([folder])

    return read


def _text(data: bytes, read: Callable[[str], object]) -> None:
    read(data.decode(errors="surrogateescape"))  # as Python hands over the arguments of a command
