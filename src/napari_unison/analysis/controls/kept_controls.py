"""Controls of an aligned score as JSON, and kept in files so that they are not made twice."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from napari_unison.analysis.controls.aligned_controls import AlignedControls
from napari_unison.analysis.decoding import DecodingScores, LabelScore
from napari_unison.analysis.encoders.encoder_fits import fit_key
from napari_unison.analysis.protocol.cache import fold_checksum
from napari_unison.analysis.protocol.results_version import code_version
from napari_unison.analysis.quick_scores import QuickScores
from napari_unison.sessions.whole_files import whole_file

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.folds import Fold
    from napari_unison.encoder import EncoderConfig

_VERSION: Final = 1
_FLOATS: Final = ("r2", "median_error", "mean_error", "accuracy", "score", "likeness")
"""Numbers that may not exist, for which JSON has no word: there they are null."""


def kept_controls(
    folder: Path | None,
    config: EncoderConfig,
    fold: Fold,
    seed: int,
    make: Callable[[], AlignedControls],
) -> AlignedControls:
    """Return the controls of one fold: from a file where they are kept, else made and kept.

    Parameters
    ----------
    folder : Path or None
        Where controls are kept; nothing is unless given.
    config : EncoderConfig
        Parameters of the encoder.
    fold : Fold
        What it is fitted on, and what is scored.
    seed : int
        Seed of its training.
    make : callable
        Makes them.
    """
    if folder is None:
        return make()
    facts = [_VERSION, code_version(), fit_key(config, fold.train, seed), fold_checksum(fold)]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    file = folder / f"controls-{key[:32]}.json"
    if file.is_file():
        try:
            return controls_of(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError):
            # damaged: made again below
            file.unlink()
    controls = make()
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as fresh:
        fresh.write_text(json.dumps(controls_facts(controls), allow_nan=False), encoding="utf-8")
    return controls


def controls_facts(controls: AlignedControls) -> dict[str, Any]:
    """Return controls as JSON can hold them; :func:`controls_of` turns them back."""
    scores = controls.scores
    parts = {
        "label_free": scores.label_free,
        "aligned": scores.aligned,
        "silenced": scores.silenced,
        "wrong": controls.wrong,
        "wrong_against_true": controls.wrong_against_true,
    }
    facts: dict[str, Any] = {"split": scores.split, "likeness": dict(controls.likeness)}
    for name, part in parts.items():
        facts[name] = asdict(part) | {"two_categories": sorted(part.two_categories)}
    kept: dict[str, Any] = without_nan(facts)
    return kept


def controls_of(facts: Mapping[str, Any]) -> AlignedControls:
    """Return the controls that :func:`controls_facts` wrote."""

    def scores(name: str) -> DecodingScores:
        part = facts[name]
        rows = tuple(LabelScore(**with_nan(row)) for row in part["scores"])
        return DecodingScores(**part | {"scores": rows, "two_categories": frozenset(part["two_categories"])})

    return AlignedControls(
        QuickScores(scores("label_free"), scores("aligned"), scores("silenced"), facts["split"]),
        wrong=scores("wrong"),
        wrong_against_true=scores("wrong_against_true"),
        likeness={name: number_of(value) for name, value in facts["likeness"].items()},
    )


def without_nan(value: Any) -> Any:
    """Put None in the place of numbers that do not exist, all the way down."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return value


def with_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """Put NaN back where a score does not exist."""
    return {name: number_of(value) if name in _FLOATS else value for name, value in row.items()}


def number_of(value: float | None) -> float:
    """Return a number, NaN where there is none."""
    return float("nan") if value is None else float(value)
