"""A task makes the prompts that its version made; another generator needs another version."""

import dataclasses
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


@pytest.mark.parametrize("name", ["passkey", "squad", "vt"])
def test_a_generator_that_was_changed_without_its_version_is_found(name, monkeypatch):
    generator = type(golden_prompts.task_of(name))
    make = generator.sample

    def other(self, tokenizer, **place):
        sample = make(self, tokenizer, **place)
        return dataclasses.replace(sample, context_ids=[*sample.context_ids[:-1], sample.context_ids[-1] + 1])

    monkeypatch.setattr(generator, "sample", other)
    assert f"version of {name} must be above" in golden_prompts.changed(KEPT, name)
