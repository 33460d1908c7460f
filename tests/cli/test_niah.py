"""`lh-eval niah` end to end: what it prints, its exit codes, and its one line on bad input."""

import pytest
from safetensors.torch import load_file, save_file

from lh_eval.cli.app import main
from lh_eval.evaluation import samples
from lh_eval.models.loading import load_checkpoint

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
    dense, lighthouse, recall, figure = capsys.readouterr().out.splitlines()
    assert dense.startswith("dense      retrieval rate ")
    assert dense.endswith("n=4")
    assert lighthouse.startswith("norm-k256  retrieval rate ")
    assert recall.startswith("           selection recall 256 1.000, 512 ")
    assert figure == f"figure: {tmp_path / 'a' / 'sweep.png'}"


def test_failed_samples_are_explained_and_exit_1(tmp_path, capsys, broken_model):
    assert main(["niah", "--model", str(broken_model), *GRID, "--out", str(tmp_path / "a")]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "dense  retrieval rate no sample could be run"
    assert out[1].startswith("failed: 4, the first with InputError: logits of the choices must be finite, got nan;")


def test_ctrl_c_says_where_the_run_is(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(samples, "run_batch", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["niah", *GRID, "--out", str(tmp_path / "a")]) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"lh-eval: interrupted: what was done is in {tmp_path / 'a'}; the same command goes on from there"


@pytest.mark.parametrize("attention", [[], ["--k", "256"]], ids=["run", "sweep"])
@pytest.mark.parametrize("place", ["other", "file", "file/sub", "foreign"])
def test_a_folder_that_cannot_be_used_is_one_line(tmp_path, capfd, place, attention):
    (tmp_path / "file").touch()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").touch()
    assert main(["niah", *attention, *GRID, "--out", str(tmp_path / "other")]) == 0
    capfd.readouterr()
    assert main(["niah", *attention, *GRID, "--seed", "1", "--out", str(tmp_path / place)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "\r" not in err
    assert err.startswith("lh-eval: error: out must be ")


def test_a_length_beyond_memory_is_one_line(capfd):
    assert main(["niah", *GRID, "--lengths", "100000000m"]) == 2
    assert capfd.readouterr().err.count("\n") == 1
