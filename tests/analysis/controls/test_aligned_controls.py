from __future__ import annotations

import numpy as np
import pytest
from simulated_rats import quick_config, rats, with_noise

from napari_unison import UnifiedEncoder, load_sessions
from napari_unison.analysis.controls.aligned_controls import aligned_controls
from napari_unison.analysis.controls.permuted_laps import lap_permuted
from napari_unison.analysis.protocol.folds import guard_bins, lap_folds, with_laps
from napari_unison.sessions import split_sessions

CONFIG = quick_config(batch_size=256, random_state=0)


@pytest.fixture(scope="module")
def fold():
    first, second, noise = rats("rat 1", "rat 3", "rat 2", n_bins=1600)
    sessions = [first, second, with_noise(noise).replace(name="noise")]
    return lap_folds(sessions, 3, guard=guard_bins(CONFIG))[1]


@pytest.fixture(scope="module")
def encoder(fold):
    return UnifiedEncoder.from_config(CONFIG).fit(fold.train)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def controls(encoder, fold, told):
    return aligned_controls(
        encoder, fold.train, fold.test, on_progress=lambda share, what: told.append((share, what))
    )


def test_a_noise_session_scores_high_aligned_and_both_controls_flag_it(controls) -> None:
    for label in ("position", "direction"):
        noise = controls.of("noise", label)
        assert noise.aligned > 0.7
        assert noise.label_free < 0.1
        assert noise.silenced_is_close
        assert noise.wrong_labels_decode
        assert noise.wrong_against_true < 0
    [verdict, decoding] = [line for line in controls.verdicts() if "noise" in line]
    assert "says nothing about the neurons of noise" in verdict
    assert "without them, and labels of other laps decode, too" in verdict
    assert decoding.startswith("Decoding of noise is the label-free score alone: position R² -0.")


def test_neurons_that_tell_the_place_are_not_flagged(controls) -> None:
    rat = controls.of("rat 1", "position")
    assert rat.label_free > 0.7
    assert not rat.says_nothing
    assert any(line.startswith("The neurons of rat 1 change its aligned") for line in controls.verdicts())


def test_a_session_aligned_by_labels_of_another_lap_is_flagged(encoder, fold) -> None:
    """The labels that come with a recording are wrong: they belong to other laps."""
    mislabelled = lap_permuted(fold.test, seed=1)
    controls = aligned_controls(encoder, fold.train, mislabelled)
    for name in ("rat 1", "rat 3", "noise"):
        for label in ("position", "direction"):
            assert controls.of(name, label).says_nothing
            assert controls.of(name, label).label_free < 0.1
        assert any(f"says nothing about the neurons of {name}" in line for line in controls.verdicts())
    # what makes it treacherous: the wrong labels decode well where partners outweigh the own neurons
    assert controls.of("rat 3", "position").aligned > 0.5
    # neurons and labels contradict one another
    assert any("rat 1: it is better without them" in line for line in controls.verdicts())


def test_the_table_has_the_controls_beside_the_score_and_says_what_they_are(controls) -> None:
    header, rows = controls.table()
    names = [row[1] for row in rows if row[0] == "noise"]
    assert names == [
        "label-free",
        "aligned",
        "aligned, own neurons silenced",
        "aligned by wrong labels, against those",
        "aligned by wrong labels, against the true ones",
    ]
    assert header[:3] == ["session", "embedding", "what it is"]
    text = str(controls)
    assert "Aligned score and its controls" in text
    assert all(line in text for line in controls.verdicts())
    frame = controls.to_frame()
    wrong = frame[(frame.part == names[3]) & (frame.session == "noise") & (frame.label == "position")]
    assert wrong.r2.item() == controls.of("noise", "position").wrong


def test_progress_runs_from_start_to_end(controls, told) -> None:
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


def test_laps_that_are_alike_give_no_wrong_labels_and_no_verdict_by_them(encoder, fold) -> None:
    """Only laps to the right: at the same share of a lap, all of them are at the same place."""
    one_way = [session[session.labels["direction"] == "right"] for session in fold.test]
    controls = aligned_controls(encoder, fold.train, one_way)
    rat = controls.of("rat 1", "position")
    assert rat.likeness > 0.9
    assert not rat.are_wrong
    assert not rat.wrong_labels_decode
    assert any("laps too alike for wrong labels" in line for line in controls.verdicts())


def test_what_cannot_be_controlled_is_refused(encoder, fold) -> None:
    lap = fold.test[0][fold.test[0].segment_slices()[0]]
    with pytest.raises(ValueError, match="'rat 1' is one lap"):
        aligned_controls(encoder, fold.train, [lap])
    with pytest.raises(ValueError, match="bins to score lie in the encoder's training sessions"):
        aligned_controls(encoder, fold.train, fold.train)


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:label 'direction' does not mean the same")
def test_a_real_rat_with_permuted_neurons_is_flagged_by_both_controls(real_rats) -> None:
    achilles, buddy = with_laps(load_sessions([real_rats / f"{n}.jl.gz" for n in ("achilles", "buddy")]))
    train, test = split_sessions([achilles, with_noise(buddy)], 0.8)
    encoder = UnifiedEncoder.from_config(CONFIG.model_copy(update={"max_iterations": 300})).fit(train)
    controls = aligned_controls(encoder, train, test)
    for label in ("position", "direction"):
        buddys = controls.of("buddy", label)
        assert buddys.aligned > 0.5
        assert buddys.label_free < 0.1
        assert buddys.silenced_is_close
        assert buddys.wrong_labels_decode
    assert not np.isnan(controls.of("achilles", "position").wrong)
    assert controls.of("achilles", "position").label_free > 0.5
    relabelled = aligned_controls(encoder, train, lap_permuted(test, seed=0))
    assert relabelled.of("buddy", "position").says_nothing
    assert relabelled.of("achilles", "position").says_nothing
