"""`lh-eval niah` end to end: what it prints, its exit codes, and its one line on bad input."""

import json
import re
from importlib.util import find_spec

import pandas as pd
import pytest
from asking import tiny_llama
from safetensors.torch import load_file, save_file

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.cli.app import main
from lh_eval.cli.estimating import duration
from lh_eval.engine import samples

GRID = ["--lengths", "256,512", "--depths", "0,50", "--trials", "1", "--device", "cpu"]


@pytest.fixture
def broken_model(tmp_path):
    """The shipped checkpoint with NaN where a layer's queries come from."""
    shipped = load_checkpoint(device="cpu").folder
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in shipped.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.self_attn.q_proj.weight"].fill_(float("nan"))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_closing_lines_have_rate_recall_by_length_and_figure(tmp_path, capsys):
    assert main(["niah", "--k", "256", *GRID, "--out", str(tmp_path / "a")]) == 0
    dense, lighthouse, recall, table, figure = capsys.readouterr().out.splitlines()
    assert dense.startswith("dense      retrieval rate ")
    assert dense.endswith("n=4")
    assert lighthouse.startswith("norm-k256  retrieval rate ")
    assert recall.startswith("           selection recall 256 1.000, 512 ")
    assert table == f"table: {tmp_path / 'a' / 'sweep.csv'}"
    assert figure == f"figure: {tmp_path / 'a' / 'sweep.png'}"


@pytest.mark.long
def test_methods_side_by_side_in_one_sweep_that_is_gone_on_with(tmp_path, capsys):
    specs = ["dense", "window:tokens=128", "block:size=32,top=2", "lighthouse:k=64,scorer=pooled-qk"]
    specs += ["lighthouse:k=64,scorer=norm,num_levels=4"] + ["press:snapkv,ratio=0.5"] * bool(find_spec("kvpress"))
    command = ["niah", *(item for spec in specs for item in ("--attention", spec)), *GRID, "--out", str(tmp_path / "a")]
    assert main(command) == 0
    shown = capsys.readouterr().out
    rates = [line.split()[0] for line in shown.splitlines() if "retrieval rate" in line]
    names = ["dense", "window_tokens_128", "block_size_32_top_2", "pooled-qk-k64", "norm-k64-num_levels_4"]
    assert rates[:5] == names
    table = pd.read_csv(tmp_path / "a" / "sweep.csv")
    labels = ["dense", "window tokens=128", "block:size=32 top=2", "pooled-qk k=64", "norm num_levels=4 k=64"]
    assert table["setting"].tolist()[:5] == labels
    assert table["reading"].tolist() == ["prompt"] * 5 + ["context"] * (len(specs) - 5)
    assert table["selection_recall"].notna().tolist() == [False] + [True] * (len(specs) - 1)
    assert table["difference"].notna().tolist() == [False] + [True] * (len(specs) - 1)
    before = {file: file.read_bytes() for file in (tmp_path / "a").rglob("*.jsonl")}
    assert main(command) == 0
    assert {file: file.read_bytes() for file in (tmp_path / "a").rglob("*.jsonl")} == before
    assert main(["niah", "--attention", "window:tokens=64", *GRID, "--out", str(tmp_path / "a")]) == 2, "a single run"


@pytest.mark.long
def test_rope_and_combination_are_swept(tmp_path, capsys):
    out = tmp_path / "a"
    options = ["--k", "64", "--rope", "before,after", "--combine", "sum,finest"]
    assert main(["niah", *options, *GRID, "--out", str(out)]) == 0
    assert {folder.name for folder in out.iterdir() if folder.is_dir()} == {
        "dense", "norm-k64", "norm-k64-rope_after", "norm-k64-combine_finest", "norm-k64-rope_after-combine_finest",
    }  # fmt: skip
    attention = json.loads((out / "norm-k64-rope_after" / "config.json").read_text())["attention"]
    assert attention == json.loads((out / "norm-k64" / "config.json").read_text())["attention"] | {"rope": "after"}
    assert not any(json.loads(line)["error"] for file in out.rglob("*.jsonl") for line in file.read_text().splitlines())
    capsys.readouterr()
    assert main(["niah", "--k", "64", "--rope", "later", *GRID, "--out", str(tmp_path / "b")]) == 2
    assert "rope must be one of before, after, got 'later'" in capsys.readouterr().err


def test_a_reading_for_all_settings(tmp_path, capsys):
    out = tmp_path / "a"
    assert main(["niah", "--k", "64", "--num-levels", "3,4", "--reading", "context", *GRID, "--out", str(out)]) == 0
    names = {folder.name for folder in out.iterdir() if folder.is_dir()}
    assert names == {"dense", "norm-k64", "norm-k64-num_levels_4"}
    for name in names:
        assert json.loads((out / name / "config.json").read_text())["reading"] == "context"
    capsys.readouterr()
    assert main(["niah", "--k", "64", "--num-levels", "3,4", *GRID, "--out", str(out)]) == 2
    assert 'reading "context" there, "prompt" here' in capsys.readouterr().err


