import pytest
from training_runs import jumping, write_training

from lh_eval import InputError
from lh_eval.analysis.curves import chosen_columns, read_curves

PARTS = [("lighthouse", 256, 100), ("dense", 256, 100)]


def test_a_folder_is_read_by_its_header(tmp_path):
    folder = write_training(tmp_path / "a-s3", PARTS, loss=jumping(100), seed=3)
    (curve,) = read_curves([folder])
    assert (curve.name, curve.recipe, curve.seed) == ("a-s3", "a", 3)
    assert curve.rows["step"].tolist() == list(range(20, 201, 20))
    assert curve.rows["tokens"].iloc[-1] == 200_000
    assert curve.losses == ["loss", "copy", "text"]


def test_columns_may_come_in_another_order_and_a_torn_line_is_left_out(tmp_path):
    folder = write_training(tmp_path / "a", PARTS, loss=jumping(100))
    lines = (folder / "loss.csv").read_text().splitlines()
    turned = [",".join(reversed(line.split(","))) for line in lines]
    (folder / "loss.csv").write_text("\n".join(turned) + "\n1.5,2,99")
    (curve,) = read_curves([folder])
    assert len(curve.rows) == 10
    assert curve.rows["text"].iloc[0] == 2.0


def test_a_folder_of_trainings_gives_those_in_it_each_once(tmp_path):
    for name in ("b", "a"):
        write_training(tmp_path / "all" / name, PARTS, loss=jumping(100))
    curves = read_curves([tmp_path / "all" / "b", tmp_path / "all"])
    assert [curve.name for curve in curves] == ["b", "a"]


def test_trainings_that_differ_in_the_seed_alone_are_one_recipe(tmp_path):
    for seed in (0, 1):
        write_training(tmp_path / f"x-s{seed}", PARTS, loss=jumping(100), seed=seed, lighthouse={"k": 256})
    write_training(tmp_path / "y", PARTS, loss=jumping(100), name="x", lighthouse={"k": 384})
    recipes = [curve.recipe for curve in read_curves([tmp_path])]
    assert recipes == ["x-s0", "x-s1", "y"]  # one name for two recipes says nothing
    (tmp_path / "y" / "train.json").unlink()
    assert [curve.recipe for curve in read_curves([tmp_path])] == ["x", "x"]


def test_two_folders_of_one_name_go_by_their_paths(tmp_path):
    folders = [write_training(tmp_path / side / "run", PARTS, loss=jumping(100)) for side in "ab"]
    assert [curve.name for curve in read_curves(folders)] == [str(folder) for folder in folders]


def test_the_losses_shown_are_text_held_out_where_all_have_it_and_what_is_learned(tmp_path):
    old = write_training(tmp_path / "old", PARTS, loss=jumping(100))
    new = write_training(
        tmp_path / "new",
        PARTS,
        loss=lambda attention, step: {"text": 1.0, "keyed": 0.5, "held_out": 1.1 if step % 100 == 0 else ""},
    )
    assert chosen_columns(read_curves([old]), None) == ["text", "copy"]
    assert chosen_columns(read_curves([new]), None) == ["held_out", "keyed"]
    assert chosen_columns(read_curves([old, new]), None) == ["text", "keyed", "copy"]
    assert chosen_columns(read_curves([old, new]), ["held_out", "loss"]) == ["held_out", "loss"]
    total = write_training(tmp_path / "total", PARTS, loss=lambda attention, step: {"loss": 1.0})
    assert chosen_columns(read_curves([total]), None) == ["loss"]


@pytest.mark.parametrize("name", ["txt", "tokens", "passkey"])
def test_a_column_without_a_loss_is_refused(tmp_path, name):
    curves = read_curves([write_training(tmp_path / "a", PARTS, loss=jumping(100))])
    with pytest.raises(InputError, match=f"column must be one of copy, loss, text, got '{name}'"):
        chosen_columns(curves, [name])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "train.json").unlink(), "run must be a training run"),
        (lambda folder: (folder / "train.json").write_text("{"), "must be a readable JSON file"),
        (lambda folder: (folder / "train.json").write_text("{}"), "must hold a training's name and seed"),
        (lambda folder: (folder / "loss.csv").unlink(), "must be a readable loss curve"),
        (lambda folder: (folder / "loss.csv").write_text(""), "must have the columns"),
        (lambda folder: (folder / "loss.csv").write_text("a,b\n1,2\n"), "got none named step"),
        (lambda folder: _cut(folder), "must hold a loss curve, got no row"),
        (lambda folder: _replace(folder, "lighthouse", "a,b"), "must hold numbers"),
        (lambda folder: _replace(folder, "20000,", "many,"), "must hold numbers"),
    ],
)
def test_what_is_no_training_run_is_one_line(tmp_path, spoil, message):
    folder = write_training(tmp_path / "a", PARTS, loss=jumping(100))
    spoil(folder)
    with pytest.raises(InputError, match=message) as raised:
        read_curves([folder])
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)


def _cut(folder):
    text = (folder / "loss.csv").read_text()
    (folder / "loss.csv").write_text(text.partition("\n")[0] + "\n")


def _replace(folder, old, new):
    text = (folder / "loss.csv").read_text()
    (folder / "loss.csv").write_text(text.replace(old, new))


def test_recipes_are_labelled_by_how_they_attend(tmp_path):
    from lh_eval.analysis.curves import _labels

    def config(*attention, **options):
        return {"stages": [{"attention": one} for one in attention], "lighthouse": {"scorer": "norm"} | options}

    configs = {
        "a": config("dense"), "b": config("lighthouse", "dense", k=256, num_levels=3),
        "c": config("lighthouse", k=256, num_levels=5), "d": config("lighthouse", k=256, num_levels=5), "e": {},
    }  # fmt: skip
    assert list(_labels(configs).values()) == ["dense", "norm k=256, L=3", "c", "d", "e"]
    assert _labels({"raw-name": config("lighthouse", k=256)}) == {"raw-name": "raw-name"}
