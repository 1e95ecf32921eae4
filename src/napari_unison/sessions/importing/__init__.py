"""From files of any make to sessions: what a file holds, a mapping of it, and the sessions that it makes."""

from napari_unison.sessions.importing.assembling import sessions_from
from napari_unison.sessions.importing.contents import (
    Contents,
    Entry,
    Events,
    Intervals,
    OnProgress,
    Samples,
    SparseSamples,
    Spikes,
    array_entry,
    ignore_progress,
    other_entry,
    rate_of,
)
from napari_unison.sessions.importing.formats import FORMATS, format_of, open_contents, suffixes
from napari_unison.sessions.importing.kept_reads import keeping_reads
from napari_unison.sessions.importing.label_proposals import propose_label
from napari_unison.sessions.importing.mapping import (
    FileMapping,
    LabelMapping,
    PartsMapping,
    SegmentMapping,
    checked_mapping,
)
from napari_unison.sessions.importing.proposing import (
    Proposal,
    propose_mapping,
    require_mapping,
)
from napari_unison.sessions.importing.unfinished import unfinished_toml

__all__ = [
    "FORMATS",
    "Contents",
    "Entry",
    "Events",
    "FileMapping",
    "Intervals",
    "LabelMapping",
    "OnProgress",
    "PartsMapping",
    "Proposal",
    "Samples",
    "SegmentMapping",
    "SparseSamples",
    "Spikes",
    "array_entry",
    "checked_mapping",
    "format_of",
    "ignore_progress",
    "keeping_reads",
    "open_contents",
    "other_entry",
    "propose_label",
    "propose_mapping",
    "rate_of",
    "require_mapping",
    "sessions_from",
    "suffixes",
    "unfinished_toml",
]
