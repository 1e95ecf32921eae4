from __future__ import annotations

import json

import numpy as np
import pytest

import label_free
import label_free_methods
from label_free_methods import METHODS, DataSet, data_sets, encoder_config, methods_of
from label_free_tables import markdown
from napari_unison import Session, sample_sessions
from napari_unison.analysis import EncoderFits
from napari_unison.sessions import segment_laps
from shared_work import Part, TimeLeft, do_all, taken


def _rats(_data) -> list[Session]:
    return [segment_laps(session[:1000]) for session in sample_sessions("linear-track")[:2]]


@pytest.fixture
def small(monkeypatch) -> None:
    sets = {"rats": DataSet("rats", "Two rats", "rats", True, _rats)}
    monkeypatch.setattr(label_free, "data_sets", lambda: sets)
    monkeypatch.setattr(label_free_methods, "BASELINE_WINDOWS", (0.25,))


def _arguments(tmp_path, *more: str) -> list[str]:
    to, document = tmp_path / "found.json", tmp_path / "tables.md"
    folders = ["--cache", str(tmp_path / "cache"), "--data", str(tmp_path)]
    return [*folders, "--to", str(to), "--document", str(document), "--folds", "2", *more]


@pytest.mark.usefixtures("small")
def test_one_command_makes_tables_and_repeats_nothing(tmp_path, monkeypatch) -> None:
    short = (
        "--methods",
        "label-free",
        "bayesian",
        "--decoders",
        "linear",
        "--seeds",
        "0",
        "--iterations",
        "3",
    )
    label_free.main(_arguments(tmp_path, *short))
    found = json.loads((tmp_path / "found.json").read_text())
    [rats] = found["data_sets"]
    assert rats["n_done"] == rats["n_planned"] == 2 * len(rats["methods"])
    assert {row["session"] for row in rats["scores"]} == {"rat 1", "rat 2"}
    bayesian = "Bayesian place decoder (250 ms)"
    scores = {
        row["method"]: row["value"]
        for row in rats["scores"]
        if (row["session"], row["measure"]) == ("rat 1", "median_error")
    }
    [difference] = [
        row
        for row in rats["differences"]
        if (row["session"], row["measure"], row["baseline"]) == ("rat 1", "median_error", bayesian)
    ]
    assert difference["value"] == pytest.approx(scores[rats["main"]] - scores[bayesian], abs=2e-5)
    assert difference["low"] <= difference["value"] <= difference["high"]
    text = (tmp_path / "tables.md").read_text()
    assert "| median position error (cm) | rat 1 | rat 2 |" in text
    assert text == markdown(found)

    def must_not_fit(*_, **__):
        raise AssertionError("it was kept")

    monkeypatch.setattr("napari_unison.analysis.BayesianPlaceDecoder.predict", must_not_fit)
    monkeypatch.setattr("napari_unison.analysis.LabelFreeEncoder.predict", must_not_fit)
    label_free.main(_arguments(tmp_path, *short))
    label_free.main(_arguments(tmp_path, *short, "--tables-only"))
    assert (tmp_path / "tables.md").read_text() == text


@pytest.mark.usefixtures("small")
def test_tables_of_what_is_there_so_far_fit_nothing(tmp_path) -> None:
    label_free.main(_arguments(tmp_path, "--methods", "bayesian", "label-free", "--tables-only"))
    [rats] = json.loads((tmp_path / "found.json").read_text())["data_sets"]
    assert rats["n_done"] == 0
    assert "Nothing to compare yet" in (tmp_path / "tables.md").read_text()


def test_every_method_has_settings_of_its_own_on_mice_too() -> None:
    config, source = encoder_config(None, 7)
    assert config.max_iterations == 7
    assert source.endswith("with 7 iterations")
    position = {"position": np.linspace(0, 1, 9)}
    frames = [Session(f"day {number}", np.zeros((9, 3)), position, 0.05) for number in range(2)]
    names = [name for name in METHODS if name != "cebra"]
    methods = methods_of(names, ["knn", "linear"], config, frames, EncoderFits())
    assert len({method.settings for method in methods}) == len({method.name for method in methods})
    assert len(methods) == len({method.name for method in methods})
    assert [one.name for one in data_sets().values() if not one.chose_settings] == ["C23M4-1", "C23M4-2"]


def test_a_part_is_taken_by_one_at_a_time(tmp_path) -> None:
    with taken(tmp_path, "rats, seed 0") as first:
        with taken(tmp_path, "rats, seed 0") as second:
            assert (first, second) == (True, False)
        with taken(tmp_path, "rats, seed 1") as other:
            assert other
    with taken(tmp_path, "rats, seed 0") as again:
        assert again


def test_parts_that_another_process_has_come_last(tmp_path, monkeypatch) -> None:
    done: list[str] = []
    parts = [Part(name, "kind", 1, lambda _, name=name: done.append(name)) for name in ("a", "b")]
    elsewhere = taken(tmp_path, "a")
    elsewhere.__enter__()
    monkeypatch.setattr("time.sleep", lambda _: elsewhere.__exit__(None, None, None))
    do_all(parts, tmp_path)
    assert done == ["b", "a"]


def test_time_left_counts_only_fits_that_were_computed() -> None:
    now = 0.0
    parts = [Part("a", "slow", 4, lambda _: None), Part("b", "slow", 4, lambda _: None)]
    left = TimeLeft(parts, clock=lambda: now)
    tell = left.of_part(parts[0])
    assert left.left() is None
    now = 0.01
    tell(0.25, "kept")
    assert left.left() is None
    now = 10.01
    tell(0.5, "computed")
    assert left.left() == pytest.approx(10.0 * 6)
