import pytest

from lh_eval.analysis.off_depths import points_off


@pytest.fixture
def frame(make_run):
    """Four rows at depth 50, of contexts of 1,000 tokens, whose needles begin at 480, 500, 510 and 505."""
    from lh_eval.store.run import read_run

    rows = read_run(make_run("a", depths=[50])).frame
    starts = [480, 500, 510, 505]
    return rows.assign(context_tokens=1000, needle_start=starts, needle_end=[start + 9 for start in starts])


def test_the_furthest_needle_counts(frame):
    assert points_off([frame[1:2], frame, frame[2:]]) == pytest.approx(2)
    assert points_off([]) == 0
    assert points_off([frame.assign(needle_end=frame["needle_start"])]) == 0, "no needle"


@pytest.mark.parametrize("depth", [0.0, 100.0])
def test_the_ends_are_where_they_are(frame, depth):
    assert points_off([frame.assign(depth=depth)]) == 0


@pytest.mark.parametrize(("task", "off"), [("passkey", 2), ("no_such_task", 2), ("vt", 0), ("vt:chains=2", 0)])
def test_tasks_without_a_depth_do_not_count(frame, task, off):
    assert points_off([frame.assign(task=task)]) == pytest.approx(off)
