from lh_eval.analysis.models import model_names
from lh_eval.store.run import read_run


def test_checkpoints_that_share_a_name_are_told_apart_by_template_then_by_weights(make_run):
    def run(folder, **config):
        return read_run(make_run(folder, **config))

    one = {"name": "checkpoint", "weights_sha256": "1" * 64}
    runs = [
        run("a", model=one),
        run("b", model=one | {"weights_sha256": "2" * 64}),
        run("c", model=one, prompt={"template": "x"}),
        run("d", model={"name": "other"}, provenance={"label": "mine"}),
        run("e"),
    ]
    assert model_names(runs) == ["checkpoint 11111111", "checkpoint 22222222", "checkpoint chat", "mine", ""]
    assert model_names(runs[:1]) == ["checkpoint"]
