import pandas as pd
import pytest

from lh_eval.analysis.switches import jump, level, main_switch, with_parts


def make_rows(parts, values):
    rows = pd.DataFrame(
        [(attention, length) for attention, length, count in parts for _ in range(count)],
        columns=["attention", "length"],
    )
    return with_parts(rows.assign(step=20 * (rows.index + 1), text=values))


def test_stages_count_changes_of_attention_and_parts_those_of_length_too():
    rows = make_rows([("dense", 256, 1), ("dense", 512, 2), ("lighthouse", 512, 1), ("dense", 512, 1)], [1.0] * 5)
    assert rows["stage"].tolist() == [1, 1, 1, 2, 3]
    assert rows["part"].tolist() == [1, 2, 2, 3, 4]


def test_a_level_is_the_mean_of_the_last_hundred_steps():
    rows = make_rows([("dense", 256, 8)], [9, 9, 9, 1, 2, 3, 4, 5])
    assert level(rows, "text") == (3.0, pytest.approx(2**0.5))
    assert level(make_rows([("dense", 256, 3)], [None, 2.0, None]), "text") == (2.0, 0.0)
    assert level(make_rows([("dense", 256, 8)], [7.0] + [None] * 7), "text") == (7.0, 0.0)  # none so late: the last
    assert level(make_rows([("dense", 256, 2)], [None, None]), "text") is None


def test_a_jump_is_measured_from_the_last_step_before_to_the_first_row_below():
    rows = make_rows([("lighthouse", 256, 5), ("dense", 256, 6)], [2, 2, 2, 2, 2, 2.5, 3.0, 2.0, 1.9, 9.0, 1.0])
    found = jump(rows, "text", 2)
    assert found.step == 100
    assert found.before == (2.0, 0.0)
    assert found.recovery == 80  # 2.0 is not below 2.0
    assert found.highest == 3.0  # the spike after the recovery is another matter


def test_a_loss_that_does_not_come_back_has_no_recovery():
    rows = make_rows([("lighthouse", 256, 2), ("dense", 256, 2), ("dense", 512, 1)], [2, 2, 4, 3, 8])
    found = jump(rows, "text", 2)
    assert found.recovery is None
    assert found.highest == 4.0  # at the length of the switch


def test_the_level_before_is_of_the_last_length_alone():
    rows = make_rows([("lighthouse", 256, 3), ("lighthouse", 512, 2), ("dense", 512, 1)], [9, 9, 9, 2, 2, 1])
    assert jump(rows, "text", 2).before.mean == 2.0


@pytest.mark.parametrize("values", [[None, None, 1, 1], [1, 1, None, None]])
def test_a_loss_that_one_side_lacks_has_no_jump(values):
    assert jump(make_rows([("lighthouse", 256, 2), ("dense", 256, 2)], values), "text", 2) is None


@pytest.mark.parametrize(
    ("attentions", "stage"),
    [
        (["dense"], None),
        (["lighthouse", "dense"], 2),
        (["dense", "lighthouse", "dense"], 3),
        (["dense", "lighthouse"], 2),
        (["lighthouse", "dense", "lighthouse"], 2),
    ],
)
def test_the_main_switch_is_the_last_one_to_dense(attentions, stage):
    assert main_switch(make_rows([(name, 256, 1) for name in attentions], [1.0] * len(attentions))) == stage
