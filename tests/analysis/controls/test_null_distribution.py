from __future__ import annotations

import numpy as np
import pytest
from simulated_rats import quick_config, rats, with_noise

from napari_unison import load_sessions
from napari_unison.analysis.controls.null_distribution import NullStoppedError, null_distribution
from napari_unison.analysis.encoders.encoder_methods import LabelFreeEncoder
from napari_unison.analysis.protocol.folds import with_laps
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.encoder import TrainingControl
from napari_unison.sessions import Session

TINY = quick_config(batch_size=64, max_iterations=40)
NAME = "unified encoder, label-free (nearest neighbours)"


class _ReadsPlace:
    """Predicts the labels that the first neuron fires for: exact, as long as labels go with the neurons."""

    settings = name = "reads the place"
    uses_labels_of_test = False
    is_random = False

    def predict(self, train, test, seed):
        return [
            Prediction.of(session, "position", np.asarray(session.neural)[:, 0].astype(float))
            for session in test
        ]


def _laps(name: str = "rat", *, both_ways: bool = True, lap: int = 20) -> Session:
    share = np.tile((np.arange(lap) + 0.5) / lap, 20)
    number = np.repeat(np.arange(20), lap)
    position = np.where((number % 2 == 0) | (not both_ways), share, 1 - share)
    return Session(name, position[:, None], {"position": position}, 0.025, segment=number)


@pytest.mark.filterwarnings("ignore:the sessions do not cover")
@pytest.mark.filterwarnings("ignore:label 'direction' has categories")
def test_noise_is_at_the_null_and_place_cells_are_above_it() -> None:
    tuned, noise = rats("rat 1", "rat 2", n_bins=900)
    null = null_distribution(
        LabelFreeEncoder(TINY),
        [tuned, with_noise(noise).replace(name="noise")],
        n_permutations=19,
        n_folds=2,
        guard=10,
    )
    for label in ("position", "direction"):
        assert not null.row("noise", label).is_above
        assert null.row("rat 1", label).is_above
    about_rat, about_noise = null.verdicts()
    assert about_noise.startswith(f"{NAME}: noise is at the null (position: R² ")
    assert about_rat.startswith(f"{NAME}: rat 1 is above the null")


def test_the_score_stands_beside_what_permuted_labels_give() -> None:
    null = null_distribution(_ReadsPlace(), [_laps()], n_permutations=19, n_folds=4, guard=0)
    row = null.row("rat", "position")
    assert row.score == 1
    assert max(row.null) < 0.9
    assert len(set(row.null)) > 5
    assert row.share_by_chance == pytest.approx(1 / 20)
    frame = null.to_frame()
    assert list(frame.permutation) == list(range(20))
    assert frame.score[0] == 1
    assert "p = 0.05" in str(null)
    assert "refitted 19 times, 4 folds" in str(null)


def test_the_same_seed_gives_the_same_null() -> None:
    first, again, other = (
        null_distribution(_ReadsPlace(), [_laps()], n_permutations=3, n_folds=2, guard=0, seed=seed)
        .row("rat", "position")
        .null
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_too_few_permutations_give_no_verdict() -> None:
    null = null_distribution(_ReadsPlace(), [_laps()], n_permutations=5, n_folds=2, guard=0)
    assert null.verdicts() == ["5 permutations are too few for a verdict on rat: 19 at least."]
    with pytest.raises(ValueError, match="n_permutations is 0"):
        null_distribution(_ReadsPlace(), [_laps()], n_permutations=0, n_folds=2, guard=0)


def test_laps_that_are_alike_are_said_to_give_no_null() -> None:
    null = null_distribution(_ReadsPlace(), [_laps(both_ways=False)], n_permutations=19, n_folds=2, guard=0)
    [verdict] = null.verdicts()
    assert "so alike that permuting them leaves the labels nearly as they were" in verdict
    assert "this null says nothing" in verdict


def test_laps_that_are_alike_have_a_null_in_turned_labels() -> None:
    one_way = _laps(both_ways=False)
    noise = one_way.replace(name="noise", neural=np.random.default_rng(0).random((one_way.n_bins, 1)))
    null = null_distribution(
        _ReadsPlace(), [one_way, noise], n_permutations=19, n_folds=2, guard=0, order="turned laps"
    )
    assert null.row("rat", "position").is_above
    assert null.row("rat", "position").has_null
    assert not null.row("noise", "position").is_above
    assert "turned within laps" in str(null)


def test_kept_predictions_are_not_computed_again(tmp_path) -> None:
    class _Counting(_ReadsPlace):
        calls = 0

        def predict(self, train, test, seed):
            _Counting.calls += 1
            return super().predict(train, test, seed)

    for _ in range(2):
        null_distribution(_Counting(), [_laps()], n_permutations=2, n_folds=2, guard=0, cache=tmp_path)
    assert _Counting.calls == 3 * 2


def test_progress_and_stop() -> None:
    told: list[tuple[float, str]] = []
    null_distribution(
        _ReadsPlace(),
        [_laps()],
        n_permutations=2,
        n_folds=2,
        guard=0,
        on_progress=lambda share, what: told.append((share, what)),
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert any(what.startswith("permutation 2 of 2: reads the place") for _, what in told)
    control = TrainingControl()
    control.stop()
    with pytest.raises(NullStoppedError, match="stopped after 0 of 2 permutations"):
        null_distribution(_ReadsPlace(), [_laps()], n_permutations=2, n_folds=2, guard=0, control=control)


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:the sessions do not cover")
@pytest.mark.filterwarnings("ignore:label 'direction' does not mean the same")
def test_a_real_rat_with_permuted_neurons_is_at_the_null(real_rats) -> None:
    achilles, buddy = with_laps(load_sessions([real_rats / f"{n}.jl.gz" for n in ("achilles", "buddy")]))
    # of twenty shufflings one is above its null by what a null is: two of two would be too many
    nulls = [
        null_distribution(
            LabelFreeEncoder(TINY),
            [achilles[:1500], with_noise(buddy[:1500], seed)],
            n_permutations=19,
            n_folds=2,
            guard=10,
        )
        for seed in range(2)
    ]
    for label in ("position", "direction"):
        assert not all(null.row("buddy", label).is_above for null in nulls)
    assert all(null.row("achilles", "position").is_above for null in nulls)
    assert any("buddy is at the null" in line for null in nulls for line in null.verdicts())
