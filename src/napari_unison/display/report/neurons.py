"""Consistency between sessions, and which neurons carry the position, where both can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from napari_unison.analysis.attribution.attribute import attribute
from napari_unison.analysis.attribution.scores import LATENTS
from napari_unison.analysis.consistency import consistency
from napari_unison.analysis.protocol.folds import with_laps
from napari_unison.display.figures.attribution import attribution_figure
from napari_unison.display.figures.consistency import consistency_figure
from napari_unison.display.report.contents import Block, Paragraph, picture
from napari_unison.display.roles import label_roles

if TYPE_CHECKING:
    from napari_unison.encoder.runs import Run

N_BINS: Final = 500
"""Bins that attribution averages over, of each session."""
MOST_SESSIONS: Final = 6
"""Sessions whose neurons are drawn."""


def consistency_blocks(run: Run) -> list[Block]:
    """Show how well linear maps turn one session's latents into another's, label-free and aligned apart.

    Parameters
    ----------
    run : Run
        The held-out part is taken, if there is one.
    """
    sessions = run.held_out or tuple(run.encoder.training_sessions_)
    label = label_roles(sessions[0]).position
    if len(sessions) < 2 or label is None:
        missing = "a label with a place" if len(sessions) > 1 else "a second session"
        return [Paragraph(f"Not drawn: it takes {missing}.")]
    part = "the held-out part" if run.held_out else "the training part, since nothing was held out"
    blocks: list[Block] = [
        Paragraph(
            f"R² of linear maps between the latents of two sessions over bins of the labels, fitted and "
            f"scored on different laps of {part}. Of aligned embeddings it is circular, since sessions share "
            f"neurons there that labels chose; label-free it says whether sessions really meet."
        )
    ]
    try:
        laps = with_laps(sessions)
        for align in (False, True):
            result = consistency(run.encoder.embed(laps, align=align), label=label)
            blocks.append(picture(consistency_figure(result), f"{result.meaning}: {result.summary}."))
    except ValueError as error:
        return [Paragraph(f"Not drawn: {error}.")]
    return blocks


def attribution_blocks(run: Run) -> list[Block]:
    """Show which neurons carry the position (or the latents where there is none), label-free.

    Parameters
    ----------
    run : Run
        Its training part is looked at.
    """
    sessions = run.encoder.training_sessions_
    target = label_roles(sessions[0]).position or LATENTS
    shown = sessions[:MOST_SESSIONS]
    result = attribute(run.encoder, shown, target=target, n_bins=N_BINS)
    blocks: list[Block] = [
        Paragraph(
            "Each neuron is left out in turn, and the change of what a linear map reads from the label-free "
            "latents is averaged. This explains a decoder on the training part; how well neurons tell the "
            "label on unseen laps is the question above."
        )
    ]
    if len(shown) < len(sessions):
        blocks.append(Paragraph(f"Shown for the first {len(shown)} of {len(sessions)} sessions."))
    for session in shown:
        caption = f"The neurons of {session.name} by how much they carry."
        blocks.append(picture(attribution_figure(result, session.name), caption))
    return blocks
