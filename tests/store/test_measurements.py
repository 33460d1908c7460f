import pytest

from lh_eval.errors import InputError
from lh_eval.store.measurements import COLUMNS, MeasurementFile, measurement_frame, read_measurements

HEADER = (
    "gpu,torch,triton,commit,provider,kernel,mode,N,k,scorer,levels,pooling,selection,tile_k,"
    "batch,heads,kv_heads,head_dim,dtype,ms,extra_bytes,stages,rope,combine"
)
OLDER = HEADER.removesuffix(",rope,combine")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "operator.csv"


def test_the_header_is_written_once_and_rows_are_added(path, make_measurement):
    for ms in (1.0, 2.0):
        with MeasurementFile(path) as table:
            table.append(make_measurement(ms=ms))
    assert path.read_text().splitlines() == [
        HEADER,
        "card,2,3,0000000,sdpa,,fwd,1024,,,,,,,1,2,2,64,float32,1.0,,{},,",
        "card,2,3,0000000,sdpa,,fwd,1024,,,,,,,1,2,2,64,float32,2.0,,{},,",
    ]


def test_a_row_is_on_the_disk_before_the_next(path, make_measurement):
    table = MeasurementFile(path)
    table.append(make_measurement())
    assert len(path.read_text().splitlines()) == 2


def test_round_trip(path, make_measurement):
    rows = [
        make_measurement(scorer="qk", selection="global", tile_k=None, k=8, kernel="flash"),
        make_measurement(
            "lighthouse", "fwd+bwd", 4096, 512, 1.25, extra_bytes=7, gpu='a "card", new', stages={"a b": 0.5}
        ),
        make_measurement(commit="1234567", rope="after", combine="mean"),
    ]
    with MeasurementFile(path) as table:
        for row in rows:
            table.append(row)
    frame = read_measurements(path)
    assert list(frame.columns) == list(COLUMNS)
    assert frame.equals(measurement_frame(rows))
    assert frame.loc[2, "commit"] == "1234567"


def test_other_columns_are_refused_and_left_alone(path, make_measurement):
    path.parent.mkdir()
    path.write_text("a,b\n1,2\n")
    for use in (MeasurementFile, read_measurements):
        with pytest.raises(InputError, match=r"must have the columns gpu torch .*, got 'a,b'"):
            use(path)
    assert path.read_text() == "a,b\n1,2\n"


def test_a_file_of_before_rope_and_combine_keeps_its_columns(path, make_measurement):
    path.parent.mkdir()
    line = "card,2,3,0000000,lighthouse,,fwd,1024,512,norm,3,4,chunked,128,1,2,2,64,float32,1.0,,{}"
    path.write_text(f"{OLDER}\n{line}\n")
    usual = make_measurement("lighthouse", k=512, scorer="norm", rope="before", combine="sum")
    with MeasurementFile(path) as table:
        table.append(usual)
        with pytest.raises(InputError, match=r"must have a column rope for rope=after, got .*; choose another --out"):
            table.append(usual._replace(rope="after"))
    frame = read_measurements(path)
    assert frame["rope"].tolist() == ["before"] * 2
    assert frame["combine"].tolist() == ["sum"] * 2
    assert path.read_text().startswith(f"{OLDER}\n{line}\n")


def test_a_torn_line_is_refused(path, make_measurement):
    path.parent.mkdir()
    path.write_text(f"{HEADER}\ncard,2")
    with pytest.raises(InputError, match="must end with a whole line"):
        MeasurementFile(path)


@pytest.mark.parametrize("line", ["card,2", "card" + "," * 23, "c,2,3,0,sdpa,,fwd,1,,,,,,,1,2,2,64,float32,1.0,,[1],,"])
def test_a_line_that_is_no_measurement_is_named(path, line):
    path.parent.mkdir()
    path.write_text(f"{HEADER}\n{line}\n")
    with pytest.raises(InputError, match="got another on line 2"):
        read_measurements(path)


def test_nothing_to_read(path):
    with pytest.raises(InputError, match="must be a readable CSV"):
        read_measurements(path)
    MeasurementFile(path)
    with pytest.raises(InputError, match="must hold measurements, got none"):
        read_measurements(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="must be a readable CSV"):
        MeasurementFile(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="must be a"):
        MeasurementFile(tmp_path / "file" / "operator.csv")
