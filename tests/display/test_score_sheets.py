"""Scores laid out for a narrow table: units, intervals, what is decoding and what is not."""

from __future__ import annotations

import math

import pytest

from made_scores import ALIKE, BETTER, MAIN, made_quick_scores, made_study
from napari_unison.analysis import StudyOptions
from napari_unison.display.score_sheets import quick_sheets, score_frame, study_sheets


@pytest.fixture(scope="module")
def study():
    return made_study(StudyOptions(is_quick=True, n_folds=2, n_permutations=19))


def test_a_study_has_a_sheet_a_session_and_one_of_differences(study) -> None:
    assert [sheet.session for sheet in study_sheets(study)] == ["rat 1", "rat 2", "all sessions"]


def test_columns_name_label_measure_and_unit(study) -> None:
    sheet = study_sheets(study)[0]
    assert sheet.columns == ("position\nmedian error (cm)", "position\nR²", "direction\naccuracy")


def test_cells_have_an_interval_that_holds_the_value(study) -> None:
    (main, *_) = study_sheets(study)[0].sections[0].rows
    assert main.name == MAIN
    value, interval = main.cells[0].split("\n")
    low, high = map(float, interval.strip("[]").split(", "))
    assert low <= float(value) <= high
    assert 10 < float(value) < 17


def test_decoding_and_aligned_scores_are_apart_and_the_controls_stand_with_the_aligned_one(study) -> None:
    decoding, aligned = study_sheets(study)[0].sections
    assert [row.name for row in decoding.rows][:3] == [MAIN, BETTER, ALIKE]
    assert "aligned" not in [row.name for row in decoding.rows]
    assert aligned.title.startswith("aligned score with its controls")
    assert [row.name for row in aligned.rows][1:4] == [
        "aligned",
        "aligned, own neurons silenced",
        "aligned by wrong labels, against those",
    ]
    assert aligned.rows[1].meaning == "circular (labels used)"


def test_the_null_is_a_row_with_what_chance_gave_at_most(study) -> None:
    null = study_sheets(study)[0].sections[0].rows[-1]
    assert null.name == "null: labels permuted by lap"
    assert null.cells == ("–", "-0.02\n" + "up to 0.05", "–")
    assert any("is above the null" in sentence for sentence in study_sheets(study)[0].words)


def test_without_a_null_there_is_no_row_of_it() -> None:
    rows = study_sheets(made_study())[0].sections[0].rows
    assert [row.name for row in rows] == [MAIN, BETTER, ALIKE]


def test_words_say_which_method_is_better_with_the_size_of_the_difference(study) -> None:
    position = study_sheets(study)[0].words[0]
    assert position.startswith(f"position median error: {MAIN}, ")
    better, undecided = position.split(". ")[1:]
    assert better.startswith(f"Better than it: {BETTER} by ")
    assert "cm [" in better
    assert undecided == f"No clear difference: {ALIKE}."


def test_words_turn_round_where_the_encoder_is_better() -> None:
    study = made_study()
    worse = study.protocol.compare(BETTER)
    from napari_unison.display.comparison_words import comparison_words

    words = comparison_words(study.protocol, worse, "rat 1")
    assert f"Worse: {MAIN} by " in words[0]
    assert f"Worse: {MAIN} by 0." in words[1]


def test_the_verdict_on_the_aligned_score_stands_below_it(study) -> None:
    for sheet in study_sheets(study)[:2]:
        verdict = f"The aligned score says nothing about the neurons of {sheet.session}"
        assert any(sentence.startswith(verdict) for sentence in sheet.words)


def test_differences_over_sessions_have_a_sign_and_say_how_often(study) -> None:
    (section,) = study_sheets(study)[-1].sections
    assert section.title == f"difference to {MAIN} · mean over sessions"
    better = section.rows[0]
    assert better.name == BETTER
    assert better.cells[0].startswith("-")
    assert better.cells[0].endswith("better in 2 of 2")
    assert better.cells[1].startswith("+")


def test_quick_scores_have_the_same_shape() -> None:
    sheets = quick_sheets(made_quick_scores())
    assert [sheet.session for sheet in sheets] == ["all sessions", "rat 1", "rat 2"]
    decoding, aligned = sheets[1].sections
    assert [row.cells for row in decoding.rows] == [("5.0", "0.60", "0.90")]
    assert [row.name for row in aligned.rows] == ["aligned", "aligned, own neurons silenced"]
    assert sheets[1].words[0].startswith("The aligned score says nothing about the neurons of rat 1")


def test_text_for_the_clipboard_has_a_line_a_row_and_no_line_breaks_inside(study) -> None:
    lines = study_sheets(study)[0].to_text().splitlines()
    header = lines[0].split("\t")
    assert header == [
        "rat 1",
        "what it is",
        "position median error (cm)",
        "position R²",
        "direction accuracy",
    ]
    main = next(line for line in lines if line.startswith(MAIN)).split("\t")
    assert len(main) == len(header)
    assert main[1] == "decoding"


def test_the_exported_table_says_of_every_row_what_it_is_and_on_what(study) -> None:
    frame = score_frame(study)
    assert set(frame["meaning"]) == {"decoding", "circular (labels used)", "control of the aligned score"}
    assert frame["scored_on"].notna().all()
    main = frame[(frame["method"] == MAIN) & (frame["session"] == "rat 1") & (frame["label"] == "position")]
    [row] = main.to_dict("records")
    assert row["unit"] == "m"
    assert 0.1 < row["median_error"] < 0.17
    assert row["median_error_low"] < row["median_error"] < row["median_error_high"]
    assert math.isnan(row["accuracy"])
    permuted = frame[frame["method"].str.contains("labels permuted by lap")]
    assert len(permuted) == 19 * 2
    assert set(permuted["meaning"]) == {"control of the aligned score"}


def test_quick_scores_are_exported_too() -> None:
    frame = score_frame(made_quick_scores())
    assert list(frame["method"].unique()) == ["label-free", "aligned", "aligned, own neurons silenced"]
    assert set(frame["scored_on"]) == {"scored on the last 20 % of each session"}
