import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from lh_eval.errors import InputError
from lh_eval.tasks.building.filler import Filler
from lh_eval.tasks.building.placing import DIGITS, leading_special_ids, place_answers, position_at, splice

QUESTION = " What is the pass key? The pass key is"


@st.composite
def fillers(draw):
    sizes = draw(st.lists(st.integers(1, 9), max_size=30))
    bounds = np.cumsum([0, *sizes])
    return Filler(np.arange(bounds[-1]), bounds)


def test_leading_special_ids(tokenizers):
    assert leading_special_ids(tokenizers["byte"]) == []
    assert leading_special_ids(tokenizers["bpe"]) == []
    assert leading_special_ids(tokenizers["bpe-bos"]) == [0]


def test_each_answer_is_one_token_after_the_question(tokenizer):
    question_ids, choice_ids = place_answers(tokenizer, QUESTION, DIGITS)
    assert len(set(choice_ids)) == 10
    for digit, token in zip(DIGITS, choice_ids, strict=True):
        encoded = tokenizer.encode(f"{QUESTION} {digit}", add_special_tokens=False)
        assert [*question_ids, token] == encoded


def test_the_space_goes_where_the_tokenizer_puts_it(tokenizers):
    assert tokenizers["byte"].decode(place_answers(tokenizers["byte"], QUESTION, DIGITS)[0]) == QUESTION + " "
    tokenizer = tokenizers["bpe"]
    assert tokenizer.decode(place_answers(tokenizer, QUESTION, DIGITS)[0]) == QUESTION
    assert tokenizer.decode(place_answers(tokenizer, QUESTION, DIGITS)[1][7]) == " 7"


@pytest.mark.parametrize("vocab", [["The"], ["The", *"0123456"]])
def test_answers_that_share_a_token_are_refused(vocab):
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(["<unk>", *vocab])}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>")
    with pytest.raises(InputError, match="tokenizer must give each answer one token of its own"):
        place_answers(tokenizer, "The key is", DIGITS)


def test_answers_of_two_tokens_are_refused(tokenizers):
    with pytest.raises(InputError, match=r"one token of its own, got '5' as \[53\], '12' as \[49, 50\]"):
        place_answers(tokenizers["byte"], QUESTION, ["5", "12"])


@given(fillers(), st.lists(st.floats(0, 100), min_size=2))
def test_position_is_the_nearest_boundary_and_monotone(filler, depths):
    depths = sorted([0, *depths, 100])
    positions = [position_at(filler, depth) for depth in depths]
    assert positions == sorted(positions)
    assert (positions[0], positions[-1]) == (0, len(filler.ids))
    for depth, position in zip(depths, positions, strict=True):
        distances = np.abs(filler.boundaries - len(filler.ids) * depth / 100)
        assert position in filler.boundaries
        assert abs(position - len(filler.ids) * depth / 100) == distances.min()


@given(fillers(), st.data())
def test_splice_keeps_everything_in_place(filler, data):
    pieces = data.draw(
        st.lists(st.tuples(st.integers(0, len(filler.ids)), st.lists(st.integers(-9, -1), min_size=1, max_size=5)))
    )
    ids, starts = splice(filler, pieces)
    assert len(ids) == len(filler.ids) + sum(len(piece) for _, piece in pieces)
    assert [token for token in ids if token >= 0] == filler.ids.tolist()
    for (position, piece), start in zip(pieces, starts, strict=True):
        assert ids[start : start + len(piece)] == piece
        assert sum(token >= 0 for token in ids[:start]) == position
