import pytest

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.answering import _Said
from lh_eval.engine.guards import check_sample
from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.chat import in_chat

TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]\n"
    "{% if not enable_thinking %}<think></think>{% endif %}{% endif %}"
)


@pytest.fixture(scope="module")
def chatting():
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = TEMPLATE
    return tokenizer


@pytest.mark.parametrize("prefix", ["assistant", "none"])
@pytest.mark.parametrize("of", ["niah_single_2", "two_hop", "vt", "kv", "niah_multiquery"])
def test_lengths_are_exact_and_the_needle_is_where_it_is_said_to_be(chatting, of, prefix):
    sample = get_task(f"chat:of={of},prefix={prefix}").sample(chatting, length=6000, depth=50, trial=1)
    assert len(sample.prompt_ids) == 6000
    check_sample(chatting, sample, length=6000, depth=50, tolerance=6)
    for answer, (start, end) in zip(sample.answers, sample.spans, strict=False):
        assert of in ("vt", "kv", "two_hop") or answer in chatting.decode(sample.prompt_ids[start:end])


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ("", "above?[assistant]\n<think></think>By the text above, the secret number of {} is"),
        (",prefix=none", "above?[assistant]\n<think></think>"),
        (",prefix=none,thinking=50", "above?[assistant]\n"),
    ],
)
def test_the_prefix_follows_the_header_or_is_left_out(chatting, options, end):
    sample = get_task(f"chat:of=niah_single_2,system=Be brief.{options}").sample(
        chatting, length=3000, depth=0, trial=0
    )
    text = chatting.decode(sample.prompt_ids)
    key = text.rpartition("secret number of ")[2].partition(",")[0].partition(" is")[0]
    assert text.startswith("[system]Be brief.[user]")
    assert text.endswith(end.format(key))
    start, stop = sample.template
    assert chatting.decode(sample.prompt_ids[start:stop]).startswith("[assistant]")


def test_a_choice_follows_its_prefix(chatting):
    sample = get_task("chat:of=passkey").sample(chatting, length=900, depth=50, trial=0)
    assert chatting.decode(sample.question_ids).endswith("<think></think>The pass key is ")
    with pytest.raises(InputError, match="prefix must be assistant with passkey"):
        get_task("chat:of=passkey,prefix=none").sample(chatting, length=900, depth=50, trial=0)


def test_what_cannot_be_is_refused(chatting):
    with pytest.raises(InputError, match="must have a chat template"):
        get_task("chat:of=passkey").sample(byte_tokenizer(), length=900, depth=50, trial=0)
    with pytest.raises(InputError, match="prefix must be none with a thought"):
        get_task("chat:of=vt,thinking=5")
    with pytest.raises(InputError, match="length must be above the chat template's"):
        get_task("chat:of=passkey").sample(chatting, length=20, depth=50, trial=0)


def test_the_option_chat_is_the_task():
    made = in_chat("kv:questions=4", system="Be brief, please.", prefix=None, thinking=9)
    assert made == "chat:of=kv:questions=4,system=[Be brief, please.],prefix=none,thinking=9"
    assert get_task(made).questions == 4


@pytest.mark.parametrize(
    ("generated", "text", "thought", "truncated"),
    [
        ("hm</think>12", "12", 10, False),  # the thought's budget is its own
        ("so many words before it", "", 16, True),
        ("hm</think>so it is", "so i", 10, True),
        ("7", "7", 0, False),  # ended without a thought
    ],
)
def test_a_thought_is_cut_off(chatting, generated, text, thought, truncated):
    made = get_task("chat:of=niah_single_2,prefix=none,thinking=16,tokens=4").sample(
        chatting, length=3000, depth=0, trial=0
    )
    said = _Said([], thinking=True)
    ids = [*chatting.encode(generated, add_special_tokens=False), 256]
    for token in ids:
        if said.take(chatting, (token, None), {256}, made):
            break
    assert (said.text, said.thought, said.truncated) == (text, thought, truncated)


@pytest.mark.parametrize("of", ["ruler_niah_multikey_1", "ruler_vt", "ruler_cwe", "ruler_fwe"])
def test_ruler_s_own_prefix_is_cut_off_and_its_answer_counts_into_the_length(chatting, of):
    alone = get_task(of).sample(chatting, length=4000, depth=0, trial=2)
    prefix = alone.prefix.lstrip()
    for option, ahead in (("assistant", prefix), ("none", "")):
        made = get_task(f"chat:of={of},prefix={option}").sample(chatting, length=4000, depth=0, trial=2)
        check_sample(chatting, made, length=4000, depth=0, tolerance=100)
        assert made.answers == alone.answers
        assert chatting.decode(made.question_ids).endswith(f"?[assistant]\n<think></think>{ahead}") or of == "ruler_vt"
        assert chatting.decode(made.question_ids).endswith(f"[assistant]\n<think></think>{ahead}")
        assert made.reserved == made.max_new_tokens == alone.max_new_tokens + (32 if option == "none" else 0)
        assert 4000 - 600 < len(made.prompt_ids) + made.reserved <= 4000


@pytest.mark.parametrize("of", ["niah_single_2", "two_hop", "passkey", "niah_multiquery"])
def test_it_asks_what_the_task_asks_by_itself(chatting, of):
    alone = get_task(of).sample(chatting, length=4000, depth=30, trial=1)
    made = get_task(f"chat:of={of}").sample(chatting, length=4000, depth=30, trial=1)
    assert made.answers == alone.answers
    assert made.choices == alone.choices
