import pytest

from lh_eval.cli.app import main
from lh_eval.store.measurements import read_measurements

TINY = (
    "--lengths",
    "64,128",
    "--k",
    "8",
    "--heads",
    "2",
    "--head-dim",
    "8",
    "--budget-seconds",
    "0",
    "--device",
    "cpu",
)


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    """Run `lh-eval bench` in a folder of its own; the exit code, stdout's and stderr's lines."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["bench", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run


def test_rows_table_and_figure(bench, tmp_path):
    code, out, _ = bench(*TINY)
    assert code == 0
    assert out[-2:] == ["rows: outputs/bench/operator.csv", "figure: outputs/bench/operator.png"]
    assert len(out) == 1 + 12 + 2
    assert any("lighthouse-reference" in line for line in out)
    assert len(read_measurements(tmp_path / "outputs/bench/operator.csv")) == 12
    assert (tmp_path / "outputs/bench/operator.pdf").stat().st_size


def test_out_is_appended_to_and_no_figure_is_drawn(bench, tmp_path):
    for _ in range(2):
        code, out, _ = bench(*TINY, "--mode", "fwd", "--provider", "sdpa", "--out", "a.csv", "--no-figure")
        assert code == 0
        assert out[-1] == "rows: a.csv"
    assert len(read_measurements(tmp_path / "a.csv")) == 4
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_draw_and_table_measure_nothing(bench, tmp_path):
    bench(*TINY, "--mode", "fwd", "--out", "a.csv", "--no-figure")
    before = (tmp_path / "a.csv").read_bytes()
    code, out, _ = bench("--draw", "a.csv", "--table", "a.csv")
    assert code == 0
    assert out[:2] == ["a.png", "a.pdf"]
    assert out[2].startswith("cpu (")
    assert sum(line.startswith("| ") for line in out) == 2 + 6
    assert (tmp_path / "a.csv").read_bytes() == before


def test_scorers_share_a_file_and_are_shown_apart(bench):
    for scorer in ("qk:dilation=2", "norm"):
        assert bench(*TINY, "--mode", "fwd", "--scorer", scorer, "--out", "a.csv", "--no-figure")[0] == 0
    _, last, _ = bench("--table", "a.csv")
    _, other, _ = bench("--table", "a.csv", "--scorer", "qk:dilation=2")
    assert "qk:dilation=2; torch" in other[0]
    assert "qk" not in last[0]
    assert len(last) == len(other)
    code, _, err = bench("--table", "a.csv", "--scorer", "random")
    assert code == 2
    assert err == ["lh-eval: error: scorer must be one that was measured there, norm, qk:dilation=2, got 'random'"]


def test_what_fails_is_told_and_the_rest_kept(bench, monkeypatch):
    from lh_eval.bench import run as module

    def stages(*arguments, **options):
        raise RuntimeError("no room")

    monkeypatch.setattr(module, "stages", stages)
    code, out, err = bench(*TINY, "--mode", "fwd", "--lengths", "64", "--no-figure")
    assert code == 1
    assert out[-1] == "rows: outputs/bench/operator.csv"
    assert len([line for line in err if "lh-eval: warning: no stages of" in line]) == 1


def test_interrupted(bench, monkeypatch, tmp_path):
    from lh_eval.bench import run as module

    def measure(case, plan, origin):
        if case.tokens == 128:
            raise KeyboardInterrupt
        return real(case, plan, origin)

    real = module.measure
    monkeypatch.setattr(module, "measure", measure)
    assert bench(*TINY, "--mode", "fwd")[0] == 130
    assert len(read_measurements(tmp_path / "outputs/bench/operator.csv")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lengths", "0"], "length must be a positive number"),
        (["--lengths", "4k,4096"], "different from one another"),
        (["--k", "7"], "k must be even, got 7"),
        (["--k", "x"], "k must be an integer"),
        (["--k", "300"], "k must be a multiple of tile_k = 128"),
        (["--mode", "bwd"], "mode must be one of"),
        (["--provider", "sdap"], "did you mean 'sdpa'"),
        (["--provider", "lighthouse"], "need a CUDA GPU"),
        (["--heads", "0"], "--heads"),
        (["--heads", "3", "--kv-heads", "2"], "kv-heads must divide heads = 3, got 2"),
        (["--head-dim", "-1"], "--head-dim"),
        (["--levels", "1"], "num_levels must be from 2 to 8"),
        (["--pooling", "3"], "pooling_factor must be a power of two"),
        (["--scorer", "nrom"], "did you mean 'norm'"),
        (["--tile-k", "3"], "tile_k must be even"),
        (["--selection", "all"], "--selection"),
        (["--dtype", "int8"], "dtype must be one of"),
        (["--device", "gpu"], "device must be one of"),
        (["--repeats", "0"], "--repeats"),
        (["--budget-seconds", "-1"], "--budget-seconds"),
        (["--out", "taken"], "taken must be a readable CSV"),
        (["--out", "other.csv"], "other.csv must have the columns"),
        (["--draw", "absent.csv"], "absent.csv must be a readable CSV"),
        (["--table", "other.csv"], "other.csv must have the columns"),
        (["--draw", "other.csv", "--k", "8"], "k must be left out with --draw and --table"),
        (["--draw", "other.csv", "--no-figure"], "figure must be left out with --draw and --table"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_made(bench, tmp_path, arguments, message):
    (tmp_path / "taken").mkdir()
    (tmp_path / "other.csv").write_text("a,b\n")
    device = [] if {"--device", "--draw", "--table"} & {*arguments} else ["--device", "cpu"]
    code, out, err = bench(*arguments, *device)
    assert code == 2
    assert out == []
    assert len(err) == 1
    assert err[0].startswith("lh-eval: error: ")
    assert message in err[0]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["other.csv", "taken"]
