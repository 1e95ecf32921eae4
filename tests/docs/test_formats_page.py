"""The page on formats says what a mapping takes now, and its examples load."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from make_formats import MODELS, PAGE, with_tables

from napari_unison import load_session, sample_sessions
from napari_unison.sessions import write_sessions
from napari_unison.sessions.importing import FORMATS

TEXT = PAGE.read_text(encoding="utf-8")
RNG = np.random.default_rng(0)
TIME = np.arange(300) / 30


def example(heading: str, folder: Path) -> Path:
    """Write the mapping below a heading of the page into a file."""
    below = TEXT.split(f"### {heading}\n", 1)[1]
    found = re.search(r"```toml\n(.*?)```", below, re.S)
    assert found is not None
    (folder / "lab.toml").write_text(found[1], encoding="utf-8")
    return folder / "lab.toml"


def test_tables_of_fields_are_those_of_a_mapping() -> None:
    assert with_tables(TEXT) == TEXT, "run: python docs/make_formats.py"
    for model in MODELS.values():
        for field in model.model_fields.values():
            assert (field.description or "?").replace("|", "\\|") in TEXT


def test_every_ending_that_can_be_opened_is_named() -> None:
    endings = {suffix for kind in FORMATS for suffix in kind.suffixes} - {".zarr"}
    assert {suffix for suffix in endings if f"`{suffix}`" not in TEXT} == set()


def test_links_inside_the_page_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.M)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    links = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    assert links - anchors == set()


def test_arrays_under_other_names_load(tmp_path: Path) -> None:
    activity, context = RNG.random((5, 300)), (TIME > 5).astype(int)
    np.savez(tmp_path / "mouse7.npz", S=activity, loc=100 + 50 * np.sin(TIME), ctx=context)
    mapping = example("Arrays under other names", tmp_path)
    session = load_session(tmp_path / "mouse7.npz", mapping=mapping)
    assert session.neural.shape == (300, 5)
    np.testing.assert_allclose(session.labels["position"], 1 + 0.5 * np.sin(TIME))
    assert session.labels["context"].tolist() == np.where(TIME > 5, "new", "familiar").tolist()
    assert session.units["speed"] == "m/s"
    assert len(session.segment_slices()) == 2


def test_a_table_with_a_column_a_neuron_loads(tmp_path: Path) -> None:
    counts = RNG.poisson(0.3, (300, 40))
    counts[:, 7] = 0
    cells = {f"cell_{1 + i}": counts[:, i] for i in range(40)}
    columns: dict[str, Any] = {"time_ms": 1000 * TIME, **cells, "head (deg)": TIME * 20, "port": "A"}
    pd.DataFrame(columns).to_csv(tmp_path / "day1.csv", index=False)
    mapping = example("A table with a column a neuron", tmp_path)
    session = load_session(tmp_path / "day1.csv", mapping=mapping)
    assert session.bin_width == 0.1
    assert session.neural.shape == (100, 39)
    np.testing.assert_array_equal(session.neural.sum(axis=0), np.delete(counts, 7, axis=1).sum(axis=0))
    assert "cell_8" not in session.neurons["id"]
    np.testing.assert_allclose(
        session.labels["heading"][:-1], np.radians(20 * (session.time + 0.05))[:-1], atol=1e-3
    )
    assert set(session.labels["port"]) == {"A"}


def test_units_of_phy_load(tmp_path: Path) -> None:
    samples = np.sort(RNG.integers(0, 300_000, 500)).astype(np.uint64)
    np.save(tmp_path / "spike_times.npy", samples)
    np.save(tmp_path / "spike_clusters.npy", RNG.choice([2, 9], 500).astype(np.int32))
    x = np.where(TIME < 5, TIME, 5)
    pd.DataFrame({"time": TIME, "x": x, "y": 0.0}).to_csv(tmp_path / "tracking.csv", index=False)
    mapping = example("Units of Kilosort and phy", tmp_path)
    session = load_session(tmp_path / "spike_times.npy", mapping=mapping)
    assert session.name == "rat 12"
    assert session.neurons["id"].tolist() == [2, 9]
    assert session.neural.sum() == (samples < 30_000 * (session.time[-1] + 0.05)).sum()
    # the rat stands from 5 s on
    assert 4.5 < session.time[-1] < 6
    np.testing.assert_allclose(session.labels["position"][:90, 0], session.time[:90] + 0.025, atol=1e-6)


def test_numpy_alone_reads_our_own_layout_as_the_page_says(tmp_path: Path) -> None:
    sessions = sample_sessions("linear-track")[:2]
    write_sessions(tmp_path / "sessions.npz", sessions)
    file = np.load(tmp_path / "sessions.npz")
    contents = json.loads(file["napari-unison sessions"].tobytes())
    for number, (said, session) in enumerate(zip(contents["sessions"], sessions, strict=True)):
        assert said["name"] == session.name
        for index, label in enumerate(said["labels"]):
            np.testing.assert_array_equal(file[f"{number}/labels/{index}"], session.labels[label])
        np.testing.assert_array_equal(file[f"{number}/time"], session.time)


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_page_is_linked(page: str) -> None:
    assert "formats.md)" in (PAGE.parents[1] / page).read_text(encoding="utf-8")
