"""Small NWB files, written by pynwb, for the tests of this folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import h5py
import numpy as np

RATE = 20.0
N_SAMPLES = 600


@contextmanager
def quietly() -> Iterator[None]:
    """Without what pynwb tells those who write files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def new_recording() -> Any:
    """An NWB file in memory that holds nothing yet."""
    from pynwb import NWBFile

    return NWBFile(
        session_description="a made-up day",
        identifier="day-1",
        session_start_time=datetime(2024, 5, 1, 9, 30, tzinfo=UTC),
    )


def write(nwb: Any, path: Path) -> Path:
    """Write it in HDF5."""
    from pynwb import NWBHDF5IO

    with quietly(), NWBHDF5IO(path, "w") as io:
        io.write(nwb)
    return path


def copy_to_zarr(path: Path, copy: Path) -> Path:
    """Write an NWB file again as a Zarr folder; its writer reads references back, which are pickled."""
    import numcodecs.pickles
    from hdmf_zarr.nwb import NWBZarrIO
    from pynwb import NWBHDF5IO

    allowed = patch.object(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, create=True)
    with allowed, quietly(), NWBHDF5IO(path, "r") as read, NWBZarrIO(str(copy), mode="w") as write_to:
        write_to.export(src_io=read, write_args={"link_data": False})
    return copy


def changed(path: Path, change: Callable[[h5py.File], None]) -> Path:
    """Change a written file as pynwb would not write it."""
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replace_dataset(file: h5py.File, path: str, values: Any) -> None:
    """Put other values at the place of a dataset, whose attributes stay."""
    attributes = dict(file[path].attrs)
    del file[path]
    dataset = file.create_dataset(path, data=values)
    dataset.attrs.update(attributes)


def transpose(file: h5py.File, path: str) -> None:
    """Turn a dataset of two axes."""
    replace_dataset(file, path, file[path][:].T)


def add_units(nwb: Any, n_units: int = 4, seconds: float = 30.0, **columns: Any) -> list[Any]:
    """Units at electrodes in two regions; returns their spike times."""
    draw = np.random.default_rng(1)
    device = nwb.create_device(name="probe")
    group = nwb.create_electrode_group(name="shank", description="a shank", location="CA1", device=device)
    for location in ("CA1", "CA1", "CA3"):
        nwb.add_electrode(location=location, group=group)
    nwb.add_unit_column(name="quality", description="how good")
    spikes = [np.sort(draw.uniform(0, seconds, 80 + unit)) for unit in range(n_units)]
    for unit, times in enumerate(spikes):
        nwb.add_unit(
            spike_times=times,
            id=10 + unit,
            quality="good" if unit % 2 else "fair",
            electrodes=[0, 1] if unit % 2 else [2],
            **{name: values[unit] for name, values in columns.items()},
        )
    return spikes


def behaviour(nwb: Any) -> Any:
    """The processing module of behaviour."""
    return nwb.create_processing_module(name="behavior", description="behaviour")


def add_position(nwb: Any, **described: Any) -> np.ndarray:
    """A position in a box, in cm with a conversion to metres and an offset; returns it in metres."""
    from pynwb.behavior import Position, SpatialSeries

    time = np.arange(N_SAMPLES) / RATE
    stored = np.column_stack([np.cos(time), np.sin(time)]) * 50
    series = SpatialSeries(
        name="SpatialSeries",
        data=stored,
        reference_frame="corner of the box",
        unit="meters",
        conversion=0.01,
        offset=0.5,
        **(described or {"rate": RATE, "starting_time": 1.5}),
    )
    behaviour(nwb).add(Position(spatial_series=series, name="Position"))
    return stored * 0.01 + 0.5


def add_trials(nwb: Any, n_trials: int = 6, length: float = 4.0) -> None:
    """Trials of two types with ragged columns, and a series that they point to."""
    from pynwb import TimeSeries

    lamp = TimeSeries(name="lamp", data=np.zeros(100), unit="V", rate=10.0)
    nwb.add_stimulus(lamp)
    nwb.add_trial_column(name="type", description="what was shown")
    nwb.add_trial_column(name="licks", description="when it licked", index=True)
    for trial in range(n_trials):
        nwb.add_trial(
            start_time=trial * (length + 1),
            stop_time=trial * (length + 1) + length,
            type="left" if trial % 2 else "right",
            licks=[0.5, 1.25][: trial % 3],
            tags=["a", "b"],
            timeseries=lamp,
        )


@quietly()
def add_imaging(nwb: Any, n_rois: int = 5, **described: Any) -> dict[str, np.ndarray]:
    """Raw fluorescence, neuropil, ΔF/F and events of the same regions of interest; returns the values."""
    from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel, RoiResponseSeries

    plane = nwb.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(name="green", description="green", emission_lambda=520.0),
        description="CA1",
        device=nwb.create_device(name="microscope"),
        excitation_lambda=920.0,
        indicator="GCaMP6f",
        location="CA1",
        imaging_rate=RATE,
    )
    module = nwb.create_processing_module(name="ophys", description="imaging")
    segmentation = ImageSegmentation()
    module.add(segmentation)
    table = segmentation.create_plane_segmentation(
        description="cells", imaging_plane=plane, name="PlaneSegmentation"
    )
    table.add_column(name="accepted", description="is it a cell")
    for roi in range(n_rois):
        table.add_roi(pixel_mask=[(roi, roi, 1.0)], accepted=roi % 2 == 0, id=100 + roi)
    draw = np.random.default_rng(2)
    timing = described or {"rate": RATE}
    made: dict[str, np.ndarray] = {}
    containers = {
        "Fluorescence": (Fluorescence, ["RoiResponseSeries", "Neuropil", "Deconvolved"]),
        "DfOverF": (DfOverF, ["RoiResponseSeries"]),
    }
    for container, (kind, names) in containers.items():
        series = []
        for name in names:
            values = draw.random((N_SAMPLES, n_rois), dtype=np.float32)
            region = table.create_roi_table_region(description="all", region=list(range(n_rois)))
            series.append(RoiResponseSeries(name=name, data=values, rois=region, unit="n.a.", **timing))
            made[f"processing/ophys/{container}/{name}"] = values
        module.add(kind(roi_response_series=series, name=container))
    return made
