"""Tables of embeddings give back every number, type and unit."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from any_sessions import any_embeddings
from napari_unison.display.export import export_frame, write_export
from napari_unison.encoder.embedding import Embedding
from napari_unison.sessions import Session


def with_types_of(frame: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table of texts as the types that they were written from."""
    read = {}
    for name in frame.columns:
        column, dtype = texts[name], frame[name].dtype
        if dtype.kind == "b":
            column = column == "True"
        elif dtype.kind == "f":
            column = column.replace("", "nan").map(float)
        elif dtype.kind in "iu":
            column = column.map(int)
        read[name] = column.astype(dtype)
    return pd.DataFrame(read)


@settings(max_examples=60)
@given(embedding=any_embeddings())
def test_any_table_comes_back(tmp_path_factory, embedding):
    folder = tmp_path_factory.mktemp("tables")
    frame = export_frame(embedding)
    parquet = pd.read_parquet(write_export(embedding, folder / "table.parquet"))
    pd.testing.assert_frame_equal(parquet, frame, check_exact=True)
    assert parquet.attrs["napari-unison"] == frame.attrs["napari-unison"]
    texts = pd.read_csv(write_export(embedding, folder / "table.csv"), dtype=str, keep_default_na=False)
    assert list(texts.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(with_types_of(frame, texts), frame, check_exact=True)
    with np.load(write_export(embedding, folder / "table.npz"), allow_pickle=False) as arrays:
        assert json.loads(str(arrays["facts"])) == frame.attrs["napari-unison"]
        np.testing.assert_array_equal(arrays["latents"], embedding.stacked()[0])
        np.testing.assert_array_equal(arrays["time_s"], frame["time_s"])
        np.testing.assert_array_equal(arrays["session"], frame["session"])


@settings(max_examples=60)
@given(embedding=any_embeddings())
def test_any_saved_embedding_comes_back(tmp_path_factory, embedding):
    again = Embedding.load(embedding.save(tmp_path_factory.mktemp("saved") / "embedding.npz"))
    for name in ("kind", "partners", "partner_names", "residual_unit", "session_names", "description"):
        assert getattr(again, name) == getattr(embedding, name)
    for before, after in zip(
        embedding.values + embedding.residual, again.values + again.residual, strict=True
    ):
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("ending", [".csv", ".npz", ".parquet"])
def test_labels_called_like_other_columns_stand_beside_them(make_embedding, tmp_path, ending):
    names = ("time_s", "latent_1", "file", "about", "position", "position_m")
    labels = {name: np.linspace(0, number, 20) for number, name in enumerate(names, 1)}
    session = Session(
        "rat 1", np.zeros((20, 2)), labels | {"xy": np.ones((20, 2)), "xy_1": np.zeros(20)}, 0.1
    )
    embedding = make_embedding([session.replace(units={"position": "m"}, labels=session.labels)], n_latents=1)
    embedding = Embedding(**vars(embedding) | {"values": (np.full((20, 1), 7, np.float32),)})
    file = write_export(embedding, tmp_path / f"table{ending}")
    wanted = ["label_time_s", "file", "position_m", "position_m (2)", "xy_1", "xy_2", "xy_1 (2)"]
    if ending == ".npz":
        with np.load(file) as arrays:
            assert set(wanted) <= set(arrays)
            np.testing.assert_array_equal(arrays["label_about"], labels["about"])
            np.testing.assert_array_equal(arrays["latents"], embedding.values[0])
            np.testing.assert_array_equal(arrays["position_m (2)"], labels["position_m"])
        return
    frame = pd.read_csv(file) if ending == ".csv" else pd.read_parquet(file)
    assert set(wanted) <= set(frame.columns)
    np.testing.assert_array_equal(frame["latent_1"], 7)
    np.testing.assert_allclose(frame["label_latent_1"], labels["latent_1"])


def test_a_table_says_kinds_units_and_bin_width(make_session, make_embedding, tmp_path):
    session = make_session().replace(units={"position": "m"}, weights={"position": 2.5})
    frame = pd.read_parquet(write_export(make_embedding([session]), tmp_path / "table.parquet"))
    facts = frame.attrs["napari-unison"]
    assert facts["bin_width_s"] == {"rat 1": 0.025}
    position = {"name": "position", "kind": "continuous", "unit": "m", "weight": 2.5, "columns": 1}
    assert facts["labels"][0] == position
    assert (facts["kind"], facts["labels"][1]["kind"]) == ("aligned", "discrete")
