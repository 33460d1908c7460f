"""Training runs: one that was killed ends in the same weights, one that is finished is left alone."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from tiny_training import TINY

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError
from lh_eval.training.held_out import held_out_loss
from lh_eval.training.loop import Pace, train
from lh_eval.training.loss_log import COLUMNS, LossLog
from lh_eval.training.metrics import TrainingMetrics
from lh_eval.training.model import build_model
from lh_eval.training.recipe.config import TrainingConfig


def test_a_killed_run_ends_in_the_same_weights(tmp_path):
    config = TrainingConfig.from_dict(TINY)
    pace = Pace(log_every=1, save_every=2, workers=0)
    whole = train(config, tmp_path / "whole", pace=pace)
    assert train(config, tmp_path / "cut", pace=Pace(log_every=1, save_every=2, workers=0, max_steps=3)) is None
    resumed = train(config, tmp_path / "cut", pace=pace)
    left, right = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)
    log = pd.read_csv(tmp_path / "cut" / "loss.csv")
    assert log["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert log["attention"].tolist() == ["dense"] * 2 + ["lighthouse"] * 2 + ["dense"] * 2
    settings = CheckpointSettings.read(whole)
    assert settings.config.k == 16
    assert settings.dense_layers == (0, -1)
    with pytest.raises(InputError, match="another"):
        train(TrainingConfig.from_dict({**TINY, "seed": 1}), tmp_path / "cut", pace=pace)


def test_rope_after_selection_is_trained_and_kept_for_the_evaluation(tmp_path):
    options = TINY["lighthouse"] | {"rope": "after", "combine": "finest"}
    config = TrainingConfig.from_dict({**TINY, "lighthouse": options})
    checkpoint = train(config, tmp_path / "after", pace=Pace(log_every=1, workers=0))
    assert CheckpointSettings.read(checkpoint).config.rope == "after"
    assert CheckpointSettings.read(checkpoint).config.combine == "finest"
    before = train(TrainingConfig.from_dict(TINY), tmp_path / "before", pace=Pace(log_every=1, workers=0))
    left, right = (load_file(folder / "model.safetensors") for folder in (checkpoint, before))
    assert not all(torch.equal(left[name], right[name]) for name in left)
    # what was trained before there were the two has neither in its files
    assert {"rope", "combine"}.isdisjoint(TrainingConfig.from_dict(TINY).to_dict()["lighthouse"])


def test_held_out_text_is_measured_and_changes_no_weight(tmp_path):
    pace = Pace(log_every=2, workers=0)
    text = tmp_path / "speeches.txt"
    text.write_bytes(bytes(range(97, 123)) * 100)
    seen = tmp_path / "seen.txt"
    seen.write_bytes(text.read_bytes()[:-600])
    plain = train(TrainingConfig.from_dict({**TINY, "text": str(seen)}), tmp_path / "plain", pace=pace)
    config = TrainingConfig.from_dict({**TINY, "text": str(text), "held_out": 600})
    measured = train(config, tmp_path / "measured", pace=pace)
    left, right = (load_file(folder / "model.safetensors") for folder in (plain, measured))
    assert all(torch.equal(left[name], right[name]) for name in left)
    losses = pd.read_csv(tmp_path / "measured" / "loss.csv")["held_out"]
    assert losses.notna().all()
    assert losses.iloc[-1] < losses.iloc[0] < np.log(400)
    assert pd.read_csv(tmp_path / "plain" / "loss.csv")["held_out"].isna().all()


def test_held_out_loss_is_the_models_own(tmp_path):
    model = build_model(TINY["model"], byte_tokenizer(), seed=0)
    text = np.frombuffer(b"the whale and the sea, " * 12, dtype=np.uint8)
    windows = torch.from_numpy(text[:256].reshape(2, 128).astype(np.int64))
    expected = np.mean([model(input_ids=row[None], labels=row[None]).loss.item() for row in windows])
    assert held_out_loss(model, text, 128, Accelerator(cpu=True)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_falls(tmp_path):
    phases = [{"steps": 30, "length": 256, "tokens_per_step": 2048, "mix": {"passkey": 1}}]
    stages = [{"steps": 30, "attention": "lighthouse"}]
    config = TrainingConfig.from_dict({**TINY, "phases": phases, "stages": stages, "optimizer": {"warmup_steps": 5}})
    train(config, tmp_path, pace=Pace(log_every=5, workers=0))
    loss = pd.read_csv(tmp_path / "loss.csv")["loss"]
    assert loss.iloc[-1] < loss.iloc[0] - 1


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of `TINY`, not to be changed."""
    out = tmp_path_factory.mktemp("finished")
    train(TrainingConfig.from_dict(TINY), out, pace=Pace(log_every=1, workers=0))
    return out


def contents(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_training_again_on_a_finished_run_changes_nothing(finished):
    before = contents(finished)
    for pace in (Pace(workers=0), Pace(workers=0, max_steps=2)):
        assert train(TrainingConfig.from_dict(TINY), finished, pace=pace) == finished / "checkpoint"
        assert contents(finished) == before
    assert {file.name for file in finished.iterdir()} == {"train.json", "loss.csv", "checkpoint"}


def test_a_loss_curve_without_state_or_checkpoint_is_not_begun_again(finished, tmp_path):
    """As it is committed in outputs/training: the curve of a run whose checkpoint lies elsewhere."""
    for name in ("train.json", "loss.csv"):
        shutil.copy(finished / name, tmp_path / name)
    before = contents(tmp_path)
    with pytest.raises(InputError, match="a loss curve but no state and no checkpoint; choose another --out"):
        train(TrainingConfig.from_dict(TINY), tmp_path, pace=Pace(workers=0))
    assert contents(tmp_path) == before


def test_a_kill_before_the_first_saved_step_can_be_gone_on_with(tmp_path, monkeypatch):
    def killed(self, step, config, held_out):
        write(self, step, config, held_out)
        if step == 2:
            raise KeyboardInterrupt

    write = TrainingMetrics.write
    config, pace = TrainingConfig.from_dict(TINY), Pace(log_every=1, workers=0)
    with monkeypatch.context() as patch:
        patch.setattr(TrainingMetrics, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path, pace=pace)
    assert train(config, tmp_path, pace=pace) == tmp_path / "checkpoint"
    assert pd.read_csv(tmp_path / "loss.csv")["step"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_checkpoint_is_whole_or_absent(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "checkpoint")
    (tmp_path / "loss.csv").unlink()
    config = TrainingConfig.from_dict(TINY)
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointSettings, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path, pace=Pace(workers=0))
    assert not (tmp_path / "checkpoint").exists()
    assert CheckpointSettings.read(train(config, tmp_path, pace=Pace(workers=0))).config.k == 16


def test_resuming_keeps_the_old_rows_byte_by_byte_and_drops_a_torn_one(tmp_path):
    row = dict.fromkeys(COLUMNS, "1") | {"lr": "1.930e-03", "seconds": "7.0"}
    log = LossLog(tmp_path / "loss.csv", step=0)
    for step in (1, 2, 3):
        log.append(row | {"step": step})
    whole = (tmp_path / "loss.csv").read_bytes()
    (tmp_path / "loss.csv").write_bytes(whole + b"1,98")
    assert LossLog(tmp_path / "loss.csv", step=2).seconds == 7.0
    assert (tmp_path / "loss.csv").read_bytes() == b"".join(whole.splitlines(keepends=True)[:3])
