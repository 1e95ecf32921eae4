"""A recording of two gigabytes: how much memory loading takes, how often it reports, how soon it stops.

Writes a calcium recording of 2 GB (float32) in each format that carries one, and loads it by
``load_session`` in a process of its own: the largest resident memory beyond that before loading, over the
size of the activity; the longest silence between two reports; the time from a stop to the end of loading,
and what is left then.
Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/large_recording.py [--gigabytes 2] [--formats h5 npz nwb]
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from leftovers import resident_bytes
from machine import describe_machine, write_result

N_NEURONS = 256
RATE = 30.0
BLOCK = 8192
MAPPING: Final[dict[str, Any]] = {
    "neural": "dff",
    "bin_width": 1 / RATE,
    "labels": {"position": {"source": "position", "unit": "m"}},
}
#: More than this times its size is too much.
TARGET = 1.5


class StoppedError(Exception):
    """Somebody pressed stop."""


def blocks(n_bins: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the activity in pieces, with where each begins."""
    piece = np.random.default_rng(0).random((BLOCK, N_NEURONS), dtype=np.float32)
    for start in range(0, n_bins, BLOCK):
        yield start, piece[: min(BLOCK, n_bins - start)]


def position(n_bins: int) -> np.ndarray:
    """Return a position (T,), m."""
    return 0.8 - 0.8 * np.cos(np.arange(n_bins) / 100)


def write_h5(path: Path, n_bins: int, *, turned: bool = False) -> None:
    """Write HDF5; with axes in the other order for MATLAB."""
    import h5py

    with h5py.File(path, "w", userblock_size=512 if turned else 0) as file:
        shape = (N_NEURONS, n_bins) if turned else (n_bins, N_NEURONS)
        data = file.create_dataset("dff", shape, np.float32)
        for start, piece in blocks(n_bins):
            if turned:
                data[:, start : start + len(piece)] = piece.T
            else:
                data[start : start + len(piece)] = piece
        place = position(n_bins)
        file["position"] = place[None] if turned else place
        if turned:
            data.attrs["MATLAB_class"] = np.bytes_("single")
            file["position"].attrs["MATLAB_class"] = np.bytes_("double")
    if turned:
        with path.open("r+b") as head:
            text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64"
            head.write(text.ljust(116, b" ") + bytes(8) + (0x0200).to_bytes(2, "little") + b"IM")


def write_npz(path: Path, n_bins: int) -> None:
    """Write npz through a file on disk, not through memory."""
    import zipfile

    with zipfile.ZipFile(path, "w") as file:
        with file.open("dff.npy", "w", force_zip64=True) as member:
            header = {"descr": "<f4", "fortran_order": False, "shape": (n_bins, N_NEURONS)}
            np.lib.format.write_array_header_1_0(member, header)
            for _, piece in blocks(n_bins):
                member.write(piece.tobytes())
        with file.open("position.npy", "w") as member:
            np.lib.format.write_array(member, position(n_bins))


def write_nwb(path: Path, n_bins: int) -> None:
    """Write NWB with ΔF/F of regions of interest and a position."""
    from hdmf.data_utils import DataChunkIterator
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.behavior import Position, SpatialSeries
    from pynwb.ophys import DfOverF, ImageSegmentation, OpticalChannel, RoiResponseSeries

    nwb = NWBFile("a large recording", "large", datetime(2024, 1, 1, tzinfo=UTC))
    device = nwb.create_device("microscope")
    channel = OpticalChannel(name="green", description="GCaMP", emission_lambda=520.0)
    plane = nwb.create_imaging_plane(
        name="plane", optical_channel=channel, description="one", device=device, excitation_lambda=920.0,
        indicator="GCaMP", location="CA1", imaging_rate=RATE,
    )  # fmt: skip
    segmentation = ImageSegmentation()
    table = segmentation.create_plane_segmentation("cells", plane, "rois")
    for cell in range(N_NEURONS):
        table.add_roi(pixel_mask=[(cell, 0, 1.0)])
    rois = table.create_roi_table_region("all", region=list(range(N_NEURONS)))
    rows = (row for _, piece in blocks(n_bins) for row in piece)
    data = DataChunkIterator(
        rows, buffer_size=BLOCK, maxshape=(n_bins, N_NEURONS), dtype=np.dtype(np.float32)
    )
    series = RoiResponseSeries(name="dff", data=data, rois=rois, unit="n.a.", rate=RATE)
    place = SpatialSeries(
        name="position", data=position(n_bins), unit="meters", rate=RATE, reference_frame="start"
    )
    ophys = nwb.create_processing_module("ophys", "calcium")
    ophys.add(segmentation)
    ophys.add(DfOverF(roi_response_series=series))
    nwb.create_processing_module("behavior", "what it did").add(Position(spatial_series=place))
    with NWBHDF5IO(path, "w") as file:
        file.write(nwb)


