"""`lh-eval train`: its closing line, and one line for what cannot be used, before the bar is drawn."""

import json
import lzma
import resource

import pytest

from lh_eval.cli.app import main

CONFIG = """
name = "tiny"
precision = "no"
{top}
[model]
hidden_size = 32
intermediate_size = 64
num_hidden_layers = 2
num_attention_heads = 2
num_key_value_heads = 2

[[phases]]
steps = 2
length = 256
tokens_per_step = 512
mix = {{ text = 1 }}

[[stages]]
steps = 2
attention = "dense"
"""


@pytest.fixture
def call(tmp_path, capfd):
    """Exit code, output and error lines of `lh-eval train` on that config."""

    def run(*arguments, top="", config=None):
        path = tmp_path / "tiny.toml"
        path.write_bytes(CONFIG.format(top=top).encode() if config is None else config)
        capfd.readouterr()
        code = main(["train", str(path), "--workers", "0", "--out", str(tmp_path / "out"), *arguments])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


def test_training_twice_says_that_nothing_was_left_to_do(call, tmp_path):
    code, out, err = call()
    assert (code, out) == (0, f"checkpoint: {tmp_path / 'out' / 'checkpoint'}\n")
    assert "Writing model shards" not in err
    code, out, _ = call("--max-steps", "1")
    assert (code, out) == (0, f"checkpoint, finished before; nothing was trained: {tmp_path / 'out' / 'checkpoint'}\n")


def test_ctrl_c_says_where_the_state_is(call, tmp_path, monkeypatch):
    monkeypatch.setattr("lh_eval.training.loop._step", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    code, _, err = call()
    assert code == 130
    assert err.splitlines()[-1].startswith(f"lh-eval: interrupted: the last saved state is in {tmp_path / 'out'};")


@pytest.mark.parametrize("limit", [1000, 90_000])
def test_a_file_size_limit_is_one_line_and_the_same_command_goes_on(call, tmp_path, limit):
    assert call("--max-steps", "1")[0] == 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        code, out, err = call()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, out) == (2, "")
    said = err.splitlines()[-1]
    assert said.startswith(f"lh-eval: error: out must be a folder that can be written, got {tmp_path / 'out'} (")
    assert said.endswith("; the last saved state is kept: make that possible, and the same command goes on from there")
    assert "Traceback" not in err
    assert call()[0] == 0


def assert_one_line(result, message):
    code, out, err = result
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("lh-eval: error: ")
    assert message in err


def test_a_config_that_is_no_text_is_one_line(call):
    assert_one_line(call(config=b'name = "\xff"'), "training config must be TOML in UTF-8")


def test_an_out_that_is_a_file_is_one_line(call, tmp_path):
    (tmp_path / "out").touch()
    assert_one_line(call(), "out must be a folder that can be written")


def test_a_half_written_train_json_is_one_line(call, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "train.json").write_text('{"name": "ti')
    assert_one_line(call(), "train.json must be a readable JSON file")


def test_a_folder_of_something_else_is_one_line(call, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    assert_one_line(call(), "which holds thesis.tex")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("absent.txt", None, "text must be moby_dick, state_of_the_union or a readable file"),
        ("small.txt", b"x" * 256, "text must be longer than a sequence of 256 bytes"),
        ("bad.xz", b"no xz", "text must be an .xz file"),
        ("cut.xz", lzma.compress(b"x" * 9999)[:60], "text must be an .xz file"),
    ],
)
def test_a_text_that_cannot_be_used_is_one_line(call, tmp_path, name, data, message):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert_one_line(call(top=f"text = '{tmp_path / name}'"), message)
    assert not (tmp_path / "out").exists()


def test_another_seed_is_another_name(call, tmp_path):
    assert call("--seed", "7")[0] == 0
    trained = json.loads((tmp_path / "out" / "train.json").read_text())
    assert (trained["name"], trained["seed"]) == ("tiny-s7", 7)


def test_a_shipped_text_by_its_name_with_its_end_held_out(call, tmp_path):
    assert call(top="text = 'state_of_the_union'\nheld_out = 256")[0] == 0
    assert float((tmp_path / "out" / "loss.csv").read_text().splitlines()[-1].split(",")[-1]) > 0


def test_a_branch_takes_its_trunks_seed_and_name(call, tmp_path):
    assert call("--seed", "7", "--out", str(tmp_path / "trunk"), top="keep_state = true")[0] == 0
    code, out, _ = call("--from", str(tmp_path / "trunk"))
    assert (code, out) == (0, f"checkpoint: {tmp_path / 'out' / 'checkpoint'}\n")
    trained = json.loads((tmp_path / "out" / "train.json").read_text())
    assert (trained["name"], trained["seed"], trained["trunk"]["steps"]) == ("tiny-s7", 7, 2)
    assert_one_line(call("--from", str(tmp_path / "trunk"), "--seed", "1"), "seed must be left out with --from, got 1")
    assert_one_line(call("--from", str(tmp_path / "out")), "from must be a finished training that kept its state")
