"""Small valid recordings of every format, and a few that are well-formed and make no sense."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import h5py
import joblib
import numpy as np
import pandas as pd
from scipy import io

N_BINS, N_NEURONS = 120, 6
WIDTH = 0.05
ARRAYS_MAPPING: Final[dict[str, Any]] = {
    "neural": "spikes",
    "bin_width": WIDTH,
    "labels": {"position": {"source": "position", "unit": "m"}},
}


@dataclass(frozen=True)
class Written:
    """A file, and a mapping with which it gives a session."""

    path: Path
    mapping: dict[str, Any] | None


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """Return counts (T, N), a position (T,), a direction of 0 and 1 (T,) and the times of the bins (T,)."""
    draw = np.random.default_rng(seed)
    time = np.arange(N_BINS) * WIDTH
    position = 0.8 - 0.8 * np.cos(time)
    rates = np.exp(-((position[:, None] - np.linspace(0, 1.6, N_NEURONS)) ** 2) / 0.1)
    return {
        "spikes": draw.poisson(rates).astype(np.float64),
        "position": position,
        "direction": (np.sin(time) > 0).astype(np.int64),
        "time": time,
    }


def strange_arrays() -> Iterator[dict[str, np.ndarray]]:
    """Yield arrays that a file can hold and a session cannot, or not without a word."""
    whole = arrays()
    yield whole | {"position": whole["position"][:50]}
    yield whole | {"position": np.full(N_BINS, np.nan)}
    yield whole | {"spikes": np.full((N_BINS, N_NEURONS), np.nan)}
    yield whole | {"spikes": np.zeros((0, N_NEURONS)), "position": np.zeros(0), "time": np.zeros(0)}
    yield whole | {"spikes": np.zeros((N_BINS, 0))}
    yield whole | {"spikes": np.zeros((4, 5, 6))}
    yield whole | {"spikes": np.float64(3)}
    yield whole | {"spikes": np.full((N_BINS, N_NEURONS), "a")}
    yield whole | {"spikes": whole["spikes"].T.copy()}
    yield whole | {"spikes": whole["spikes"].astype(np.complex128)}
    yield whole | {"spikes": np.full((N_BINS, N_NEURONS), 1e308)}
    yield whole | {"position": np.full(N_BINS, np.inf), "time": np.full(N_BINS, np.inf)}
    yield whole | {"time": whole["time"][::-1].copy()}
    yield whole | {"time": whole["time"] * 1e15}
    yield whole | {"time": np.zeros(N_BINS)}
    yield {"a": np.zeros((2, 2))}
    yield {"": np.zeros(3), "../x": np.ones((4, 4)), "spikes": np.zeros((3, 3))}


def write_small(name: str, folder: Path) -> list[Written]:
    """Write small files of one of :data:`FORMATS`; return them."""
    folder.mkdir(parents=True)
    return list(FORMATS[name](folder))


def _own(folder: Path) -> Iterator[Written]:
    from napari_unison import Session
    from napari_unison.sessions import write_sessions

    held = arrays()
    session = Session("day", held["spikes"], {"position": held["position"]}, WIDTH, units={"position": "m"})
    write_sessions(folder / "own.npz", [session])
    yield Written(folder / "own.npz", None)


def _npz(folder: Path) -> Iterator[Written]:
    for number, held in enumerate([arrays(), *strange_arrays()]):
        path = folder / f"arrays-{number}.npz"
        (np.savez if number % 2 else np.savez_compressed)(path, **{k or "empty": v for k, v in held.items()})
        yield Written(path, ARRAYS_MAPPING if number == 0 else None)


def _npy(folder: Path) -> Iterator[Written]:
    held = arrays()
    np.save(folder / "day-spikes.npy", held["spikes"])
    np.save(folder / "day-position.npy", held["position"])
    yield Written(folder / "day-spikes.npy", None)
    yield Written(folder / "day-position.npy", None)


def _mat(folder: Path) -> Iterator[Written]:
    for number, held in enumerate([arrays(), *strange_arrays()]):
        path = folder / f"day-{number}.mat"
        kept = {key: value for key, value in held.items() if key.isidentifier()}
        io.savemat(path, kept, do_compression=bool(number % 2))
        yield Written(path, ARRAYS_MAPPING if number == 0 else None)
    cells = np.empty((1, 3), dtype=object)
    for cell in range(3):
        cells[0, cell] = np.sort(np.random.default_rng(cell).uniform(0, 6, 40))
    struct = {"x": arrays()["position"], "name": "rat", "deep": {"y": np.eye(3)}}
    io.savemat(folder / "cells.mat", {"units": cells, "session": struct})
    yield Written(folder / "cells.mat", None)


def _mat73(folder: Path) -> Iterator[Written]:
    path = folder / "new.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for key, values in arrays().items():
            # as MATLAB keeps it: axes in the other order, vectors as columns
            data = file.create_dataset(key, data=values[None] if values.ndim == 1 else values.T)
            data.attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64"
        file.write(head.ljust(116, b" ") + bytes(8) + (0x0200).to_bytes(2, "little") + b"IM")
    yield Written(path, ARRAYS_MAPPING)


def _h5(folder: Path) -> Iterator[Written]:
    for number, held in enumerate([arrays(), *strange_arrays()]):
        path = folder / f"day-{number}.h5"
        with h5py.File(path, "w") as file:
            for key, values in held.items():
                if key and np.asarray(values).dtype.kind != "U":
                    file.create_dataset(f"data/{key}".replace("..", "up"), data=values)
        mapping = ARRAYS_MAPPING | {
            "neural": "data/spikes",
            "labels": {"position": {"source": "data/position"}},
        }
        yield Written(path, mapping if number == 0 else None)


def _tables(folder: Path) -> Iterator[Written]:
    held = arrays()
    table = pd.DataFrame(held["spikes"], columns=[f"neuron_{i}" for i in range(N_NEURONS)])
    table.insert(0, "time", held["time"])
    table["position (m)"] = held["position"]
    table["direction"] = np.where(held["direction"], "right", "left")
    mapping = {"neural": "neuron_*", "labels": {"direction": {"source": "direction"}}}
    table.to_csv(folder / "day.csv", index=False)
    table.to_csv(folder / "day.tsv", index=False, sep="\t")
    (folder / "day.csv.gz").write_bytes(gzip.compress((folder / "day.csv").read_bytes()))
    table.to_parquet(folder / "day.parquet")
    for file in sorted(folder.iterdir()):
        yield Written(file, mapping)


def _joblib(folder: Path) -> Iterator[Written]:
    held = arrays()
    right = held["direction"]
    rat = {"spikes": held["spikes"], "position": np.column_stack([held["position"], right, 1 - right])}
    joblib.dump(rat, folder / "rat.jl")
    (folder / "rat.jl.gz").write_bytes(gzip.compress((folder / "rat.jl").read_bytes()))
    yield Written(folder / "rat.jl", None)
    yield Written(folder / "rat.jl.gz", None)
    for number, held in enumerate([arrays(), *strange_arrays()]):
        path = folder / f"day-{number}.joblib"
        joblib.dump(held, path)
        yield Written(path, ARRAYS_MAPPING if number == 0 else None)


def nwb_file() -> Any:
    """Return a small NWB file in memory: units, a position, a head direction, trials, and calcium."""
    from pynwb import NWBFile, TimeSeries
    from pynwb.behavior import CompassDirection, Position, SpatialSeries

    held = arrays()
    nwb = NWBFile("a small recording", "small", datetime(2024, 1, 1, tzinfo=UTC))
    for unit in range(4):
        nwb.add_unit(spike_times=np.sort(np.random.default_rng(unit).uniform(0, 6, 50)))
    place = SpatialSeries(
        name="position",
        data=held["position"],
        unit="meters",
        timestamps=held["time"],
        reference_frame="start",
    )
    angle = SpatialSeries(
        name="angle", data=np.mod(held["time"], 6.28), unit="radians", rate=20.0, reference_frame="north"
    )
    behaviour = nwb.create_processing_module("behavior", "what it did")
    behaviour.add(Position(spatial_series=place))
    behaviour.add(CompassDirection(spatial_series=angle))
    nwb.add_acquisition(TimeSeries(name="lick", data=held["direction"], unit="n/a", rate=20.0))
    nwb.add_trial_column("side", "where it went")
    for trial in range(3):
        nwb.add_trial(start_time=2.0 * trial, stop_time=2.0 * trial + 1.5, side="lr"[trial % 2])
    return nwb


def _nwb(folder: Path) -> Iterator[Written]:
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(folder / "small.nwb", "w") as file:
        file.write(nwb_file())
    yield Written(folder / "small.nwb", None)


def _nwb_zarr(folder: Path) -> Iterator[Written]:
    from hdmf_zarr import NWBZarrIO

    with NWBZarrIO(str(folder / "small.nwb.zarr"), "w") as file:
        file.write(nwb_file())
    yield Written(folder / "small.nwb.zarr", None)


def _pynapple(folder: Path) -> Iterator[Written]:
    import pynapple as nap  # brings numba

    held = arrays()
    nap.Tsd(t=held["time"], d=held["position"]).save(str(folder / "position.npz"))
    units = {i: nap.Ts(t=np.sort(np.random.default_rng(i).uniform(0, 6, 40))) for i in range(3)}
    nap.TsGroup(units).save(str(folder / "units.npz"))
    for file in sorted(folder.glob("*.npz")):
        yield Written(file, None)


FORMATS: Final[dict[str, Callable[[Path], Iterator[Written]]]] = {
    "own npz": _own,
    "npz": _npz,
    "npy": _npy,
    "pynapple npz": _pynapple,
    "mat 5": _mat,
    "mat 7.3": _mat73,
    "h5": _h5,
    "tables": _tables,
    "joblib": _joblib,
    "nwb": _nwb,
    "nwb zarr": _nwb_zarr,
}
"""By name; each writes files into a folder."""
