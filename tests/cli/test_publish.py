import re

import pytest

from lh_eval.cli.app import main


@pytest.fixture
def site(make_run, tmp_path):
    """A site over two folders, one a sweep of a model with a hostile name."""
    hostile = "<script>document.title='hit'</script>"
    make_run("s/dense", model={"name": hostile, "weights_sha256": "ab" * 32})
    make_run("s/norm-k8", model={"name": hostile, "weights_sha256": "ab" * 32}, attention={"k": 8, "scorer": "norm"},
             recall=0.5, score=lambda length, depth, trial: length == 1024)  # fmt: skip
    make_run("t", task="keyed", score=lambda length, depth, trial: 0.0)
    folder = tmp_path / "site"
    arguments = ["publish", str(tmp_path / "s"), str(tmp_path / "t"), "-o", str(folder), "--no-prompts"]
    assert main(arguments) == 0
    return folder


def test_the_site_has_an_index_reports_and_results_that_verify(site, capsys):
    files = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.*"))
    assert files == ["index.html", "reports/s.html", "reports/t.html", "results/s.zip", "results/t.zip"]
    index = (site / "index.html").read_text()
    links = re.findall(r'href="(\w[^"]*)"', index.replace("data:,", ""))
    assert {link for link in links if link} == set(files[1:])
    assert "<script>document" not in index
    assert all(text in index for text in ("0.500", "Effective length", "abababab", "1K"))
    main(["verify", str(site / "results/s.zip")])
    told = capsys.readouterr().out
    assert "2 runs, 16 rows" in told
    assert f"{site / 'results/s.zip'}/dense" in told  # the file's place, not that of what was unpacked


def test_results_are_taken_beside_runs_and_two_of_one_name_are_not(site, make_run, tmp_path, capsys):
    again = tmp_path / "again"
    arguments = ["publish", str(site / "results/s.zip"), str(make_run("u")), "-o", str(again), "--no-prompts"]
    assert main(arguments) == 0
    assert (again / "results/s.zip").read_bytes() == (site / "results/s.zip").read_bytes()
    assert main(["publish", str(tmp_path / "s"), str(site / "results/s.zip"), "-o", str(tmp_path / "x")]) == 2
    assert "runs must have different names, got 's' twice" in capsys.readouterr().err


def test_verify_refuses_a_file_that_was_edited(site, capsys):
    file = site / "results/t.zip"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(bytes(data))
    assert main(["verify", str(file)]) == 2
    assert "lh-eval: error: results must" in capsys.readouterr().err
