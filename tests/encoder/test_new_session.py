import json

import numpy as np
import pytest
import torch

from napari_unison import UnifiedEncoder, load_sessions, sample_sessions
from napari_unison.analysis import decode
from napari_unison.encoder import TrainingControl, load_run
from napari_unison.sessions import SessionError, segment_laps

SMALL = {"batch_size": 64, "max_iterations": 5, "random_state": 0, "verbose": False, "num_hidden_units": 8}


@pytest.fixture(scope="module")
def newcomer(make_session):
    return make_session("dora", 400, 9, 4)


@pytest.fixture(scope="module")
def grown(fitted, newcomer):
    return fitted.add_session(newcomer, iterations=5)


def without_position(session, bins):
    position = session.labels["position"].copy()
    position[bins] = np.nan
    return session.replace(labels={**session.labels, "position": position})


def weights(encoder):
    return {name: value.clone() for name, value in encoder._state.network.state_dict().items()}


def test_only_the_input_weights_of_the_new_session_are_learned(fitted, grown, newcomer):
    before, after = weights(fitted), weights(grown)
    n_known = sum(rat.n_neurons for rat in fitted.training_sessions_)
    assert after["first.weight"].shape[1] == n_known + newcomer.n_neurons
    assert torch.equal(after.pop("first.weight")[:, :n_known], before.pop("first.weight"))
    assert all(torch.equal(after[name], value) for name, value in before.items())
    other = weights(fitted.add_session(newcomer, iterations=6))["first.weight"]
    assert not torch.equal(other[:, n_known:], weights(grown)["first.weight"][:, n_known:])


def test_the_encoder_itself_stays_as_it_is(rats, newcomer):
    encoder = UnifiedEncoder(**SMALL).fit(rats)
    before, embedded = weights(encoder), encoder.embed(align=False).values
    encoder.add_session(newcomer, iterations=3)
    assert encoder.session_names_ == ("anna", "bert", "cleo")
    assert encoder.added_sessions_ == {}
    assert all(torch.equal(weights(encoder)[name], value) for name, value in before.items())
    np.testing.assert_array_equal(encoder.embed(align=False).values[0], embedded[0])


def test_the_sessions_it_knew_keep_their_label_free_latents(fitted, grown, rats):
    for old, new in zip(
        fitted.embed(rats, align=False).values, grown.embed(rats, align=False).values, strict=True
    ):
        np.testing.assert_array_equal(old, new)


def test_a_new_session_is_a_training_session_like_the_others(fitted, grown, newcomer):
    assert grown.session_names_ == ("anna", "bert", "cleo", "dora")
    assert grown.added_sessions_ == {"dora": 5}
    assert grown.n_iter_ == fitted.n_iter_
    label_free = grown.embed([newcomer[:50]], align=False)
    assert label_free.values[0].shape == (50, 32)
    aligned = grown.embed()
    assert aligned.partner_names[3] == "dora"
    # it gives partners to the others, and has partners in them
    assert np.isfinite(aligned.residual[0][:, 3]).all()
    assert np.isfinite(aligned.residual[3][:, 0]).all()
    another = grown.add_session(newcomer.replace(name="emma"), iterations=2)
    assert another.added_sessions_ == {"dora": 5, "emma": 2}


def test_the_same_seed_learns_the_same(fitted, grown, newcomer):
    again = fitted.add_session(newcomer, iterations=5)
    assert all(torch.equal(weights(again)[name], value) for name, value in weights(grown).items())


def test_it_is_saved_and_loaded_and_trains_on(grown, tmp_path):
    loaded = load_run(grown.save(tmp_path / "grown")).encoder
    assert loaded.added_sessions_ == grown.added_sessions_
    np.testing.assert_array_equal(loaded.embed().values[3], grown.embed().values[3])
    steps = grown.n_iter_
    for encoder in (
        loaded,
        grown.add_session(grown.training_sessions_[0].replace(name="emma"), iterations=1),
    ):
        before = weights(encoder)
        encoder.resume(3)
        assert encoder.n_iter_ == steps + 3
        # from here on everything learns, and no weight leaps
        for name, value in weights(encoder).items():
            assert not torch.equal(value, before[name])
            assert (value - before[name]).abs().max() < 4 * 3 * encoder.config_.learning_rate


def test_a_run_from_before_sessions_could_be_added_is_read(fitted, tmp_path):
    folder = fitted.save(tmp_path / "old")
    facts = json.loads((folder / "run.json").read_text())
    del facts["added_sessions"]
    (folder / "run.json").write_text(json.dumps(facts))
    assert load_run(folder).encoder.added_sessions_ == {}


