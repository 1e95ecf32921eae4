"""An aligned score and its controls: silenced neurons, labels of other laps, and label-free decoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_unison.analysis.controls.permuted_laps import label_correlation, wrong_labels
from napari_unison.analysis.controls.verdicts import LabelControls, aligned_verdicts
from napari_unison.analysis.decoding import ALL_SESSIONS, DecodingScores, decode
from napari_unison.analysis.meanings import CONTROL
from napari_unison.analysis.quick_scores import QuickScores, quick_scores
from napari_unison.analysis.score_parts import ScorePart, parts_frame, parts_table
from napari_unison.analysis.tables import text_table

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.progress import OnProgress
    from napari_unison.encoder import Embedding, UnifiedEncoder
    from napari_unison.sessions import Session


@dataclass(frozen=True)
class AlignedControls:
    """An aligned score beside everything that tells what it is worth.

    Attributes
    ----------
    scores : QuickScores
        Label-free, aligned, and aligned with the own neurons silenced.
    wrong : DecodingScores
        Test bins aligned by the labels of other laps, scored against those labels.
    wrong_against_true : DecodingScores
        The same embedding, scored against the true labels.
    likeness : mapping of str to float
        For each session, the correlation between true and wrong labels: where it is large, laps are alike,
        and the wrong labels are hardly wrong.
    """

    scores: QuickScores
    wrong: DecodingScores
    wrong_against_true: DecodingScores
    likeness: Mapping[str, float]

    @property
    def title(self) -> str:
        """Name and split, in words."""
        return f"Aligned score and its controls · {self.scores.split}"

    @property
    def embedding_description(self) -> str:
        """The kinds of embedding that are compared."""
        return f"{self.scores.embedding_description}; and aligned by the labels of other laps"

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions by name."""
        return tuple(name for name in self.wrong.sessions if name != ALL_SESSIONS)

    def parts(self) -> tuple[ScorePart, ...]:
        """Return name, meaning and scores of each part, in the order of the table."""
        return (
            *self.scores.parts(),
            ("aligned by wrong labels, against those", CONTROL, self.wrong),
            ("aligned by wrong labels, against the true ones", CONTROL, self.wrong_against_true),
        )

    def of(self, session: str, label: str) -> LabelControls:
        """Return the R² of one label of one session in all parts.

        Raises
        ------
        KeyError
            If there is no such session or label; the message lists those that exist.
        """
        free, aligned, silenced, wrong, true = (
            scores.row(session, label).r2 for _, _, scores in self.parts()
        )
        return LabelControls(session, label, free, aligned, silenced, wrong, true, self.likeness[session])

    def verdicts(self) -> list[str]:
        """Say, session by session, whether the aligned score says anything about the neurons."""
        return [
            line
            for session in self.sessions
            for line in aligned_verdicts([self.of(session, label) for label in self.wrong.labels])
        ]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return header and rows: per session all parts, each with what it is in words."""
        return parts_table(self.parts())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a part, session and label."""
        return parts_frame(self.parts())

    def __str__(self) -> str:
        header, rows = self.table()
        head = f"embeddings: {self.embedding_description}\n{self.title}"
        return "\n".join([head, text_table(header, rows), *self.verdicts()])


def aligned_controls(
    encoder: UnifiedEncoder,
    train: Sequence[Session],
    test: Sequence[Session],
    *,
    on_progress: OnProgress | None = None,
) -> AlignedControls:
    """Score unseen bins aligned, and control that score.

    All aligned embeddings take their partners from the training sessions. The test sessions are aligned by
    their true labels, by the same with their own neurons silenced, and by the labels of other laps, see
    :func:`~napari_unison.analysis.controls.permuted_laps.wrong_labels`. The decoder is fitted on training
    bins with their true labels.

    Parameters
    ----------
    encoder : UnifiedEncoder
        A fitted encoder.
    train : sequence of Session
        The training part: decoders are fitted on its embeddings.
    test : sequence of Session
        Other bins of the same sessions, of at least two laps each, which neither ``train`` nor the encoder's
        training sessions hold.
    on_progress : callable, optional
        Called with the share that is done and what comes next.

    Returns
    -------
    AlignedControls
        All scores; prints as a table with a verdict for each session.

    Raises
    ------
    ValueError
        If a test session is a single lap, is not in ``train``, or its bins were seen in training.
    """
    train, test = list(train), list(test)
    mistaken = wrong_labels(test)
    fitted_on = encoder.embed(train)
    scores = quick_scores(
        encoder,
        train,
        test,
        aligned=(fitted_on, encoder.embed(test)),
        silenced=(encoder.embed(train, silence_own=True), encoder.embed(test, silence_own=True)),
        on_progress=on_progress and (lambda share, what: on_progress(0.8 * share, what)),
    )
    if on_progress is not None:
        on_progress(0.8, "aligning by the labels of other laps")
    by_wrong_labels = encoder.embed(mistaken)
    controls = AlignedControls(
        scores,
        wrong=decode(fitted_on, by_wrong_labels),
        wrong_against_true=decode(fitted_on, _beside(test, by_wrong_labels)),
        likeness={
            true.name: label_correlation(true, wrong) for true, wrong in zip(test, mistaken, strict=True)
        },
    )
    if on_progress is not None:
        on_progress(1.0, "done")
    return controls


def _beside(sessions: Sequence[Session], embedding: Embedding) -> Embedding:
    """Put latents beside other labels of the same bins."""
    return replace(embedding, sessions=tuple(sessions))
