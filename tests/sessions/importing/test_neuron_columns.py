"""Tables are understood by the names of their columns: neurons by numbers, spikes by their units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.importing import open_contents, propose_mapping

RNG = np.random.default_rng(5)
TIME = np.arange(80) * 0.1
COUNTS = RNG.poisson(1.0, (80, 4))


def neurons(name="neuron_{}"):
    return {name.format(1 + i): COUNTS[:, i] for i in range(4)}


def written(path, **columns):
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def proposed(path, **given):
    with open_contents(path) as contents:
        return propose_mapping(contents, **given)


def test_a_table_with_numbered_neurons_needs_no_words(tmp_path):
    file = written(
        tmp_path / "day 1.csv",
        time=TIME,
        frame=np.arange(80),
        **neurons(),
        **{"x (cm)": 50 * np.sin(TIME), "velocity (cm/s)": np.abs(50 * np.cos(TIME))},
        side=np.where(TIME < 4, "left", "right"),
        note=[f"row {i}" for i in range(80)],
    )
    mapping = proposed(file).mapping
    assert mapping.neural == ("neuron_*",)
    assert list(mapping.labels) == ["x", "velocity", "side"]
    session = load_session(file)
    np.testing.assert_array_equal(session.neural, COUNTS)
    np.testing.assert_allclose(session.labels["x"], 50 * np.sin(TIME))
    assert session.units["velocity"] == "cm/s"
    assert dict(session.kinds) == {"x": "continuous", "velocity": "continuous", "side": "discrete"}
    assert session.bin_width == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["unit {}", "Cell{}", "ROI-{}", "n{}", "neuron_{} (Hz)", "dFF_{}", "abc{}"])
def test_neurons_are_numbered_columns_whatever_they_are_called(tmp_path, name):
    file = written(tmp_path / "a.csv", time=TIME, position=TIME, **neurons(name))
    np.testing.assert_array_equal(load_session(file).neural, COUNTS)


def test_a_star_that_would_take_another_column_is_not_used(tmp_path):
    file = written(tmp_path / "a.csv", time=TIME, noise=TIME, **neurons("n{}"))
    mapping = proposed(file).mapping
    assert mapping.neural == ("n1", "n2", "n3", "n4")
    assert list(mapping.labels) == ["noise"]


def test_numbers_alone_are_names_of_neurons_too(tmp_path):
    file = written(tmp_path / "a.csv", time=TIME, **neurons("{}"), place=TIME)
    assert proposed(file).mapping.neural == ("1", "2", "3", "4")


def test_numbered_labels_are_no_neurons(tmp_path):
    file = written(tmp_path / "a.csv", time=TIME, pos1=TIME, pos2=TIME, pos3=TIME)
    assert proposed(file).missing[0].startswith("nothing in it is clearly neural activity")


def test_neurons_that_a_person_names_leave_the_rest_as_labels(tmp_path):
    file = written(tmp_path / "a.csv", time=TIME, **neurons("A{}"), B1=TIME, B2=-TIME)
    session = load_session(file, neural="A*")
    np.testing.assert_array_equal(session.neural, COUNTS)
    assert set(session.labels) == {"B1", "B2"}
    assert load_session(file, neural=["A1", "A3"]).neurons["id"].tolist() == ["A1", "A3"]


def test_a_table_without_times_needs_only_its_bin_width(tmp_path):
    file = written(tmp_path / "a.csv", **neurons(), position=TIME)
    with pytest.raises(SessionError, match=r"has no times: give the width of its bins \(bin_width, in s\)"):
        load_session(file)
    assert load_session(file, bin_width=0.05).bin_width == 0.05


def test_the_axes_of_a_position_are_one_label_whose_unit_stays(tmp_path):
    place = {"x (cm)": 50 * np.sin(TIME), "y (cm)": 50 * np.cos(TIME)}
    session = load_session(written(tmp_path / "a.csv", time=TIME, **neurons(), **place))
    assert session.labels["position"].shape == (80, 2)
    assert session.units["position"] == "cm"


def spikes_and_behaviour(folder, **names):
    time = np.sort(RNG.uniform(0, 8, 500))
    unit = RNG.integers(0, 3, 500)
    spikes = written(folder / "m1_spikes.csv", **{names.get("time", "time"): time, "unit": unit})
    written(folder / "m1_behaviour.csv", time=TIME, x=np.sin(TIME), y=np.cos(TIME), lick=TIME > 4)
    edges = 0.1 * np.arange(80)
    counts = np.column_stack([np.histogram(time[unit == one], edges)[0] for one in range(3)])
    return spikes, counts


BESIDE = {"behaviour": ("spikes", "behaviour")}


@pytest.mark.parametrize("name", ["time", "spike_time"])
def test_a_row_for_each_spike_beside_behaviour_is_a_session(tmp_path, name):
    file, counts = spikes_and_behaviour(tmp_path, time=name)
    session = load_session(file, beside=BESIDE, bin_width=0.1)
    np.testing.assert_array_equal(session.neural.toarray(), counts[: session.n_bins])
    assert session.n_bins >= 78
    assert session.neurons["id"].tolist() == [0, 1, 2]
    assert session.labels["position"].shape == (session.n_bins, 2)
    np.testing.assert_allclose(session.labels["position"][:, 0], np.sin(session.time + 0.05), atol=2e-3)
    assert session.kinds["lick"] == "discrete"


def test_spikes_of_any_order_are_sorted_by_their_units(tmp_path):
    file, counts = spikes_and_behaviour(tmp_path)
    table = pd.read_csv(file).sort_values(["unit", "time"])
    table.assign(time=table["time"] * 1000).rename(columns={"time": "time (ms)"}).to_csv(file, index=False)
    session = load_session(file, beside=BESIDE, bin_width=0.1)
    np.testing.assert_array_equal(session.neural.toarray(), counts[: session.n_bins])


def test_spikes_without_behaviour_ask_for_it(tmp_path):
    file, _ = spikes_and_behaviour(tmp_path)
    proposal = proposed(file)
    assert (proposal.fields["neural"], proposal.fields["spike_ids"]) == ("time", "unit")
    with pytest.raises(
        SessionError, match=r"nothing in it is clearly a label.*in a file beside it \(beside\)"
    ):
        load_session(file)
    with pytest.raises(SessionError, match=r"its companion 'behaviour' is missing; .*m1_nothing\.csv"):
        load_session(file, beside={"behaviour": ("spikes", "nothing")})


def test_what_phy_writes_is_a_session_by_a_mapping(tmp_path):
    rng = np.random.default_rng(2)
    samples = np.sort(rng.integers(0, 30_000 * 8, 600)).astype(np.uint64)
    clusters = rng.choice([3, 17, 40], 600).astype(np.int32)
    np.save(tmp_path / "spike_times.npy", samples[:, None])
    np.save(tmp_path / "spike_clusters.npy", clusters)
    written(tmp_path / "position.csv", time=TIME, x=TIME)
    session = load_session(
        tmp_path / "spike_times.npy",
        neural="spike_times",
        spike_ids="clusters:spike_clusters",
        sampling_rate=30_000,
        bin_width=0.2,
        beside={
            "clusters": ("spike_times", "spike_clusters"),
            "behaviour": ("spike_times.npy", "position.csv"),
        },
        labels={"position": {"source": "behaviour:x", "unit": "m"}},
    )
    edges = np.append(session.time, session.time[-1] + 0.2)
    expected = [np.histogram(samples[clusters == one] / 30_000, edges)[0] for one in (3, 17, 40)]
    np.testing.assert_array_equal(session.neural.toarray(), np.column_stack(expected))
    assert session.neurons["id"].tolist() == [3, 17, 40]


def test_columns_of_a_parquet_table_are_read_one_by_one_in_their_own_type(tmp_path):
    columns = {f"neuron_{i}": COUNTS[:, i].astype(np.float32) for i in range(4)}
    pd.DataFrame({"time": TIME, **columns, "x": TIME}).to_parquet(tmp_path / "a.parquet", row_group_size=30)
    told = []
    session = load_session(tmp_path / "a.parquet", on_progress=lambda share, words: told.append(share))
    assert session.neural.dtype == np.float32
    np.testing.assert_array_equal(session.neural, COUNTS)
    assert told == sorted(told)
    assert len(set(told)) >= 12


def test_one_column_of_other_numbers_widens_the_table(tmp_path):
    pd.DataFrame({
        "time": TIME, "n_1": COUNTS[:, 0].astype(np.int8), "n_2": TIME, "n_3": COUNTS[:, 2] > 1, "x": TIME
    }).to_parquet(tmp_path / "a.parquet")  # fmt: skip
    session = load_session(tmp_path / "a.parquet")
    np.testing.assert_array_equal(session.neural, np.column_stack([COUNTS[:, 0], TIME, COUNTS[:, 2] > 1]))


def test_a_count_that_is_missing_is_refused_and_not_made_up(tmp_path):
    gap = pd.array([None, *COUNTS[1:, 0]], "Int64")
    pd.DataFrame({"time": TIME, "n_1": gap, "n_2": COUNTS[:, 1], "x": TIME}).to_parquet(
        tmp_path / "a.parquet"
    )
    with pytest.raises(SessionError, match=r"a\.parquet: .*neural is nan in 1 place"):
        load_session(tmp_path / "a.parquet")


def test_texts_and_tables_are_no_neurons(tmp_path):
    file = written(tmp_path / "a.csv", time=TIME, n_1=COUNTS[:, 0], n_2="two", x=TIME)
    with pytest.raises(SessionError, match=r"a\.csv: n_2: series \(80,\) str.* cannot be one neuron"):
        load_session(file, neural="n_*")
