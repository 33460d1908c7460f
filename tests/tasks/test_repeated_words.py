from collections import Counter

import pytest

from lh_eval.scoring.base import score_text
from lh_eval.tasks.base import get_task
from lh_eval.tasks.repeated_words import _PAIRS


def test_all_but_one_are_the_same(tokenizer):
    for trial in range(3):
        sample = get_task("repeated_words").sample(tokenizer, length=1500, depth=50, trial=trial)
        text = tokenizer.decode(sample.context_ids).partition("for it.\n")[2]
        (common, times), (unique, once), *cut = Counter(text.split()).most_common()
        cut_off = [word for word, _ in cut]
        if unique != sample.answer:  # the last one, cut
            unique, cut_off = cut_off[0], [unique]
        assert (unique, once) == (sample.answer, 1)
        assert times > 10
        assert all(common.startswith(word) for word in cut_off)
        assert f"not {common}?" in tokenizer.decode(sample.question_ids)


@pytest.mark.parametrize("pair", _PAIRS)
def test_a_cut_word_is_never_the_answer_and_neither_scores_for_the_other(pair):
    common, unique = pair
    assert not common.startswith(unique)
    assert score_text("any", f" {common}", [unique]) == 0.0
