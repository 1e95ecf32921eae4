"""Tables of embeddings: units in the names, nothing thinned, nothing half written."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_unison.display import feature_colours, point_layers
from napari_unison.display.export import ExportError, export_frame, write_export, write_layers


@pytest.fixture
def embedding(embedding):
    """An embedding whose position is in metres."""
    sessions = tuple(session.replace(units={"position": "m"}) for session in embedding.sessions)
    return replace(embedding, sessions=sessions)


def test_columns_name_their_units(embedding):
    frame = export_frame(embedding)
    assert list(frame.columns[:5]) == ["session", "time_s", "segment", "position_m", "direction"]
    assert set(frame["embedding"]) == {"aligned"}
    assert len(frame) == len(embedding.stacked()[0])


def test_sets_are_columns_and_some_bins_can_be_chosen(embedding):
    marked = [np.arange(session.n_bins) < 5 for session in embedding.sessions]
    frame = export_frame(embedding, {"replay 3": marked})
    assert frame["set replay 3"].sum() == 5 * len(embedding.sessions)
    chosen = export_frame(embedding, only=marked)
    assert len(chosen) == 5 * len(embedding.sessions)
    assert list(chosen.index) == list(range(len(chosen)))


@pytest.mark.parametrize("ending", [".csv", ".npz", ".parquet"])
def test_what_is_written_can_be_read(embedding, tmp_path, ending):
    file = write_export(embedding, tmp_path / f"latents{ending}")
    assert list(tmp_path.iterdir()) == [file]
    values = embedding.stacked()[0]
    if ending == ".npz":
        with np.load(file, allow_pickle=False) as arrays:
            np.testing.assert_array_equal(arrays["latents"], values)
            assert "aligned" in str(arrays["about"])
            assert len(arrays["position_m"]) == len(values)
        return
    frame = pd.read_csv(file) if ending == ".csv" else pd.read_parquet(file)
    np.testing.assert_allclose(frame["latent_1"], values[:, 0], rtol=1e-5)
    pd.testing.assert_frame_equal(frame, export_frame(embedding), check_dtype=False, rtol=1e-4)


def test_other_endings_are_refused(embedding, tmp_path):
    with pytest.raises(ExportError, match=r"ends in \.csv, \.npz, \.parquet"):
        write_export(embedding, tmp_path / "latents.xls")


def test_without_pyarrow_it_says_what_to_install(embedding, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r'pip install "napari-unison\[table\]"'):
        write_export(embedding, tmp_path / "latents.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_thinned_layer_is_written_with_all_its_bins_and_latents(embedding, tmp_path):
    layers = point_layers(embedding, "pca", feature_colours(embedding), max_points=10)
    (file,) = write_layers(layers[-1:], tmp_path / "all.csv")
    assert len(pd.read_csv(file)) == len(embedding.stacked()[0])
    (file,) = write_layers(layers[:1], tmp_path / "first.csv")
    assert set(pd.read_csv(file)["session"]) == {embedding.session_names[0]}
    assert f"latent_{embedding.n_latents}" in pd.read_csv(file).columns
    assert write_layers(layers[:2], tmp_path / "both.csv") == [tmp_path / "both.csv"]


def test_points_of_somebody_else_are_written_as_napari_does(tmp_path):
    layer = (np.array([[1.0, 2.0], [3.0, 4.0]]), {"name": "cells", "features": {"area": [5, 6]}}, "points")
    (file,) = write_layers([layer], tmp_path / "cells.csv")
    assert file.read_text().splitlines() == ["index,axis-0,axis-1,area", "0.0,1.0,2.0,5", "1.0,3.0,4.0,6"]
    files = write_layers([layer, (layer[0], {"name": "more"}, "points")], tmp_path / "two.csv")
    assert [file.name for file in files] == ["two cells.csv", "two more.csv"]
