"""Our tasks in lm-eval, as it runs them: in a chat template, with shots, with its budgets, without its warnings."""

import dataclasses
import logging

import lm_eval
import pytest
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval_runs import GRID, make, ours, scores

from lh_eval.errors import InputError
from lh_eval.integrations.lm_eval_yaml import lm_eval_folder

TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% if m.role != 'assistant' %}[end]{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


@pytest.fixture(scope="module")
def chatting():
    model = make(batch_size=4)
    model.tokenizer.chat_template = TEMPLATE
    return model


def run(model, task, metadata=None, **options):
    metadata = GRID | (metadata or {})
    manager = TaskManager(include_path=lm_eval_folder(), include_defaults=False, metadata=metadata)
    out = lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=manager, log_samples=True, **options)
    found = out["samples"][task]
    return out, {(one["doc"]["length"], one["doc"]["depth"], one["doc"]["trial"]): one for one in found}


@pytest.mark.parametrize("task", ["passkey", pytest.param("niah_single_1", marks=pytest.mark.long)])
def test_a_chat_agrees_with_lm_evals_own_model_and_with_ours(task, chatting, checkpoint):
    plain = HFLM(pretrained=chatting.model, tokenizer=chatting.tokenizer, batch_size=4)
    for metadata in ({}, {"chat": True, "tokenizer": chatting.tokenizer}):
        _, mine = run(chatting, f"lh_{task}", metadata, apply_chat_template=True)
        _, theirs = run(plain, f"lh_{task}", metadata, apply_chat_template=True)
        assert scores(mine) == scores(theirs)
        for place, sample in mine.items():
            prompt = sample["arguments"][0][0]
            assert prompt == theirs[place]["arguments"][0][0]
            head, _, prefix = prompt.partition("?[end][assistant]")
            assert prefix.startswith(("The pass key is", "By the text above, the secret number of"))
            assert head.startswith("[user]")
            assert not metadata or len(chatting.tok_encode(prompt)) == place[0]  # its template counts
    chats = ours(dataclasses.replace(checkpoint, tokenizer=chatting.tokenizer), "dense", f"chat:of={task}")
    assert scores(mine) == {place: row.score for place, row in chats.items()}
    assert {mine[place]["doc"]["prompt_sha256"] for place in mine} == {row.prompt_sha256 for row in chats.values()}


def test_a_chats_samples_are_cut_where_the_tasks_are(chatting):
    _, samples = run(chatting, "lh_niah_single_1", limit=1)
    (doc,) = (sample["doc"] for sample in samples.values())
    raw, chat = (
        chatting._prompts._make_sample(tuple(doc[name] for name in PLACE), prompt)
        for prompt in (
            doc["text"] + doc["gap"] + doc["gen_prefix"],
            f"[user]{doc['text']}[end][assistant]{doc['gen_prefix']}",
        )
    )
    decode = chatting.tokenizer.decode
    assert decode(chat.context_ids) == "[user]" + decode(raw.context_ids)
    assert decode(chat.question_ids) == decode(raw.question_ids).replace("? ", "?[end][assistant]")
    assert decode(chat.prompt_ids[chat.needle_start : chat.needle_end]) == decode(
        raw.prompt_ids[raw.needle_start : raw.needle_end]
    )


PLACE = ("lh_task", "length", "depth", "trial", "seed", "prompt_sha256", "text", "gap", "gen_prefix", "chat")


@pytest.mark.parametrize(
    ("metadata", "options", "message"),
    [
        ({}, {"num_fewshot": 2}, "num_fewshot must be 0, as other samples hold the answers .* got 2"),
        ({"chat": True}, {}, "apply_chat_template must be true where chat is"),
        ({"system": "Be brief."}, {}, "chat must be true where system or prefix is given"),
        ({"lh_task": "chat:of=niah_single_1,prefix=none,thinking=9"}, {}, "thinking must be 0 in lm-eval"),
    ],
)
def test_what_would_not_be_the_tasks_is_refused(metadata, options, message, chatting):
    metadata = {"tokenizer": chatting.tokenizer} | metadata
    with pytest.raises(InputError, match=message):
        run(chatting, "lh_niah_single_1", metadata, **options)


def test_lm_eval_warns_of_nothing_of_ours(chatting, caplog):
    with caplog.at_level(logging.WARNING):
        out, samples = run(chatting, "lh_niah_single_1", limit=4)
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "aggregation" not in said
    assert "same number" not in said
    results = out["results"]["lh_niah_single_1"]
    assert {"acc,none", "acc_stderr,none", "acc_stderr_clustered,none", "acc_at_300,none"} <= set(results)
    assert {sample["arguments"][0][1]["max_gen_toks"] for sample in samples.values()} == {
        sample["doc"]["max_new_tokens"] for sample in samples.values()
    }


def test_a_budget_of_the_users_is_taken(chatting):
    _, samples = run(chatting, "lh_niah_single_1", limit=1, gen_kwargs="max_gen_toks=3")
    assert [len(sample["resps"][0][0]) for sample in samples.values()] == [3]


def test_the_models_name_is_enough():
    out, samples = run("lighthouse", "lh_niah_single_1", limit=1, model_args="k=64", device="cpu")
    assert out["config"]["setting"]["text"].startswith("lighthouse:k=64")
    assert len(samples) == 1
