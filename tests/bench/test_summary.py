import pandas as pd

from lh_eval.bench.summary import markdown_table, text_table, with_ratios
from lh_eval.bench.table import to_frame


def rows(make_row):
    return to_frame(
        [
            make_row("lighthouse", k=512, ms=2.0, extra_bytes=1_500_000_000, stages={"attend": 1.0}),
            make_row(ms=8.0),
            make_row("sdpa-on-S", k=512, ms=1.6),
            make_row("lighthouse", k=1024, ms=4.0),
            make_row("lighthouse", "fwd+bwd", k=512, ms=5.0),
        ]
    )


def test_ratios_compare_the_same_length_mode_and_k(make_row):
    frame = with_ratios(rows(make_row)).set_index(["provider", "mode", "k"])
    assert frame.loc[("lighthouse", "fwd", 512), ["speedup", "over_floor"]].tolist() == [4.0, 1.25]
    assert frame.loc[("lighthouse", "fwd", 1024), "speedup"] == 2.0
    assert pd.isna(frame.loc[("lighthouse", "fwd", 1024), "over_floor"])
    assert pd.isna(frame.loc[("lighthouse", "fwd+bwd", 512), "speedup"])


def test_text(make_row):
    lines = text_table(rows(make_row).assign(kernel=["", "flash", "flash", "", ""])).splitlines()
    assert " ".join(lines[0].split()) == "N mode provider k ms sdpa / ms ms / sdpa-on-S extra GB"
    assert lines[1].split() == ["1K", "fwd", "sdpa", "(flash)", "-", "8.000", "1.00", "-", "-"]
    assert lines[2].split() == ["1K", "fwd", "lighthouse", "512", "2.000", "4.00", "1.25", "1.50"]
    assert len(lines) == 6


def test_markdown_says_what_ran_on_what(make_row):
    lines = markdown_table(rows(make_row)).splitlines()
    assert lines[0] == "card, float32, B=1, H=2, D=64, L=3, p=4; torch 2, triton 3, commit 0000000."
    assert "| 1K | fwd | lighthouse | 512 | 2.000 | 4.00 | 1.25 | 1.50 |" in lines
    assert len({line.count("|") for line in lines[2:]}) == 1


def test_milliseconds_have_four_digits(make_row):
    frame = to_frame([make_row(length=1024 * 2**i, ms=ms) for i, ms in enumerate((0.01234, 1.5, 156.34, 11516.8))])
    assert [line.split()[4] for line in text_table(frame).splitlines()[1:]] == ["0.01234", "1.500", "156.3", "11517"]
