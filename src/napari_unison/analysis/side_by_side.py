"""Decoding studies of several runs as one result: the main method of each, in the laps that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_unison.analysis.protocol.result import ProtocolResult

if TYPE_CHECKING:
    from napari_unison.analysis.decoding_study import DecodingStudy
    from napari_unison.analysis.protocol.comparison import ProtocolComparison


@dataclass(frozen=True, eq=False)
class SideBySide:
    """The main methods of several studies.

    Attributes
    ----------
    protocol : ProtocolResult
        A method for each study, called as the study is.
    differences : ProtocolComparison or None
        All others compared with the first one, lap by lap; None where nothing can be paired.
    notes : tuple of str
        Sentences: what cannot be compared, and why.
    """

    protocol: ProtocolResult
    differences: ProtocolComparison | None
    notes: tuple[str, ...]


def side_by_side(studies: Mapping[str, DecodingStudy]) -> SideBySide:
    """Put studies side by side.

    Differences are taken lap by lap, which needs the same recordings with the same laps: a study of others
    stands beside the rest without a difference, and a note says so.

    Parameters
    ----------
    studies : mapping of str to DecodingStudy
        By the name that each is to have, such as that of its run; the first one is what others are compared
        with.

    Raises
    ------
    ValueError
        If there is no study.
    """
    if not studies:
        raise ValueError("there are no studies to put side by side: give at least one")
    first, baseline = next(iter(studies.items()))
    paired, notes = [first], list[str]()
    for name, study in list(studies.items())[1:]:
        reason = _why_unpaired(study, baseline)
        if reason:
            notes.append(f"{name} {reason} {first}: no difference is given")
        else:
            paired.append(name)
        if study.main != baseline.main:
            notes.append(f"{name} shows {study.main}, {first} {baseline.main}")
        if _folds(study) != _folds(baseline):
            notes.append(f"{name} was trained on other folds than {first}: {study.protocol.in_words()}")
    whole = _joined(studies)
    if len(paired) < 2:
        return SideBySide(whole, None, tuple(notes))
    differences = _joined({name: studies[name] for name in paired}).compare(first)
    return SideBySide(whole, differences if differences.differences else None, tuple(notes))


def _why_unpaired(study: DecodingStudy, baseline: DecodingStudy) -> str:
    """Say why laps of two studies are not the same; empty where those of all shared sessions are."""
    ours, theirs = study.session_checksums, baseline.session_checksums
    shared = sorted(ours.keys() & theirs.keys())
    changed = [session for session in shared if ours[session] != theirs[session]]
    if changed:
        return f"was scored on other bins or laps of {', '.join(changed)} than"
    return "" if shared else "has no session in common with"


def _folds(study: DecodingStudy) -> tuple[int, int]:
    return study.protocol.n_folds, study.protocol.guard


def _joined(studies: Mapping[str, DecodingStudy]) -> ProtocolResult:
    """Return one result that holds the main method of each study under the study's name."""
    protocols = [study.protocol for study in studies.values()]
    methods = tuple(replace(study.protocol.method(study.main), name=name) for name, study in studies.items())
    return ProtocolResult(
        methods=methods,
        sessions=tuple(dict.fromkeys(session for one in protocols for session in one.sessions)),
        n_folds=protocols[0].n_folds,
        guard=protocols[0].guard,
        seeds=tuple(dict.fromkeys(seed for one in protocols for seed in one.seeds)),
        n_done=sum(one.n_done for one in protocols),
        n_planned=sum(one.n_planned for one in protocols),
        test_segments=protocols[0].test_segments,
    )
