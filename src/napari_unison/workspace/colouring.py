"""What the bins of a run's embedding can be coloured by, with the errors of its studies."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from napari_unison.display import colour_modes
from napari_unison.display.decoding_errors import DecodingErrors, decoding_errors

if TYPE_CHECKING:
    from napari_unison.analysis import DecodingStudy
    from napari_unison.encoder import Embedding
    from napari_unison.workspace.runs import StudyRun

_MODES: WeakKeyDictionary[Embedding, dict[bool, tuple[str, ...]]] = WeakKeyDictionary()
_ERRORS: WeakKeyDictionary[Embedding, tuple[DecodingStudy, DecodingErrors | None]] = WeakKeyDictionary()


def errors_of(run: StudyRun, embedding: Embedding) -> DecodingErrors | None:
    """Return how far a run's most thorough study was off in each bin; None where there is no study."""
    study = run.studies.get("full") or run.studies.get("quick")
    if study is None:
        return None
    known = _ERRORS.get(embedding)
    if known is None or known[0] is not study:
        known = _ERRORS[embedding] = study, decoding_errors(study, embedding)
    return known[1]


def modes_of(run: StudyRun, embedding: Embedding) -> tuple[str, ...]:
    """Return what an embedding of a run can be coloured by."""
    has_errors = errors_of(run, embedding) is not None
    known = _MODES.setdefault(embedding, {})
    if has_errors not in known:
        known[has_errors] = colour_modes(embedding, has_errors=has_errors)
    return known[has_errors]