def test_failed_samples_are_explained_and_exit_1(tmp_path, capsys, broken_model):
    assert main(["niah", "--model", str(broken_model), *GRID, "--out", str(tmp_path / "a")]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "dense  retrieval rate no sample could be run"
    assert out[1].startswith("failed: 4, the first with InputError: logits of the choices must be finite, got nan;")


def test_ctrl_c_says_where_the_run_is(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(samples, "run_batch", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["niah", *GRID, "--out", str(tmp_path / "a")]) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"lh-eval: interrupted: what was done is in {tmp_path / 'a'}; the same command goes on from there"


@pytest.mark.parametrize("attention", [[], ["--k", "256"]], ids=["run", "sweep"])
@pytest.mark.parametrize("place", ["other", "file", "file/sub", "foreign"])
def test_a_folder_that_cannot_be_used_is_one_line(tmp_path, capfd, place, attention):
    (tmp_path / "file").touch()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").touch()
    if place == "other":
        assert main(["niah", *attention, *GRID, "--out", str(tmp_path / "other")]) == 0
        capfd.readouterr()
    assert main(["niah", *attention, *GRID, "--seed", "1", "--out", str(tmp_path / place)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "\r" not in err
    assert err.startswith("lh-eval: error: out must be ")


def test_a_length_beyond_memory_is_one_line(capfd):
    assert main(["niah", *GRID, "--lengths", "100000000m", "--beyond-positions"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_a_dry_run_says_how_long_it_takes_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["niah", "--k", "256", *GRID, "--dry-run"]) == 0
    dense, lighthouse, total = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"dense      256 [\d.e-]+ s, 512 [\d.e-]+ s a sample; 2 of each length: .*s", dense)
    assert lighthouse.startswith("norm-k256  256 ")
    assert re.match(r"at most .* for 8 samples", total)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("seconds", "text"), [(0.25, "0.25 s"), (8.34, "8.3 s"), (720, "12 min"), (7200, "2.0 h")])
def test_durations_are_read_at_a_glance(seconds, text):
    assert duration(seconds) == text


def test_a_dry_run_of_a_broken_model_is_one_line(capsys, broken_model):
    assert main(["niah", "--model", str(broken_model), *GRID, "--dry-run"]) == 2
    assert "samples must be such that they can be run, got InputError: logits" in capsys.readouterr().err


def test_lengths_beyond_the_models_positions_are_refused_or_marked(tmp_path, capsys):
    tiny_llama(max_position_embeddings=256).save_pretrained(tmp_path / "model")
    byte_tokenizer().save_pretrained(tmp_path / "model")
    command = ["niah", "--model", str(tmp_path / "model"), *GRID, "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "max_position_embeddings 256, got 512;" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert main([*command, "--beyond-positions"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text().splitlines()]
    assert {(row["length"], row["beyond_positions"]) for row in rows} == {(256, False), (512, True)}


@pytest.mark.parametrize(("positions", "lengths"), [(1024, {512}), (2048, {1024})])
def test_default_lengths_leave_room_for_the_answer(tmp_path, positions, lengths):
    tiny_llama(max_position_embeddings=positions).save_pretrained(tmp_path / "model")
    byte_tokenizer().save_pretrained(tmp_path / "model")
    command = ["niah", "--model", str(tmp_path / "model"), "--task", "niah_single_1", "--depths", "50", "--trials", "1"]
    assert main([*command, "--device", "cpu", "--out", str(tmp_path / "run")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text().splitlines()]
    assert {row["length"] for row in rows} == lengths
    assert not any(row["beyond_positions"] for row in rows)


def test_an_answer_that_may_go_beyond_the_positions_is_refused_or_marked(tmp_path, capsys):
    tiny_llama(max_position_embeddings=1024).save_pretrained(tmp_path / "model")
    byte_tokenizer().save_pretrained(tmp_path / "model")
    command = ["niah", "--model", str(tmp_path / "model"), "--task", "niah_single_1", "--lengths", "1k"]
    command += ["--depths", "50", "--trials", "1", "--device", "cpu", "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "max_position_embeddings 1024 less 16 for the answer, got 1024;" in capsys.readouterr().err
    assert main([*command, "--beyond-positions"]) == 0
    (row,) = map(json.loads, (tmp_path / "run" / "samples.jsonl").read_text().splitlines())
    assert row["beyond_positions"]


def test_a_haystack_of_ones_own(tmp_path, capsys):
    (tmp_path / "own.txt").write_text("Grass grows by the old wall. " * 100, encoding="utf-8")
    command = ["niah", "--task", "niah_single_2", "--lengths", "512", "--depths", "50", "--trials", "1"]
    command += ["--device", "cpu", "--out", str(tmp_path / "run")]
    assert main([*command, "--haystack", str(tmp_path / "own.txt")]) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["task"] == f"niah_single_2:haystack={tmp_path}/own.txt"
    assert config["haystack_sha256"]
    capsys.readouterr()
    assert main([*command, "--task", "passkey", "--haystack", "moby_dick"]) == 2
    assert capsys.readouterr().err.startswith(
        "lh-eval: error: haystack must be for a task with that option, got passkey;"
    )


def test_a_rule_for_trials_is_recorded_and_bad_ones_are_one_line(tmp_path, capsys):
    command = ["niah", *GRID, "--out", str(tmp_path / "a")]
    assert main([*command, "--until-ci", "0.7", "--max-trials", "2"]) == 0
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert (config["trials"], config["until_ci"], config["max_trials"]) == (1, 0.7, 2)
    assert "n=8" in capsys.readouterr().out  # one of one is 0.79 wide, two of two 0.66
    assert main([*command[:-1], str(tmp_path / "b"), "--max-trials", "2"]) == 2
    assert capsys.readouterr().err.startswith("lh-eval: error: until_ci must be given with max_trials")
    assert main([*command[:-1], str(tmp_path / "b"), "--until-ci", "5"]) == 2
    assert "it is the interval's full width" in capsys.readouterr().err


def test_the_grid_is_checked_before_weights_are_loaded(capsys, monkeypatch):
    monkeypatch.setattr("lh_eval.checkpoints.loading.load_checkpoint", lambda *_, **__: pytest.fail("loaded"))
    assert main(["niah", "--trials", "0"]) != 0
    assert "trials must be an integer from 1" in capsys.readouterr().err
    assert main(["niah", "--thinking", "5"]) != 0
    assert "thinking must be given with --chat" in capsys.readouterr().err
