import pandas as pd

from lh_eval.analysis.table import results_table
from lh_eval.publish.results_table import results_text, write_results
from lh_eval.store.finding import find_runs


def test_shown_as_in_a_paper(runs):
    shown = results_text(results_table(runs))
    columns = ["task", "setting", "1K", "2K", "mean (95% CI)", "n", "AUC (95% CI)", "effective at 0.856"]
    assert shown.columns.tolist() == columns
    assert shown.iloc[0].tolist()[2:4] == ["0.50", "0.50"]
    assert shown["effective at 0.856"].tolist() == ["–", "2K", "1K"]
    assert shown["AUC (95% CI)"].tolist()[1:] == ["1.00 (0.68–1.00) w", "0.50 (0.22–0.78) w"]


def test_files_have_the_same_bytes_every_time(runs, tmp_path):
    table = results_table(runs)
    first, second = (write_results(table, tmp_path / name) for name in ("one", "two"))
    assert [file.name for file in first] == ["table.csv", "table.tex"]
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    csv, tex = first
    assert r"mean (95\% CI)" in tex.read_text()
    assert r"\toprule" in tex.read_text()
    again = pd.read_csv(csv)
    assert again["1024"].tolist() == [0.5, 1.0, 1.0]


def test_a_length_that_a_run_lacks_is_a_dash(make_run, tmp_path):
    make_run("a")
    make_run("b", lengths=[2048, 4096])
    shown = results_text(results_table(find_runs([tmp_path / "a", tmp_path / "b"])))
    assert shown["4K"].tolist() == ["–", "1.00"]


def test_readings_are_text(make_run, tmp_path):
    make_run("a", reading="prompt")
    shown = results_text(results_table(find_runs([tmp_path / "a"])))
    assert shown.iloc[0].tolist()[:3] == ["passkey", "dense", "prompt"]
