"""Studies that were stopped go on; runs stand side by side; figure and page of a study."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from made_scores import BETTER, MAIN, made_quick_scores, made_runs, made_study
from napari_unison.analysis import DecodingStudy, StudyOptions
from napari_unison.analysis.study_files import FITS
from napari_unison.encoder import UnifiedEncoder
from napari_unison.workspace import Workspace, WorkspaceError
from napari_unison.workspace.study_fits import LONGEST_KEPT

PATIENCE = 300
FEW = {"methods": ("label-free", "components"), "n_folds": 2, "with_controls": False}


@pytest.fixture
def trained(workspace) -> Workspace:
    workspace.train().wait(PATIENCE)
    return workspace


@pytest.fixture
def two_runs(trained) -> Workspace:
    """Two runs with made studies of the same recordings: the second run errs less."""
    trained.train(temperature=0.5).wait(PATIENCE)
    for run, error in zip(trained.runs, (0.2, 0.05), strict=True):
        run.studies["quick"] = study_that_errs_by(error)
        run.quick_scores = made_quick_scores()
    return trained


def study_that_errs_by(error: float, **checksums: str) -> DecodingStudy:
    from dataclasses import replace

    study = made_study()
    methods = (made_runs(MAIN, error), *study.protocol.methods[1:])
    return replace(
        study,
        protocol=replace(study.protocol, methods=methods),
        session_checksums={"rat 1": "one", "rat 2": "two"} | checksums,
    )


def stopped_in_the_second_fold(workspace: Workspace) -> None:
    def stop(job) -> None:
        if "fold 2" in job.phase:
            job.stop()

    workspace.events.job.connect(stop)
    job = workspace.decode(**FEW)
    assert job.wait(PATIENCE) is None
    assert job.state == "stopped"
    workspace.events.job.disconnect(stop)


def phases_of(workspace: Workspace) -> list[str]:
    phases: list[str] = []
    workspace.events.job.connect(lambda job: phases.append(job.phase))
    return phases


# -- stopped, and gone on with ---------------------------------------------------------------------------


def test_a_stopped_study_goes_on_and_says_what_it_found(trained) -> None:
    stopped_in_the_second_fold(trained)
    assert str(trained.run.unfinished["quick"]) == "Quick study, stopped at 60%"
    assert trained.run.studies == {}
    phases = phases_of(trained)
    study = trained.resume_decoding().wait(PATIENCE)
    assert study.is_complete
    assert study.options.methods == FEW["methods"]
    assert trained.run.studies == {"quick": study}
    assert trained.run.unfinished == {}
    assert any(phase.endswith("· 2 of 4 fits found") for phase in phases)


def test_what_is_done_is_not_computed_again(trained, monkeypatch) -> None:
    stopped_in_the_second_fold(trained)
    fitted: list[int] = []
    fit = UnifiedEncoder.fit

    def counted(self, sessions, *args, **kwargs):
        fitted.append(len(sessions))
        return fit(self, sessions, *args, **kwargs)

    monkeypatch.setattr(UnifiedEncoder, "fit", counted)
    trained.decode(**FEW).wait(PATIENCE)
    assert len(fitted) == 1


def test_a_study_without_a_stop_before_it_cannot_be_resumed(trained) -> None:
    with pytest.raises(WorkspaceError, match="no full study of run 1 was stopped"):
        trained.resume_decoding("full")


def test_fits_of_a_run_that_was_not_saved_are_removed_at_the_end(trained, fits_of_their_own) -> None:
    trained.decode(**FEW).wait(PATIENCE)
    (folder,) = fits_of_their_own.iterdir()
    assert list(folder.glob("*.npz"))
    trained.close()
    assert not folder.exists()


def test_fits_of_a_study_that_was_stopped_outlive_the_window(
    trained, small_sessions, fits_of_their_own
) -> None:
    stopped_in_the_second_fold(trained)
    config = trained.config
    trained.close()
    again = Workspace(small_sessions)
    again.config = config
    again.train().wait(PATIENCE)
    phases = phases_of(again)
    assert again.decode(**FEW).wait(PATIENCE).is_complete
    assert any("2 of 4 fits found" in phase for phase in phases)
    again.close()
    assert not list(fits_of_their_own.iterdir())


def test_what_nobody_went_on_with_is_removed_after_a_month(trained, fits_of_their_own) -> None:
    for name, age in (("old", LONGEST_KEPT + 100), ("young", LONGEST_KEPT - 1000)):
        folder = fits_of_their_own / name
        folder.mkdir(parents=True)
        then = time.time() - age
        os.utime(folder, (then, then))
    trained.decode(**FEW).wait(PATIENCE)
    assert not (fits_of_their_own / "old").exists()
    assert (fits_of_their_own / "young").exists()


def test_a_saved_run_keeps_its_fits_and_a_new_window_goes_on(trained, tmp_path, fits_of_their_own) -> None:
    folder = trained.save(tmp_path / "rats")
    stopped_in_the_second_fold(trained)
    assert list((folder / FITS).glob("*.npz"))
    assert not fits_of_their_own.exists()
    trained.close()
    again = Workspace()
    again.open(folder)
    assert str(again.run.unfinished["quick"]) == "Quick study, stopped at 60%"
    assert again.resume_decoding().wait(PATIENCE).is_complete
    assert again.run.unfinished == {}
    again.close()
    assert list((folder / FITS).glob("*.npz"))


def test_saving_a_run_takes_its_stopped_study_along(trained, tmp_path) -> None:
    stopped_in_the_second_fold(trained)
    folder = trained.save(tmp_path / "rats")
    again = Workspace()
    again.open(folder)
    phases = phases_of(again)
    assert again.resume_decoding().wait(PATIENCE).is_complete
    assert any("2 of 4 fits found" in phase for phase in phases)
    again.close()


def test_a_run_whose_folder_is_gone_keeps_its_fits_elsewhere(trained, tmp_path, fits_of_their_own) -> None:
    folder = trained.save(tmp_path / "rats")
    shutil.rmtree(folder)
    trained.decode(**FEW).wait(PATIENCE)
    assert not folder.exists()
    assert list(fits_of_their_own.iterdir())


def test_a_study_runs_where_fits_cannot_be_kept(trained, fits_of_their_own, recorded) -> None:
    fits_of_their_own.parent.mkdir(parents=True, exist_ok=True)
    fits_of_their_own.write_text("a file")
    warned = recorded(trained.events.warned)
    assert trained.decode(**FEW).wait(PATIENCE).is_complete
    assert any("Fits cannot be kept" in text for (text,) in warned)


# -- runs side by side -----------------------------------------------------------------------------------


def test_runs_stand_side_by_side_with_their_difference_and_what_differs(two_runs) -> None:
    found = two_runs.compare_scores("quick")
    assert found.runs == ("run 1", "run 2")
    assert [sheet.session for sheet in found.sheets] == ["rat 1", "rat 2", "all sessions"]
    (section,) = found.sheets[0].sections
    assert section.title == f"decoding · {MAIN}"
    assert [row.name for row in section.rows] == ["run 1", "run 2"]
    own = two_runs.runs[0].studies["quick"].protocol.scores()
    error = next(s for s in own if (s.method, s.session, s.label) == (MAIN, "rat 1", "position")).median_error
    assert section.rows[0].cells[0].split() == [
        f"{100 * error.value:.1f}", f"[{100 * error.low:.1f},", f"{100 * error.high:.1f}]"
    ]  # fmt: skip
    assert found.sheets[0].columns[0] == "position\nmedian error (cm)"
    assert "Better than it: run 2 by" in found.sheets[0].words[0]
    assert found.differs.rows["temperature"] == ("1", "0.5")
    frame = found.to_frame()
    assert set(frame["run"]) == {"run 1", "run 2"}
    assert {"median_error_low", "r2_high", "accuracy"} <= set(frame.columns)
    text = str(found)
    assert text.startswith("Runs side by side, quick study: run 1, run 2")
    assert "temperature" in text
    assert BETTER not in text


def test_the_first_name_is_what_others_are_compared_with(two_runs) -> None:
    found = two_runs.compare_scores("quick", "run 2", "run 1")
    assert found.runs == ("run 2", "run 1")
    assert "Worse: run 1 by" in found.sheets[0].words[0]
    with pytest.raises(WorkspaceError, match="there is no run 'run 9'; the runs are run 1, run 2"):
        two_runs.compare_scores("quick", "run 9")
    with pytest.raises(WorkspaceError, match="no scores 'slow': choose from held-out, quick, full"):
        two_runs.compare_scores("slow")


def test_intervals_are_drawn_once_and_in_the_background_where_asked(two_runs, monkeypatch) -> None:
    job = two_runs.compare_scores("quick", background=True)
    found = job.wait(PATIENCE)
    monkeypatch.setattr("napari_unison.display.run_sheets.study_run_sheets", None)
    assert two_runs.compare_scores("quick").sheets is found.sheets
    two_runs.runs[1].studies["quick"] = study_that_errs_by(0.1)
    with pytest.raises(TypeError):
        two_runs.compare_scores("quick")


def test_runs_of_other_recordings_stand_beside_without_a_difference(two_runs) -> None:
    two_runs.runs[1].studies["quick"] = study_that_errs_by(0.05, **{"rat 2": "changed"})
    found = two_runs.compare_scores("quick")
    assert [row.name for row in found.sheets[1].sections[0].rows] == ["run 1", "run 2"]
    assert found.sheets[1].words == ()
    assert [sheet.session for sheet in found.sheets] == ["rat 1", "rat 2"]
    assert found.notes == (
        "run 2 was scored on other bins or laps of rat 2 than run 1: no difference is given",
    )


def test_runs_without_scores_are_named(two_runs) -> None:
    del two_runs.runs[0].studies["quick"]
    found = two_runs.compare_scores("quick")
    assert found.runs == ("run 2",)
    assert found.notes == ("run 1: no quick study yet",)
    nothing = two_runs.compare_scores("full")
    assert nothing.sheets == []
    assert "run 1, run 2: no full study yet" in str(nothing)
    with pytest.raises(ValueError, match="nothing to tabulate"):
        nothing.to_frame()


def test_quick_scores_stand_side_by_side_without_intervals(two_runs) -> None:
    found = two_runs.compare_scores("held-out")
    rows = found.sheets[1].sections[0].rows
    assert [(row.name, row.cells) for row in rows] == [
        ("run 1", ("5.0", "0.60", "0.90")),
        ("run 2", ("5.0", "0.60", "0.90")),
    ]
    assert "small differences mean little" in found.notes[0]
    assert set(found.to_frame()["run"]) == {"run 1", "run 2"}


def test_how_the_runs_were_studied_differs_too(two_runs) -> None:
    from dataclasses import replace

    study = two_runs.runs[1].studies["quick"]
    options = StudyOptions(is_quick=True, n_folds=3, decoder="linear")
    two_runs.runs[1].studies["quick"] = replace(
        study, options=options, protocol=replace(study.protocol, n_folds=3)
    )
    found = two_runs.compare_scores("quick")
    assert found.differs.rows["study: folds"] == ("2", "3")
    assert found.differs.rows["study: decoder"] == ("knn", "linear")
    assert any("was trained on other folds" in note for note in found.notes)


# -- figure and page -------------------------------------------------------------------------------------


def test_the_figure_of_a_study_names_its_methods(two_runs) -> None:
    figure = two_runs.study_figure("quick")
    assert "quick study, a first look: 500 training steps" in figure.get_suptitle()
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [MAIN, BETTER, "principal components"]
    with pytest.raises(WorkspaceError, match="no full study of run 2 yet"):
        two_runs.study_figure("full")


def test_the_page_about_a_run_holds_the_study_of_the_window(two_runs, tmp_path) -> None:
    page = tmp_path / "page.html"
    with pytest.raises(WorkspaceError, match="run 2 was not saved yet"):
        two_runs.save_report(page)
    two_runs.save(tmp_path / "rats")
    job = two_runs.save_report(page)
    assert job.wait(PATIENCE) == page
    assert MAIN in page.read_text(encoding="utf-8")
    with pytest.raises(WorkspaceError, match="exists: choose another name"):
        two_runs.save_report(page)
    with pytest.raises(WorkspaceError, match=r"ends in \.html"):
        two_runs.save_report(tmp_path / "page.pdf")
