from lh_eval.bench.summary import markdown_table, text_table
from lh_eval.store.measurements import measurement_frame


def rows(make_measurement):
    return measurement_frame(
        [
            make_measurement("lighthouse", k=512, ms=2.0, extra_bytes=1_500_000_000, stages={"attend": 1.0}),
            make_measurement(ms=8.0),
            make_measurement("sdpa-on-S", k=512, ms=1.6),
            make_measurement("lighthouse", k=1024, ms=4.0),
            make_measurement("lighthouse", "fwd+bwd", k=512, ms=5.0),
        ]
    )


def test_text(make_measurement):
    frame = rows(make_measurement)
    frame["kernel"] = ["", "flash", "flash", "", ""]
    lines = text_table(frame).splitlines()
    assert " ".join(lines[0].split()) == "N mode provider k ms sdpa / ms ms / sdpa-on-S extra GB"
    assert lines[1].split() == ["1K", "fwd", "sdpa", "(flash)", "-", "8.000", "1.00", "-", "-"]
    assert lines[2].split() == ["1K", "fwd", "lighthouse", "512", "2.000", "4.00", "1.25", "1.50"]
    assert len(lines) == 6


def test_markdown_says_what_ran_on_what(make_measurement):
    lines = markdown_table(rows(make_measurement)).splitlines()
    assert lines[0] == "card, float32, B=1, H=2, D=64, L=3, p=4; torch 2, triton 3, commit 0000000."
    assert "| 1K | fwd | lighthouse | 512 | 2.000 | 4.00 | 1.25 | 1.50 |" in lines
    assert len({line.count("|") for line in lines[2:]}) == 1


def test_milliseconds_have_four_digits(make_measurement):
    frame = measurement_frame(
        [make_measurement(length=1024 * 2**i, ms=ms) for i, ms in enumerate((0.01234, 1.5, 156.34, 11516.8))]
    )
    assert [line.split()[4] for line in text_table(frame).splitlines()[1:]] == ["0.01234", "1.500", "156.3", "11517"]


def test_markdown_says_what_is_not_the_default(make_measurement):
    frame = measurement_frame([make_measurement("lighthouse", k=512, scorer="qk:dilation=8", tile_k=64)])
    assert markdown_table(frame).startswith(
        "card, float32, B=1, H=2, D=64, L=3, p=4, tile_k=64, qk:dilation=8; torch 2,"
    )
