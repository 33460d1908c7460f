import pytest

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.methods.window import Window
from lh_eval.runs.setting import Setting, choose_settings, resolve_setting, side_by_side

DEFAULTS = CheckpointSettings(config=LighthouseConfig(k=256, scorer="qk"), dense_layers=(0, -1))


def names(*specs, **options):
    return [setting.name for setting in choose_settings(specs, options, DEFAULTS)]


def test_nothing_is_dense_alone_and_an_option_is_lighthouse_beside_it():
    assert names() == ["dense"]
    assert names(k=[512]) == ["dense", "qk-k512"]
    assert names("lighthouse", k=[512]) == ["qk-k512"]
    assert names("lighthouse") == ["qk-k256"]


def test_all_of_lighthouses_options_may_be_swept():
    assert names(scorer=["norm", "qk:dilation=4"], k=[512, 256]) == [
        "dense", "norm-k512", "norm-k256", "qk-k512", "qk-k256",
    ]  # fmt: skip
    assert names("lighthouse:scorer=norm", num_levels=[3, 4], k=[512]) == ["norm-k512", "norm-k512-num_levels_4"]
    swept = choose_settings([], {"dense_layers": [(0, -1), ()], "k": [512]}, DEFAULTS)
    assert [setting.name for setting in swept] == ["dense", "qk-k512", "qk-k512-dense_layers_none"]
    assert [setting.method.family(setting.base) for setting in swept[1:]] == ["qk", "qk dense_layers=none"]


def test_rope_and_combination():
    assert names("lighthouse:k=512,scorer=norm,rope=after,combine=finest") == ["norm-k512"]
    assert names(k=[512], rope=["before", "after"], combine=["sum", "mean"]) == [
        "dense", "qk-k512", "qk-k512-combine_mean", "qk-k512-rope_after", "qk-k512-rope_after-combine_mean",
    ]  # fmt: skip
    setting = resolve_setting("lighthouse:k=512,rope=after,combine=finest", DEFAULTS)
    assert setting.to_dict()["setting"]["text"] == (
        "lighthouse:k=512,scorer=qk,rope=after,combine=finest,dense_layers=0/-1"
    )
    with pytest.raises(InputError, match=r"option rope of method .* must be before or after, got 'later'"):
        resolve_setting("lighthouse:rope=later", DEFAULTS)


def test_configurations_of_before_the_two_options_are_the_same():
    attention = resolve_setting("lighthouse", DEFAULTS).to_dict()["attention"]
    assert {"rope", "combine"}.isdisjoint(attention)
    assert resolve_setting("lighthouse:rope=after", DEFAULTS).to_dict()["attention"] == attention | {"rope": "after"}


def test_what_all_settings_share_needs_no_mention():
    assert names("lighthouse:k=512", "lighthouse:k=256", num_levels=[4]) == ["qk-k512", "qk-k256"]
    one = side_by_side([Setting(Lighthouse(k=64, dense_layers=(1,)))], DEFAULTS)
    assert [setting.name for setting in one] == ["norm-k64"]


def test_methods_beside_one_another_dense_first():
    assert names("window:tokens=1024", "lighthouse:k=512,scorer=[pooled-qk:window=8,own=0.1]", "dense") == [
        "dense", "window_tokens_1024", "pooled-qk_window_8_own_0.1-k512",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("specs", "options", "message"),
    [
        (["dense"], {"k": [512]}, "attention must be lighthouse where its settings are given, got dense; leave one"),
        (["lighthouse:k=512"], {"k": [256]}, "k must be given once, got it in 'lighthouse:k=512' and as an option"),
        (["ligthouse"], {}, "method must be one of .*, got 'ligthouse'; did you mean 'lighthouse'"),
        (["window:size=3"], {}, "option of method 'window' must be NAME=VALUE"),
        (["lighthouse:scorer=nrom"], {}, "scorer must be one of .*; did you mean 'norm'"),
    ],
)
def test_contradictions_are_refused(specs, options, message):
    with pytest.raises(InputError, match=message):
        choose_settings(specs, options, DEFAULTS)


def test_a_spec_takes_from_the_checkpoint_what_it_leaves_open():
    setting = resolve_setting("lighthouse:num_levels=4", DEFAULTS)
    assert setting.method == Lighthouse(k=256, scorer="qk", num_levels=4, dense_layers=(0, -1))
    assert resolve_setting(Window(tokens=8), DEFAULTS, "context") == Setting(Window(tokens=8), "context")


def test_what_a_run_keeps_of_it():
    (setting,) = choose_settings(["lighthouse:k=512,num_levels=4"], {}, DEFAULTS)
    values = setting.to_dict()
    assert values["reading"] == "prompt"
    assert values["attention"]["k"] == 512
    assert values["attention"]["dense_layers"] == [0, -1]
    assert values["setting"] == {
        "text": "lighthouse:k=512,num_levels=4,scorer=qk,dense_layers=0/-1",
        "name": "qk-k512",
        "family": "qk",
        "budget": 512,
        "budget_name": "k",
        "prefix_hole": 63,
    }
    assert Setting().to_dict()["attention"] is None
