from lh_eval.publish.report.summary import baseline_of, summarise


def test_dense_beside_a_run_comes_before_another(tmp_path, write_run, sweep):
    far = write_run(tmp_path / "far" / "dense")
    dense, lighthouse = sweep[1]
    runs = [far, dense, lighthouse]
    assert baseline_of(lighthouse, runs) is dense
    assert baseline_of(lighthouse, [far, lighthouse]) is far
    assert baseline_of(dense, runs) is None
    other = write_run(tmp_path / "other", attention={"k": 2, "scorer": "qk"}, model={"name": "another"})
    assert baseline_of(other, runs) is None


def test_other_prompts_are_not_compared(tmp_path, write_run, sweep):
    dense = write_run(tmp_path / "dense", changes=lambda *key: {"prompt_sha256": "1" * 64})
    summary = summarise(sweep[1][1], dense, "m")
    assert (summary.difference, summary.compared) == (None, "other prompts")


def test_facts_are_the_configuration_and_the_files_hashes(sweep):
    facts = dict(summarise(sweep[1][1], None, "m").facts)
    assert facts["attention.k"] == "256"
    assert facts["lengths"] == "512, 1024"
    assert len(facts["sha256 of samples.jsonl"]) == 64
    assert dict(summarise(sweep[1][0], None, "m").facts)["attention"] == "dense"
