import pytest

from lh_eval.bench.table import COLUMNS, Table, newest, read_table, to_frame
from lh_eval.errors import InputError

HEADER = (
    "gpu,torch,triton,commit,provider,mode,N,k,batch,heads,kv_heads,head_dim,levels,pooling,dtype,ms,extra_bytes,stages"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "operator.csv"


def test_the_header_is_written_once_and_rows_are_added(path, make_row):
    for ms in (1.0, 2.0):
        with Table(path) as table:
            table.append(make_row(ms=ms))
    assert path.read_text().splitlines() == [
        HEADER,
        "card,2,3,0000000,sdpa,fwd,1024,,1,2,2,64,,,float32,1.0,,{}",
        "card,2,3,0000000,sdpa,fwd,1024,,1,2,2,64,,,float32,2.0,,{}",
    ]


def test_a_row_is_on_the_disk_before_the_next(path, make_row):
    table = Table(path)
    table.append(make_row())
    assert len(path.read_text().splitlines()) == 2


def test_round_trip(path, make_row):
    rows = [
        make_row("lighthouse", "fwd+bwd", 4096, 512, 1.25, extra_bytes=7, gpu='a "card", new', stages={"a b": 0.5}),
        make_row(commit="1234567"),
    ]
    with Table(path) as table:
        for row in rows:
            table.append(row)
    frame = read_table(path)
    assert list(frame.columns) == list(COLUMNS)
    assert frame.equals(to_frame(rows))
    assert frame.loc[1, "commit"] == "1234567"


def test_other_columns_are_refused_and_left_alone(path, make_row):
    path.parent.mkdir()
    path.write_text("a,b\n1,2\n")
    for use in (Table, read_table):
        with pytest.raises(InputError, match=r"must have the columns gpu torch .*, got 'a,b'"):
            use(path)
    assert path.read_text() == "a,b\n1,2\n"


def test_a_torn_line_is_refused(path, make_row):
    path.parent.mkdir()
    path.write_text(f"{HEADER}\ncard,2")
    with pytest.raises(InputError, match="must end with a whole line"):
        Table(path)


@pytest.mark.parametrize("line", ["card,2", "card" + "," * 17, "c,2,3,0,sdpa,fwd,1,,1,2,2,64,,,float32,1.0,,[1]"])
def test_a_line_that_is_no_measurement_is_named(path, line):
    path.parent.mkdir()
    path.write_text(f"{HEADER}\n{line}\n")
    with pytest.raises(InputError, match="got another on line 2"):
        read_table(path)


def test_nothing_to_read(path):
    with pytest.raises(InputError, match="must be a readable CSV"):
        read_table(path)
    Table(path)
    with pytest.raises(InputError, match="must hold measurements, got none"):
        read_table(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="must be a readable CSV"):
        Table(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="must be a"):
        Table(tmp_path / "file" / "operator.csv")


def test_newest_rows_of_the_last_card_shape_and_pyramid(make_row):
    rows = [
        make_row(ms=1.0, gpu="other"),
        make_row(ms=2.0),
        make_row(ms=3.0, head_dim=128),
        make_row("lighthouse", k=512, ms=4.0, levels=2),
        make_row("lighthouse", k=512, ms=5.0, commit="1111111"),
        make_row("lighthouse", k=512, ms=6.0),
        make_row("lighthouse", k=1024, ms=7.0),
        make_row(ms=8.0, commit="2222222"),
        make_row(ms=9.0, mode="fwd+bwd"),
    ]
    assert newest(to_frame(rows))["ms"].tolist() == [6.0, 7.0, 8.0, 9.0]