WRITERS: Final[dict[str, tuple[str, Callable[[Path, int], None]]]] = {
    "h5": ("large.h5", write_h5),
    "npz": ("large.npz", write_npz),
    "mat": ("large.mat", lambda path, n_bins: write_h5(path, n_bins, turned=True)),
    "nwb": ("large.nwb", write_nwb),
}


def load(path: Path, size: int) -> dict[str, Any]:
    """Load a file in this process, stop another loading half way, and return what it took."""
    from napari_unison import load_session

    mapping = None if path.suffix == ".nwb" else MAPPING
    for module in ("pynwb", "h5py", "pandas"):
        __import__(module)
    reports: list[tuple[float, float]] = []

    def stop_half_way(share: float, words: str) -> None:
        reports.append((time.perf_counter(), share))
        if share > 0.3:
            raise StoppedError(words)

    before = resident_bytes()
    stopped_after = None
    try:
        load_session(path, mapping=mapping, on_progress=stop_half_way)
    except StoppedError:
        stopped_after = time.perf_counter() - reports[-1][0]
    gc.collect()
    left = resident_bytes() - before
    reports.clear()
    begin = time.perf_counter()
    session = load_session(
        path, mapping=mapping, on_progress=lambda share, _: reports.append((time.perf_counter(), share))
    )
    seconds = time.perf_counter() - begin
    moments = [begin, *(moment for moment, _ in reports), begin + seconds]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "shape": list(session.neural.shape),
        "labels": list(session.labels),
        "peak_over_size": round((peak - before) / size, 3),
        "seconds": round(seconds, 1),
        "reports": len(reports),
        "longest_silence_s": round(float(np.diff(moments).max()), 2),
        "stopped_after_s": None if stopped_after is None else round(stopped_after, 3),
        "left_after_stop_mb": round(left / 1e6, 1),
    }


def measure(gigabytes: float, formats: list[str]) -> dict[str, Any]:
    """Write and load a recording of each format."""
    n_bins = int(gigabytes * 1e9 / (4 * N_NEURONS))
    size = n_bins * N_NEURONS * 4
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in formats:
            file_name, write = WRITERS[name]
            path = Path(folder) / file_name
            write(path, n_bins)
            answer = subprocess.run(
                [sys.executable, __file__, "--load", str(path), "--size", str(size)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            found[name] = json.loads(answer.stdout.splitlines()[-1])
            print(name, found[name], file=sys.stderr)
            path.unlink()
    return {
        "gigabytes": size / 1e9,
        "target_peak_over_size": TARGET,
        "formats": found,
        "reached": all(row["peak_over_size"] < TARGET for row in found.values()),
        "machine": describe_machine("h5py", "pynwb"),
    }


def main() -> None:
    """Read options, measure, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--formats", nargs="*", choices=list(WRITERS), default=list(WRITERS))
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load is not None:
        print(json.dumps(load(options.load, options.size)))
        return
    write_result(measure(options.gigabytes, options.formats), "large_recording")


if __name__ == "__main__":
    main()