def test_progress_is_told_and_a_stop_leaves_a_usable_encoder(fitted, newcomer):
    control, told = TrainingControl(), []

    def stop_after_some(progress):
        told.append(progress)
        control.stop()

    stopped = fitted.add_session(newcomer, iterations=10_000, on_progress=stop_after_some, control=control)
    assert told[0].total == 10_000
    assert 0 < stopped.added_sessions_["dora"] < 10_000
    assert np.isfinite(stopped.embed([newcomer], align=False).values[0]).all()


def test_the_session_decodes_as_it_would_had_it_been_there_from_the_start():
    """Label-free, decoder fitted on its own training laps, scored on laps that nobody saw."""
    *known, new = (segment_laps(rat[:4000]) for rat in sample_sessions("linear-track")[1::-1])
    train, test = new[:3000], new[3000:]
    settings = {
        "batch_size": 256,
        "learning_rate": 3e-3,
        "max_iterations": 150,
        "random_state": 0,
        "verbose": False,
    }
    masks = {"RandomNeuronMask": (0.3, 0.9, 0.05), "SessionMask": True}
    together = UnifiedEncoder(masks=masks, **settings).fit([*known, train])
    grown = UnifiedEncoder(masks=masks, **settings).fit(known).add_session(train, iterations=100)

    def median_error(encoder):
        embedded = [encoder.embed([part], align=False) for part in (train, test)]
        return decode(*embedded).row(new.name, "position").median_error

    assert median_error(grown) < 1.25 * median_error(together)
    assert median_error(grown) < 0.06  # m, on a track of 1.6 m


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.replace(name="anna"), "knows a session called 'anna' already.*another name"),
        (lambda s: s.replace(labels={"position": s.labels["position"]}), "label"),
        (lambda s: s.replace(bin_width=0.05), "bin all sessions alike"),
        (lambda s: s[:9], "9 bins, but offset10-model sees 10.*longer stretch"),
        (
            lambda s: without_position(s, slice(0, 100))[:100],
            "no bin with all of 'position', 'direction'.*fill its labels in",
        ),
        (
            lambda s: s.replace(labels={**s.labels, "direction": np.full(s.n_bins, "up")}),
            "'up'.*did not occur in the training sessions",
        ),
    ],
)
def test_a_session_that_does_not_fit_is_refused_with_what_to_do(fitted, newcomer, change, said):
    with pytest.raises(SessionError, match=said):
        fitted.add_session(change(newcomer), iterations=1)


def test_what_is_no_session_and_no_number_of_steps_is_refused(fitted, newcomer):
    with pytest.raises(TypeError, match=r"Session\(name, neural, labels, bin_width\)"):
        fitted.add_session(newcomer.neural)
    with pytest.raises(ValueError, match="iterations is 0: give a whole number"):
        fitted.add_session(newcomer, iterations=0)


def test_behaviour_that_the_encoder_has_never_seen_is_warned_of(fitted, newcomer):
    far = newcomer.replace(labels={**newcomer.labels, "position": newcomer.labels["position"] + 5})
    with pytest.warns(UserWarning, match=r"100% of 'dora' has no near partner in any session"):
        fitted.add_session(far, iterations=1)


@pytest.mark.parametrize("options", [{"model_architecture": "offset1-model"}, {"sessions_per_step": 2}])
def test_every_network_and_subsets_of_the_sessions_can_take_a_new_one(rats, newcomer, options):
    encoder = UnifiedEncoder(**{**SMALL, **options}).fit(rats)
    grown = encoder.add_session(newcomer, iterations=4)
    assert np.isfinite(grown.embed([newcomer], align=False).values[0]).all()


def test_bins_without_labels_may_be_among_the_others(fitted, newcomer):
    partly = without_position(newcomer, slice(100, None))
    grown = fitted.add_session(partly, iterations=2)
    assert len(grown.embed([partly], align=False).values[0]) == partly.n_bins


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:label 'direction' does not mean the same")
def test_a_real_rat_joins_another(real_rats):
    buddy, achilles = (
        segment_laps(rat) for rat in load_sessions([real_rats / "buddy.jl.gz", real_rats / "achilles.jl.gz"])
    )
    masks = {"RandomNeuronMask": (0.3, 0.9, 0.05), "SessionMask": True}
    encoder = UnifiedEncoder(
        batch_size=256, learning_rate=1e-3, max_iterations=500, masks=masks, random_state=0, verbose=False
    ).fit([buddy])
    train, test = achilles[:8000], achilles[8000:]
    grown = encoder.add_session(train, iterations=200)
    embedded = [grown.embed([part], align=False) for part in (train, test)]
    assert decode(*embedded).row("achilles", "position").median_error < 0.11  # m
