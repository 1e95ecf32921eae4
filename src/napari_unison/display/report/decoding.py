"""The part of the page about decoding: the study where there is one, else the quick scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from napari_unison.analysis.meanings import CIRCULAR, CONTROL, DECODING
from napari_unison.analysis.study_methods import METHOD_WORDS
from napari_unison.display.figures.protocol import study_figure
from napari_unison.display.report.contents import Block, Paragraph, Picture, Row, Sentences, Table, picture
from napari_unison.display.score_sheets import ScoreSheet, study_sheets

if TYPE_CHECKING:
    from napari_unison.analysis.decoding_study import DecodingStudy
    from napari_unison.sessions import Session

STYLES: Final = {DECODING: "decoding", CIRCULAR: "circular", CONTROL: "control"}

PROTOCOL_WORDS: Final = (
    "Each method decodes laps that it has never seen: contiguous groups of laps are left out in turn, of "
    "encoder and decoder alike, with a guard of bins on either side, and every encoder is trained anew. "
    "Brackets are 95 % intervals over laps, ± is the spread over seeds. A method without an encoder that "
    "does as well as the unified encoder is a reason to look twice."
)
CONTROLS_WORDS: Final = (
    "The aligned score is circular: labels chose what the other sessions contribute. Its controls say what "
    "it is worth. Silenced: the session's own neurons are set to zero; a score that stays does not come from "
    "them. Wrong labels: bins are aligned by the labels of other laps; if those are decoded, the score "
    "repeats what it was given."
)
NULL_WORDS: Final = (
    "Null: labels were given to other laps, and everything was fitted again. What a method reaches there it "
    "reaches without knowing anything."
)


def study_blocks(study: DecodingStudy, sessions: Sequence[Session]) -> list[Block]:
    """Show a decoding study: figure, a table a session, differences, and what they say in words.

    Parameters
    ----------
    study : DecodingStudy
        What is shown.
    sessions : sequence of Session
        The whole sessions of the run.
    """
    blocks: list[Block] = [Paragraph(f"{study.title}.")]
    if study.options.is_quick:
        blocks.append(
            Paragraph(
                f"This is a quick study, a first look: one seed and {study.config.max_iterations} training "
                f"steps. It supports no claim; run napari-unison decode without --quick for one.",
                is_warning=True,
            )
        )
    if not study.is_complete:
        blocks.append(
            Paragraph(
                f"This study is incomplete: {study.protocol.n_done} of {study.protocol.n_planned} fits are "
                f"done. The same command goes on from there.",
                is_warning=True,
            )
        )
    if not study.is_of(sessions):
        blocks.append(
            Paragraph(
                "This study is of other recordings than the run holds now, or of other laps: run it again.",
                is_warning=True,
            )
        )
    blocks += [Paragraph(note, is_warning=True) for note in study.notes]
    blocks += [Paragraph(PROTOCOL_WORDS), *_protocol_picture(study)]
    if study.controls is not None:
        blocks.append(Paragraph(CONTROLS_WORDS))
    if study.null is not None:
        blocks.append(Paragraph(NULL_WORDS))
    for sheet in study_sheets(study):
        blocks += sheet_blocks(sheet)
    return [*blocks, _methods_table(study)]


def sheet_blocks(sheet: ScoreSheet) -> list[Block]:
    """Show the scores of one session, and what they say."""
    rows = []
    for section in sheet.sections:
        rows.append(Row((section.title,), "group"))
        rows += [
            Row((row.name, *row.cells, row.meaning), STYLES.get(row.meaning, "")) for row in section.rows
        ]
    table = Table(sheet.session, ("method", *sheet.columns, "what it is"), rows)
    return [table, Sentences(sheet.words)] if sheet.words else [table]


def _protocol_picture(study: DecodingStudy) -> list[Picture]:
    if not study.protocol.n_done:
        return []
    caption = "Every method on the same laps. Median errors: further left is better; accuracy: further right."
    return [picture(study_figure(study), caption)]


def _methods_table(study: DecodingStudy) -> Table:
    rows = [Row((name, METHOD_WORDS[name])) for name in METHOD_WORDS if name in study.options.methods]
    return Table("What the methods are, by the name that the command knows", (), rows, has_numbers=False)
