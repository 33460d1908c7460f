"""A task makes the prompts that its version made; another generator needs another version."""

import json

import golden_prompts
import pytest

KEPT = json.loads(golden_prompts.FILE.read_text(encoding="utf-8"))


def test_every_task_is_kept():
    assert list(KEPT) == golden_prompts.names()


@pytest.mark.parametrize("name", KEPT)
def test_prompts_are_those_of_the_version(name):
    assert golden_prompts.changed(KEPT, name) is None


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(golden_prompts, "FILE", tmp_path / "golden.json")
    monkeypatch.setattr(golden_prompts, "names", lambda: ["passkey"])
    golden_prompts.main()
    return golden_prompts.FILE


def test_changed_prompts_are_written_for_a_new_version_alone(file, monkeypatch):
    before = file.read_bytes()
    golden_prompts.main()
    assert file.read_bytes() == before
    monkeypatch.setattr("lh_eval.tasks.passkey.QUESTION", " What was the pass key? The pass key is")
    with pytest.raises(SystemExit, match="version of passkey must be above"):
        golden_prompts.main()
    assert file.read_bytes() == before
    monkeypatch.setattr(golden_prompts, "version", lambda _: json.loads(before)["passkey"]["version"] + 1)
    golden_prompts.main()
    assert file.read_bytes() != before
    monkeypatch.setattr(golden_prompts, "version", lambda _: 0)
    with pytest.raises(SystemExit, match="never count down"):
        golden_prompts.main()
