"""A whole decoding study: which methods apply, what it says, stopping and going on, files."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_rats import quick_config, rats

from napari_unison.analysis import (
    DecodingStudy,
    DecodingStudyError,
    StudyOptions,
    TimeContext,
    kept_fits,
    study_decoding,
    unfinished_study,
)
from napari_unison.analysis.study_files import (
    StudyFileError,
    has_study,
    load_study,
    save_study,
    study_folder,
    study_kept,
    study_of_run,
)
from napari_unison.encoder import EncoderConfig, TrainingControl, UnifiedEncoder
from napari_unison.sessions import Session

FEW = StudyOptions(methods=("label-free", "neighbours", "bayesian"), n_folds=2, seeds=(0,), context=None)
BAYES = "Bayesian place decoder (250 ms)"


def config() -> EncoderConfig:
    return quick_config(max_iterations=3, batch_size=32)


@pytest.fixture(scope="module")
def two_rats() -> list[Session]:
    return rats("rat 1", "rat 2", n_bins=600)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fits")


@pytest.fixture(scope="module")
def study(two_rats: list[Session], cache: Path) -> DecodingStudy:
    options = StudyOptions(methods=FEW.methods, n_folds=2, seeds=(0, 1), n_permutations=1)
    return study_decoding(two_rats, config(), options, cache=cache)


def names(study: DecodingStudy) -> list[str]:
    return [method.name for method in study.protocol.methods]


def test_a_study_holds_protocol_controls_and_null(study: DecodingStudy) -> None:
    assert study.is_complete
    assert names(study)[0] == study.main == "unified encoder, label-free (nearest neighbours)"
    assert BAYES in names(study)
    assert study.controls is not None
    assert "fold 1 of 2, one seed" in study.controls.title
    assert study.null is not None
    assert study.null.n_permutations == 1
    differences = study.differences()
    assert differences is not None
    assert differences.baseline == study.main
    text = str(study)
    assert "2 seeds" in text
    assert "difference to unified encoder, label-free" in text
    assert "aligned, own neurons silenced" in text
    assert "labels permuted by lap" in text
    assert set(study.to_frame()["method"]) == set(names(study))


def test_activity_below_zero_leaves_the_bayesian_decoder_out(two_rats: list[Session]) -> None:
    below = [rat.replace(neural=np.asarray(rat.neural) - 0.5) for rat in two_rats]
    options = StudyOptions(methods=FEW.methods[1:], n_folds=2, seeds=(0,), with_controls=False)
    found = study_decoding(below, config(), options)
    assert names(found) == ["nearest neighbours on smoothed activity (250 ms)"]
    assert any("bayesian is left out" in note and "activity below 0" in note for note in found.notes)
    assert "bayesian is left out" in str(found)


def test_labels_that_are_no_single_place_leave_decoders_of_places_out(two_rats: list[Session]) -> None:
    two_places = [
        rat.replace(labels={**rat.labels, "height": rat.labels["position"] ** 2}) for rat in two_rats
    ]
    options = StudyOptions(
        methods=("neighbours", "bayesian", "network"),
        n_folds=2,
        seeds=(0,),
        context=None,
        with_controls=False,
    )
    found = study_decoding(two_places, config(), options)
    assert len(names(found)) == 1
    assert [note.partition(" is left out")[0] for note in found.notes] == ["bayesian", "network"]


def test_one_session_has_nothing_to_align_or_to_pool(two_rats: list[Session]) -> None:
    options = StudyOptions(
        methods=("label-free", "aligned-bank", "other-sessions", "single-session"), n_folds=2, seeds=(0,)
    )
    found = study_decoding(two_rats[:1], config(), options)
    assert names(found) == [found.main]
    assert found.controls is None
    assert found.differences() is None
    assert "with one session nothing is aligned" in str(found)


def test_sessions_without_laps_or_with_too_few_are_refused_by_name(two_rats: list[Session]) -> None:
    with pytest.raises(DecodingStudyError, match=r"at least as many laps .* session 'rat 1' has \d+"):
        study_decoding(two_rats, config(), StudyOptions(n_folds=90))
    placeless = [rat.replace(labels={"position": rat.labels["position"]}, segment=None) for rat in two_rats]
    with pytest.raises(DecodingStudyError, match=r"'rat 1' is one segment, and none of its labels is disc"):
        study_decoding(placeless, config(), FEW)


def test_nothing_left_to_run_is_said(two_rats: list[Session]) -> None:
    with pytest.raises(DecodingStudyError, match=r"no method is left to run. other-sessions is left out"):
        study_decoding(two_rats[:1], config(), StudyOptions(methods=("other-sessions",), n_folds=2))


def test_decoders_see_the_time_around_a_bin_where_sessions_are_long_enough(two_rats: list[Session]) -> None:
    methods = ("neighbours", "bayesian")
    short = StudyOptions(methods=methods, n_folds=2, seeds=(0,), with_controls=False)
    alone = study_decoding(two_rats, config(), short)
    assert names(alone) == [BAYES, "nearest neighbours on smoothed activity (250 ms)"]
    assert any("one bin at a time" in note and "rat 1, rat 2" in note for note in alone.notes)
    around = replace(short, context=TimeContext(0.2, (0.2,)))
    found = study_decoding(two_rats, config(), around)
    assert names(found) == [BAYES, "nearest neighbours on smoothed activity (200 ms, ±0.3 s)"]
    assert found.protocol.guard == 10 + 8 + 2 * 8
    assert not found.notes


def test_wrong_options_name_what_there_is() -> None:
    with pytest.raises(DecodingStudyError, match=r"no method 'magic': choose from label-free, "):
        StudyOptions(methods=("magic",))
    with pytest.raises(DecodingStudyError, match="each once"):
        StudyOptions(seeds=(1, 1))
    with pytest.raises(DecodingStudyError, match="at least two folds"):
        StudyOptions(n_folds=1)
    with pytest.raises(DecodingStudyError, match="iterations 1 or more"):
        StudyOptions(iterations=0)


def test_a_quick_study_is_short_and_says_that_it_is_quick(two_rats: list[Session], cache: Path) -> None:
    assert StudyOptions(is_quick=True).config_for_fits(EncoderConfig()).max_iterations == 500
    assert StudyOptions(is_quick=True, iterations=7).config_for_fits(EncoderConfig()).max_iterations == 7
    assert StudyOptions(iterations=800).config_for_fits(EncoderConfig()).max_iterations == 800
    quick = StudyOptions(methods=("neighbours",), n_folds=2, is_quick=True, with_controls=False)
    found = study_decoding(two_rats, config(), quick, cache=cache)
    assert found.protocol.seeds == (0,)
    assert str(found).startswith("Quick decoding study, a first look: 3 training steps")


def test_a_stopped_study_keeps_what_is_done_and_goes_on(two_rats: list[Session], tmp_path: Path) -> None:
    control = TrainingControl()

    def stop_in_the_second_fold(_share: float, what: str) -> None:
        if "fold 2" in what:
            control.stop()

    stopped = study_decoding(
        two_rats, config(), FEW, cache=tmp_path, on_progress=stop_in_the_second_fold, control=control
    )
    assert not stopped.is_complete
    assert 0 < stopped.protocol.n_done < stopped.protocol.n_planned
    assert "incomplete" in stopped.title
    unfinished = unfinished_study(tmp_path, quick=False)
    assert unfinished is not None
    assert unfinished.options == FEW
    assert str(unfinished).startswith("Full study, stopped at ")
    assert 0 < unfinished.share < 1
    assert unfinished_study(tmp_path, quick=True) is None
    kept = kept_fits(two_rats, config(), FEW, tmp_path)
    assert (kept.n_kept, kept.n_protocol) == (stopped.protocol.n_done, stopped.protocol.n_planned)
    assert str(kept) == f"{kept.n_kept} of {kept.n_protocol} fits found"
    before = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.npz")}
    finished = study_decoding(two_rats, config(), FEW, cache=tmp_path)
    assert finished.is_complete
    assert unfinished_study(tmp_path, quick=False) is None
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_nothing_is_trained_again_that_is_kept(
    study: DecodingStudy, two_rats: list[Session], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(UnifiedEncoder, "fit", refuse)
    again = study_decoding(two_rats, config(), study.options, cache=cache)
    assert str(again) == str(study)


def test_progress_only_grows_and_tells_the_step_of_a_training(two_rats: list[Session]) -> None:
    told: list[tuple[float, str]] = []
    study_decoding(two_rats, config(), FEW, on_progress=lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any("step 3 of 3" in what for _, what in told)


def test_a_study_comes_back_from_its_files(
    study: DecodingStudy, two_rats: list[Session], tmp_path: Path
) -> None:
    files = save_study(study, tmp_path)
    assert {file.name for file in files} == {
        *("study.json", "predictions.npz", "tables.txt"),
        *("scores.csv", "differences.csv", "controls.csv", "null.csv"),
    }
    back = load_study(tmp_path)
    assert str(back) == str(study)
    assert (back.options, back.config, back.notes) == (study.options, study.config, study.notes)
    assert back.is_of(two_rats)
    assert not back.is_of(two_rats[:1])
    assert (tmp_path / "tables.txt").read_text(encoding="utf-8") == f"{study}\n"


def test_files_of_an_older_study_do_not_stay(
    study: DecodingStudy, two_rats: list[Session], tmp_path: Path
) -> None:
    save_study(study, tmp_path)
    alone = StudyOptions(methods=("neighbours",), n_folds=2, with_controls=False)
    save_study(study_decoding(two_rats, config(), alone), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        *("study.json", "predictions.npz", "tables.txt", "scores.csv")
    }
    assert load_study(tmp_path).controls is None


def test_the_full_study_of_a_run_goes_before_the_quick_one(study: DecodingStudy, tmp_path: Path) -> None:
    assert study_of_run(tmp_path) is None
    save_study(study, study_folder(tmp_path, quick=True))
    assert study_of_run(tmp_path) is not None
    assert not has_study(study_folder(tmp_path))
    (study_folder(tmp_path) / "study.json").write_text("{}")
    with pytest.raises(StudyFileError, match="cannot be read"):
        study_of_run(tmp_path)


def test_files_that_cannot_be_read_say_what_to_do(study: DecodingStudy, tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match="holds no decoding study"):
        load_study(tmp_path)
    save_study(study, tmp_path)
    facts = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
    (tmp_path / "study.json").write_text(json.dumps(facts | {"format_version": 99}))
    with pytest.raises(StudyFileError, match=r"has format 99.*update napari-unison"):
        load_study(tmp_path)
    (tmp_path / "study.json").write_text(json.dumps(facts))
    (tmp_path / "predictions.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(StudyFileError, match="copy it again, or run the study again"):
        load_study(tmp_path)


@pytest.mark.parametrize("fails", [False, True])
def test_writing_a_run_again_keeps_its_studies(study: DecodingStudy, tmp_path: Path, fails: bool) -> None:
    folder = tmp_path / "a.unison"
    save_study(study, study_folder(folder))

    def write_again() -> None:
        with study_kept(folder):
            if fails:
                raise OSError("disk full")
            shutil.rmtree(folder)
            folder.mkdir()

    if fails:
        with pytest.raises(OSError, match="disk full"):
            write_again()
    else:
        write_again()
    assert study_of_run(folder) is not None
    assert list(tmp_path.iterdir()) == [folder]


def test_fits_that_are_done_while_a_run_is_written_stay_beside_those_before(tmp_path: Path) -> None:
    fits = tmp_path / "rats.unison" / "decoding" / "fits"
    fits.mkdir(parents=True)
    (fits / "before.npz").write_text("before")
    with study_kept(tmp_path / "rats.unison"):
        fits.mkdir(parents=True)
        (fits / "meanwhile.npz").write_text("meanwhile")
    assert sorted(file.name for file in fits.iterdir()) == ["before.npz", "meanwhile.npz"]
    assert list(tmp_path.iterdir()) == [tmp_path / "rats.unison"]


def test_a_folder_that_is_gone_does_not_end_a_study(two_rats: list[Session], tmp_path: Path) -> None:
    options = replace(FEW, methods=("neighbours",), with_controls=False)

    def lose(_share: float, what: str) -> None:
        if "fold 1" in what:
            shutil.rmtree(tmp_path)

    with pytest.warns(UserWarning, match=r"could not be kept .* this study goes on"):
        study = study_decoding(two_rats, config(), options, cache=tmp_path, on_progress=lose)
    assert study.is_complete


def test_what_was_asked_of_another_study_stays_noted(two_rats: list[Session], tmp_path: Path) -> None:
    options = replace(FEW, methods=("neighbours",), with_controls=False)
    control = TrainingControl()
    control.stop()
    study_decoding(two_rats, config(), options, cache=tmp_path, control=control)
    study_decoding(two_rats, config(), replace(options, is_quick=True), cache=tmp_path)
    unfinished = unfinished_study(tmp_path, quick=False)
    assert unfinished is not None
    assert unfinished.options == options
    (tmp_path / "unfinished.json").write_text('{"options": {"methods": ["magic"]}, "share": 0.5}')
    assert unfinished_study(tmp_path, quick=False) is None
