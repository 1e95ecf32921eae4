"""What napari-unison adds to an NWB file: latents, residual, decoded labels, and where they come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.writing.nwb_parts import (
    ARBITRARY,
    Clock,
    Quantity,
    coded,
    in_words,
    label_series,
    need_pynwb,
    object_name,
    packed,
    table_of,
)

if TYPE_CHECKING:
    from napari_unison.analysis import DecodingStudy, Prediction
    from napari_unison.encoder import EncoderConfig
    from napari_unison.encoder.embedding import Embedding

_LABELS_USED: Final = (
    "Labels were used to make it: it is for looking, and what is decoded from it is circular."
)
_LABELS_UNUSED: Final = "No label was used to make it."


def results_of(
    embedding: Embedding,
    number: int,
    decoded: Sequence[Prediction],
    taken: Collection[str],
    *,
    method: str = "",
    facts: Mapping[str, str] | None = None,
) -> list[Any]:
    """Return what is added to the file of one session, as pynwb's objects.

    Parameters
    ----------
    embedding : Embedding
        Its latents, and the residual of an aligned one.
    number : int
        Which of its sessions.
    decoded : sequence of Prediction
        Of labels of this session.
    taken : collection of str
        Names that stand in the processing module. Where one of ours is among them, all have a number behind.
    method : str
        What decoded the labels.
    facts : mapping of str to str, optional
        What else is known of where this comes from; what is empty is left out.
    """
    kind = embedding.short_description.replace(", ", "_").replace(" ", "_").replace("-", "_")
    wanted = {what: f"{what}_{kind}" for what in ("latents", "residual", "provenance")}
    for prediction in decoded:
        for what in ("true", "decoded"):
            name = object_name(f"{what}_{prediction.label}", wanted.values())
            wanted[f"{what} {prediction.label}"] = name
    names, count = wanted, 1
    while set(names.values()) & set(taken):
        count += 1
        names = {what: f"{name}_{count}" for what, name in wanted.items()}
    latents = _latents(embedding, number, names["latents"])
    added = [latents]
    if embedding.kind == "aligned":
        added.append(_residual(embedding, number, names["residual"], latents))
    for prediction in decoded:
        added += _decoded(prediction, embedding.sessions[number].bin_width, method, names)
    rows = {**_provenance(embedding, number), "decoded by": method if decoded else "", **(facts or {})}
    told = {key: value for key, value in rows.items() if value}
    added.append(table_of(names["provenance"], f"Where {latents.name!r} comes from.", told))
    return added


def decoded_in(studies: Mapping[str, DecodingStudy]) -> tuple[tuple[Prediction, ...], str]:
    """Return what decoding studies of a run predicted without labels, and by what; the full one goes first.

    Parameters
    ----------
    studies : mapping of str to DecodingStudy
        By depth: "full", "quick".

    Returns
    -------
    tuple of Prediction, str
        Of the study's main method with its first seed; nothing where there is no study, or where labels of
        the bins to decode entered.
    """
    for depth in ("full", "quick"):
        study = studies.get(depth)
        for runs in () if study is None else study.protocol.methods:
            seeds = runs.scored_seeds
            if study is not None and runs.name == study.main and seeds and not runs.uses_labels_of_test:
                words = f"{runs.name} ({depth} decoding study, seed {seeds[0]})"
                return tuple(runs.predictions[seeds[0]]), words
    return (), ""


def _clock(time: npt.NDArray[np.float64], bin_width: float) -> Clock:
    expected = time[0] + np.arange(len(time)) * bin_width
    is_regular = np.allclose(time, expected, rtol=1e-12, atol=1e-6 * bin_width)
    return Clock.of_bins(time, bin_width, is_regular=bool(is_regular))


def _latents(embedding: Embedding, number: int, name: str) -> Any:
    recording = embedding.sessions[number]
    used = _LABELS_USED if embedding.kind == "aligned" else _LABELS_UNUSED
    return need_pynwb().TimeSeries(
        name=name,
        data=packed(embedding.values[number]),
        unit=ARBITRARY,
        description=f"Latents of session {plain(recording.name)!r}: time bins of "
        f"{recording.bin_width:.12g} s × {embedding.n_latents} dimensions. {plain(embedding.description)}. "
        f"{used}",
        comments="Each row is of the bin that begins at its timestamp.",
        **_clock(recording.time, recording.bin_width).fields,
    )


def _residual(embedding: Embedding, number: int, name: str, latents: Any) -> Any:
    partners = ", ".join(plain(name) for name in embedding.partner_names)
    recording = embedding.sessions[number]
    clock = _clock(recording.time, recording.bin_width).shared(latents)
    return need_pynwb().TimeSeries(
        name=name,
        data=packed(embedding.residual[number]),
        unit=embedding.residual_unit or ARBITRARY,
        description="Label distance of each bin's partner in each session of the training; NaN where that "
        f"session was silent. Columns: {partners}.",
        **clock.fields,
    )


def _decoded(prediction: Prediction, bin_width: float, method: str, names: Mapping[str, str]) -> list[Any]:
    """Return a label as it was and as it was decoded, in the bins that were decoded."""
    truth, predicted, codes = prediction.truth, prediction.predicted, ""
    if truth.shape[1] == 1:
        truth, predicted = truth[:, 0], predicted[:, 0]
    if truth.dtype.kind == "U":
        categories, both = coded(np.stack([truth, predicted]))
        (truth, predicted), codes = both, f" Codes: {in_words(categories)}"
    label, by = plain(prediction.label), f" by {method}" if method else ""
    measured = Quantity(
        names[f"true {prediction.label}"],
        prediction.kind,
        prediction.unit,
        f"{label} as it was measured, in the bins in which it was decoded, too.{codes}",
    )
    found = Quantity(
        names[f"decoded {prediction.label}"],
        prediction.kind,
        prediction.unit,
        f"{label} as it was decoded{by}, from laps that the decoder had not seen.{codes}",
    )
    clock = _clock(prediction.time, bin_width)
    first = label_series(np.ascontiguousarray(truth), measured, clock)
    return [first, label_series(np.ascontiguousarray(predicted), found, clock.shared(first))]


def _provenance(embedding: Embedding, number: int) -> dict[str, str]:
    values = np.ascontiguousarray(embedding.values[number], dtype="<f4")
    return {
        "written by": f"napari-unison {version('napari-unison')}",
        "written at": datetime.now(UTC).isoformat(timespec="seconds"),
        "session": plain(embedding.session_names[number]),
        "embedding": plain(embedding.description),
        "kind": embedding.kind,
        "partners": embedding.partners,
        "sessions of the training": ", ".join(plain(name) for name in embedding.partner_names),
        "control": embedding.control or "",
        "silenced": ", ".join(plain(name) for name in embedding.silenced),
        "latents sha256": hashlib.sha256(values.tobytes()).hexdigest(),
    }


def parameter_rows(config: EncoderConfig | None) -> dict[str, str]:
    """Return every parameter as a text in json, those inside of others with a dot between."""
    if config is None:
        return {}
    return dict(_flat("parameter ", config.model_dump(mode="json")))


def _flat(before: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(f"{before}{name}.", value)
        else:
            yield f"{before}{name}", json.dumps(value)


def plain(text: str) -> str:
    """Return a text that a file can hold: names may have zeros or halves of letters in them."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
