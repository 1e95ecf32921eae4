from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from napari_unison import Session
from napari_unison.analysis import ALL_SESSIONS, cross_validate
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.encoder import TrainingControl

LAP = 20


def track(name: str, n_laps: int = 12, *, one_piece: bool = False) -> Session:
    """Run to and fro on 1.6 m."""
    lap = np.repeat(np.arange(n_laps), LAP)
    share = np.tile(np.linspace(0, 1, LAP), n_laps)
    right = lap % 2 == 0
    return Session(
        name,
        np.zeros((len(lap), 1)),
        {
            "position": 1.6 * np.where(right, share, 1 - share),
            "direction": np.where(right, "right", "left"),
            "phase": np.angle(np.exp(2j * np.pi * share)),
        },
        0.025,
        kinds={"phase": "circular"},
        units={"position": "m"},
        segment=None if one_piece else lap,
    )


@dataclass
class Guess:
    """Says what is true, with an error of its own; tells what it was asked."""

    name: str = "guess"
    error: float = 0.1
    wrong_way: float = 0.1
    is_random: bool = True
    uses_labels_of_test: bool = False
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Seed and first bin (in bins from the start) of each test part."""

    @property
    def settings(self) -> str:
        return f"{self.name} {self.error} {self.wrong_way}"

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        self.asked.append((seed, round(test[0].start / 0.025)))
        predictions = []
        for session in test:
            random = np.random.default_rng([seed, session.n_bins])
            offset = self.error * random.normal(size=session.n_bins)
            flip = random.random(session.n_bins) < self.wrong_way
            way = session.labels["direction"]
            said = {
                "position": session.labels["position"] + offset,
                "phase": session.labels["phase"] + offset,
                "direction": np.where(flip, np.where(way == "right", "left", "right"), way),
            }
            predictions += [Prediction.of(session, label, said[label]) for label in session.labels]
        return predictions


@pytest.fixture
def sessions() -> list[Session]:
    return [track("rat 1"), track("rat 2", 15)]


def score(result, method, session="rat 1", label="position"):
    (found,) = [s for s in result.scores() if (s.method, s.session, s.label) == (method, session, label)]
    return found


def test_every_fold_and_seed_is_run_once_and_what_is_not_random_with_one_seed(sessions):
    random, fixed = Guess("random"), Guess("fixed", is_random=False)
    result = cross_validate([random, fixed], sessions, n_folds=4, seeds=[3, 5, 8], guard=2)
    starts = {start for _, start in random.asked}
    assert len(starts) == 4
    assert sorted(random.asked) == sorted((seed, start) for seed in (3, 5, 8) for start in starts)
    assert sorted(fixed.asked) == sorted((0, start) for start in starts)
    assert result.is_complete
    assert result.n_done == 16
    assert list(result.predictions["random"]) == [3, 5, 8]
    assert list(result.predictions["fixed"]) == [0]


def test_predictions_stand_bin_by_bin_with_the_laps_of_the_whole_session(sessions):
    result = cross_validate([Guess()], sessions, n_folds=4, seeds=[0], guard=2)
    by_name = {session.name: session for session in sessions}
    for prediction in result.predictions["guess"][0]:
        session = by_name[prediction.session]
        np.testing.assert_array_equal(prediction.time, session.time)
        np.testing.assert_array_equal(prediction.lap, session.segment)
        np.testing.assert_array_equal(prediction.truth[:, 0], session.labels[prediction.label])


def test_laps_that_share_a_number_are_told_apart(sessions):
    """Segments need not be numbered: they change at every border."""
    alternating = [session.replace(segment=session.segment % 2) for session in sessions]
    result = cross_validate([Guess()], alternating, n_folds=4, seeds=[0], guard=2)
    assert score(result, "guess").n_laps == 12


def test_sessions_in_one_piece_get_laps_from_their_direction():
    result = cross_validate([Guess()], [track("rat", one_piece=True)], n_folds=3, seeds=[0], guard=0)
    assert score(result, "guess", "rat").n_laps == 12


def test_scores_are_means_over_seeds_with_spread_and_interval(sessions):
    result = cross_validate([Guess()], sessions, seeds=range(3), guard=2)
    position = score(result, "guess")
    medians = [np.median(result.predictions["guess"][seed][0].errors()) for seed in range(3)]
    assert position.median_error.by_seed == pytest.approx(medians)
    assert position.median_error.value == pytest.approx(np.mean(medians))
    assert position.median_error.spread == pytest.approx(np.std(medians, ddof=1))
    assert position.median_error.low < position.median_error.value < position.median_error.high
    assert position.unit == "m"
    assert 0.9 < position.r2.value < 1
    assert np.isnan(position.accuracy.value)
    direction = score(result, "guess", label="direction")
    assert 0.8 < direction.accuracy.low < direction.accuracy.value < direction.accuracy.high < 1
    assert np.isnan(direction.median_error.value)
    assert 0 < score(result, "guess", label="phase").median_error.value < 0.1


def test_the_same_scores_come_out_every_time(sessions):
    results = [cross_validate([Guess()], sessions, seeds=[0], guard=2) for _ in range(2)]
    # NaN differs from itself, so texts are compared
    assert str(results[0].scores()) == str(results[1].scores())


def test_paired_differences_have_a_sign_an_interval_and_a_share_of_sessions(sessions):
    methods = [Guess("fine", 0.02, 0.02), Guess("base", 0.1, 0.2, is_random=False)]
    result = cross_validate(methods, sessions, seeds=range(2), guard=2)
    comparison = result.compare("base")
    error = comparison.row("fine", ALL_SESSIONS, "position", "median_error")
    assert error.low < error.value < error.high < 0
    assert (error.unit, error.n_sessions, error.share_better) == ("m", 2, 1.0)
    each = [comparison.row("fine", name, "position", "median_error").value for name in ("rat 1", "rat 2")]
    assert error.value == pytest.approx(np.mean(each))
    accuracy = comparison.row("fine", ALL_SESSIONS, "direction", "accuracy")
    assert accuracy.low > 0
    assert accuracy.share_better == 1.0
    assert accuracy.unit == ""


def test_methods_that_err_in_the_same_laps_differ_surely(sessions):
    """What is hard for both does not blur the difference: it is paired."""

    @dataclass
    class Shifted(Guess):
        shift: float = 0.0

        def predict(self, train, test, seed):
            predictions = super().predict(train, test, 0)
            lap = np.round(predictions[0].time / 0.5)
            hard = 0.3 * np.abs(np.sin(7.0 * lap))
            predicted = predictions[0].truth[:, 0] + hard + self.shift
            return [Prediction.of(test[0], "position", predicted), *predictions[1:]]

    methods = [Shifted("a"), Shifted("b", shift=0.01)]
    result = cross_validate(methods, sessions[:1], seeds=[0], guard=2)
    row = result.compare("a").row("b", "rat 1", "position", "mean_error")
    assert row.value == pytest.approx(0.01)
    assert (row.low, row.high) == pytest.approx((0.01, 0.01))
    own = score(result, "b").mean_error
    assert own.high - own.low > 0.05


def test_one_session_has_no_row_of_all_sessions(sessions):
    result = cross_validate([Guess("a"), Guess("b")], sessions[:1], seeds=[0], guard=2)
    assert {row.session for row in result.compare("a").differences} == {"rat 1"}


def test_unknown_baseline_is_named_with_those_that_exist(sessions):
    result = cross_validate([Guess("a"), Guess("b")], sessions[:1], seeds=[0], guard=2)
    with pytest.raises(KeyError, match="no method is called 'c': there are a, b"):
        result.compare("c")


def test_tables_set_circular_methods_apart(sessions):
    methods = [Guess("aligned", 0.01, uses_labels_of_test=True), Guess("label-free"), Guess("base", 0.2)]
    result = cross_validate(methods, sessions, seeds=range(2), guard=2)
    for text in (str(result), str(result.compare("base"))):
        decoding, circular = text.split("== circular (labels used)")
        assert "== decoding ==" in decoding
        assert "label-free" in decoding
        assert "aligned" not in decoding
        assert "no decoding" in circular
        assert "aligned" in circular
        assert "label-free" not in circular
        assert "position median error (cm)" in decoding
        assert "phase median error (rad)" in decoding
    assert "better in 2 of 2" in str(result.compare("base"))
    assert "5 contiguous folds of laps, 2 guard bins, 2 seeds" in str(result)


def test_lengths_of_a_metre_and_more_stay_in_metres(sessions):
    result = cross_validate([Guess("far", 3.0)], sessions, seeds=[0], guard=2)
    assert "position median error (m)" in str(result)


def test_frames_hold_the_unit_of_the_label_and_what_each_row_is(sessions):
    pytest.importorskip("pandas")
    methods = [Guess("aligned", 0.01, uses_labels_of_test=True), Guess("base", 0.2)]
    result = cross_validate(methods, sessions, seeds=range(2), guard=2)
    frame = result.to_frame()
    assert len(frame) == 2 * 2 * 3
    assert set(frame["meaning"]) == {"decoding", "circular (labels used)"}
    position = frame[(frame["label"] == "position") & (frame["method"] == "base")]
    assert (position["unit"] == "m").all()
    assert (position["median_error_low"] < position["median_error"]).all()
    differences = result.compare("base").to_frame()
    assert set(differences["session"]) == {"rat 1", "rat 2", ALL_SESSIONS}
    assert differences["is_circular"].all()


def test_bins_without_a_label_are_left_out(sessions):
    position = sessions[0].labels["position"].copy()
    position[: 2 * LAP] = np.nan
    labels = dict(sessions[0].labels) | {"position": position}
    known_later = sessions[0].replace(labels=labels)
    result = cross_validate([Guess()], [known_later], seeds=[0], guard=2)
    assert (score(result, "guess").n_bins, score(result, "guess").n_laps) == (10 * LAP, 10)
    assert score(result, "guess", label="direction").n_laps == 12
    assert "rat 1 (12 laps, 240 bins)" in str(result)


def test_work_that_was_stopped_goes_on_where_it_was(sessions, tmp_path):
    control = TrainingControl()

    class Stopping(Guess):
        def predict(self, train, test, seed):
            if len(self.asked) == 2:
                control.stop()
            return super().predict(train, test, seed)

    told: list[tuple[float, str]] = []
    partial = cross_validate(
        [Stopping()],
        sessions,
        n_folds=4,
        seeds=range(2),
        guard=2,
        cache=tmp_path / "kept",
        control=control,
        on_progress=lambda share, what: told.append((share, what)),
    )
    assert not partial.is_complete
    assert (partial.n_done, partial.n_planned) == (3, 8)
    assert "incomplete: 3 of 8 fits are done" in str(partial)
    assert score(partial, "guess").n_laps == 9
    assert told[0] == (0.0, "guess, fold 1 of 4, seed 0")
    assert told[-1] == (3 / 8, "stopped")
    method = Guess()
    whole = cross_validate([method], sessions, n_folds=4, seeds=range(2), guard=2, cache=tmp_path / "kept")
    assert len(method.asked) == 5
    assert whole.is_complete
    fresh = cross_validate([Guess()], sessions, n_folds=4, seeds=range(2), guard=2)
    assert str(whole.scores()) == str(fresh.scores())


def test_training_that_is_stopped_midway_leaves_what_was_done(sessions):
    from napari_unison.analysis.encoders.encoder_fits import FitStoppedError

    control = TrainingControl()

    class Training(Guess):
        def predict(self, train, test, seed):
            if len(self.asked) == 1:
                control.stop()
                raise FitStoppedError("stopped")
            return super().predict(train, test, seed)

    result = cross_validate([Training()], sessions, seeds=[0], guard=2, control=control)
    assert result.n_done == 1


def test_seeds_that_were_stopped_midway_are_not_mixed_with_whole_ones(sessions):
    control = TrainingControl()
    method = Guess()
    result = cross_validate(
        [method],
        sessions,
        n_folds=4,
        seeds=range(2),
        guard=2,
        control=control,
        on_progress=lambda share, _: control.stop() if share >= 6 / 8 else None,
    )
    assert result.methods[0].folds == {0: (0, 1, 2, 3), 1: (0, 1, 2)}
    assert score(result, "guess").n_seeds == 1
    assert score(result, "guess").n_laps == 12


def test_nothing_done_says_so(sessions):
    control = TrainingControl()
    control.stop()
    result = cross_validate([Guess("a"), Guess("b")], sessions, seeds=[0], guard=2, control=control)
    assert result.scores() == ()
    assert "no fit is done" in str(result)
    assert result.compare("a").differences == ()


def kept_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.npz"))


def test_other_data_settings_guard_seed_or_code_are_computed_anew(sessions, tmp_path, monkeypatch):
    def n_fits(method=None, data=sessions, **changes) -> int:
        method = method or Guess()
        options = {"n_folds": 3, "seeds": [0], "guard": 2} | changes
        cross_validate([method], data, cache=tmp_path, **options)
        return len(method.asked)

    assert n_fits() == 3
    assert n_fits() == 0
    assert n_fits(guard=3) == 3
    assert n_fits(seeds=[1]) == 3
    assert n_fits(Guess(error=0.2)) == 3
    assert n_fits(data=[sessions[0], sessions[1].replace(neural=np.ones((300, 1)))]) == 3
    assert n_fits(data=sessions[:1]) == 3
    assert n_fits(test_segments="known") == 3
    assert n_fits() == 0
    monkeypatch.setattr("napari_unison.analysis.protocol.results_version.RESULTS_VERSION", 999)
    assert n_fits() == 3


def test_what_is_there_so_far_is_shown_without_fitting_the_rest(sessions, tmp_path):
    cross_validate([Guess()], sessions, n_folds=3, seeds=[0], guard=2, cache=tmp_path)
    method = Guess()
    result = cross_validate(
        [method], sessions, n_folds=3, seeds=[0, 1], guard=2, cache=tmp_path, missing="skip"
    )
    assert method.asked == []
    assert (result.n_done, result.n_planned) == (3, 6)
    assert score(result, "guess").n_seeds == 1


@pytest.mark.parametrize("damage", ["cut", "foreign", "swapped", "other truth"])
def test_files_that_are_not_what_they_should_be_are_computed_again(sessions, tmp_path, damage):
    def run():
        method = Guess()
        result = cross_validate([method], sessions, n_folds=3, seeds=[0], guard=2, cache=tmp_path)
        return len(method.asked), str(result.scores())

    _, before = run()
    file, other, _ = kept_files(tmp_path)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif damage == "foreign":
        np.savez(file, weights=np.zeros(3))
    elif damage == "swapped":
        file.write_bytes(other.read_bytes())
    else:
        arrays = dict(np.load(file))
        arrays["0/truth"] = arrays["0/truth"] + 0.5
        np.savez(file, **arrays)
    with pytest.warns(UserWarning, match=f"{file.name} is damaged or holds other predictions"):
        assert run() == (1, before)
    assert run() == (0, before)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_is_no_folder_to_keep_predictions_in(sessions, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file: give a folder"):
        cross_validate([Guess()], sessions, seeds=[0], guard=2, cache=tmp_path / "file")


@pytest.mark.parametrize(
    ("methods", "options", "said"),
    [
        ([], {}, "there are no methods"),
        ([Guess()], {"seeds": []}, r"seeds are \[\]"),
        ([Guess()], {"seeds": [1, 1]}, r"seeds are \[1, 1\]"),
        ([Guess(error=1.0), Guess(error=2.0)], {}, "two methods are called 'guess'"),
        ([Guess()], {"n_folds": 13}, "session 'rat 1' has 12 laps, too few for 13 folds"),
    ],
)
def test_what_makes_no_sense_is_refused_before_work(sessions, methods, options, said):
    with pytest.raises(ValueError, match=said):
        cross_validate(methods, sessions, **{"guard": 2, "seeds": [0]} | options)


def test_methods_with_the_same_settings_cannot_share_a_folder(sessions, tmp_path):
    class Same(Guess):
        settings = "the same"

    with pytest.raises(ValueError, match="'a' and 'b' have the same settings"):
        cross_validate([Same("a"), Same("b")], sessions, seeds=[0], guard=2, cache=tmp_path)


def spoiled(change):
    """Return a method whose predictions are changed."""

    class Spoiled(Guess):
        def predict(self, train, test, seed):
            return change(super().predict(train, test, seed), test)

    return Spoiled("spoiled", is_random=False)


def unknown(predictions, test):
    position = test[0].labels["position"].copy()
    position[3] = np.nan
    return [Prediction.of(test[0], "position", position), *predictions[1:]]


def numbered(predictions, test):
    direction = Prediction.of(test[0], "direction", np.zeros(test[0].n_bins, dtype=np.int64))
    return [predictions[0], direction, predictions[2]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (numbered, "label 'direction': predictions are of type int64, the label of type"),
        (lambda predictions, _: predictions[1:], "predictions of rat 1/direction, rat 1/phase"),
        (lambda predictions, _: [*predictions, predictions[0]], "one each of"),
        (unknown, "session 'rat 1', label 'position': 1 of 80 bins have no prediction"),
        (
            lambda predictions, test: [
                Prediction.of(test[0][:9], "position", np.zeros(9)),
                *predictions[1:],
            ],
            "the bins predicted, or their true labels, are not those",
        ),
    ],
)
def test_method_that_does_not_predict_what_was_asked_is_named(sessions, change, said):
    with pytest.raises(ValueError, match=rf"spoiled, fold 1 of 3: .*{said}"):
        cross_validate([spoiled(change)], sessions[:1], n_folds=3, seeds=[0], guard=2)


def test_errors_of_a_method_say_where_they_happened(sessions):
    def fail(predictions, test):
        raise RuntimeError("no spikes")

    with pytest.raises(RuntimeError, match="no spikes") as raised:
        cross_validate([spoiled(fail)], sessions, seeds=[0], guard=2)
    assert raised.value.__notes__ == ["This happened in spoiled, fold 1 of 5."]


class SeesBorders(Guess):
    """Says right in the first piece that it is shown, left in all others."""

    def predict(self, train, test, seed):
        return [
            Prediction.of(session, label, np.where(session.segment == session.segment[0], "right", "left"))
            if label == "direction"
            else Prediction.of(session, label, session.labels[label])
            for session in test
            for label in session.labels
        ]


def test_methods_do_not_see_borders_of_laps_but_are_scored_by_lap(sessions):
    found = {}
    for shown in ("hidden", "known"):
        result = cross_validate(
            [SeesBorders()], sessions[:1], n_folds=6, seeds=[0], guard=2, test_segments=shown
        )
        found[shown] = score(result, "guess", label="direction")
        assert f"borders of the laps to decode {shown}" in str(result)
    # each fold tests a lap to the right and one to the left
    assert found["known"].accuracy.value == 1
    assert found["hidden"].accuracy.value == 0.5
    assert found["known"].n_laps == found["hidden"].n_laps == 12
