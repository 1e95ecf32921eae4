"""What was recorded: sessions, labels, segments, splitting, readers, samples, the simulator."""

from napari_unison.sessions.downloads import DownloadStoppedError
from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.pynapple_objects import session_from_pynapple
from napari_unison.sessions.joining import join_sessions
from napari_unison.sessions.label_agreement import (
    CategoryGap,
    MirroredCategory,
    category_gaps,
    mirrored_categories,
)
from napari_unison.sessions.labels import LabelKind
from napari_unison.sessions.readers import load_session, load_sessions, readable
from napari_unison.sessions.same_labels import validate_same_labels
from napari_unison.sessions.samples import SAMPLE_NAMES, sample_sessions
from napari_unison.sessions.segments import segment_laps, segment_stretches
from napari_unison.sessions.session import Session
from napari_unison.sessions.simulator import SimulatedRecording, simulate_recordings
from napari_unison.sessions.splitting import split_sessions
from napari_unison.sessions.storage import read_sessions
from napari_unison.sessions.writing import write_session_nwb, write_sessions

__all__ = [
    "SAMPLE_NAMES",
    "CategoryGap",
    "DownloadStoppedError",
    "LabelKind",
    "MirroredCategory",
    "Session",
    "SessionError",
    "SimulatedRecording",
    "category_gaps",
    "join_sessions",
    "load_session",
    "load_sessions",
    "mirrored_categories",
    "read_sessions",
    "readable",
    "sample_sessions",
    "segment_laps",
    "segment_stretches",
    "session_from_pynapple",
    "simulate_recordings",
    "split_sessions",
    "validate_same_labels",
    "write_session_nwb",
    "write_sessions",
]
