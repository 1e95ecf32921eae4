"""The quick scores: label-free decoding, the aligned score, and the aligned one without the own neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from napari_unison.analysis.decoding import ALL_SESSIONS, DecodingScores, decode
from napari_unison.analysis.meanings import CIRCULAR, CONTROL, DECODING
from napari_unison.analysis.progress import OnProgress
from napari_unison.analysis.score_parts import parts_frame, parts_table
from napari_unison.analysis.tables import text_table
from napari_unison.analysis.time_splits import require_unseen, split_in_words

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.encoder.embedding import Embedding
    from napari_unison.encoder.estimator import UnifiedEncoder
    from napari_unison.sessions import Session

CLOSE: Final = 0.05
"""A silenced R² that is at most this far below the aligned one is called close."""


@dataclass(frozen=True)
class QuickScores:
    """One encoder scored three ways on the same quick split in time.

    Attributes
    ----------
    label_free : DecodingScores
        Own neurons only, no label used: the one that may be called decoding.
    aligned : DecodingScores
        Partners chosen by the label that is scored: circular.
    silenced : DecodingScores
        The aligned score with the session's own neurons set to zero, in training and test bins: what the
        labels alone give.
    split : str
        The split, in words.
    """

    label_free: DecodingScores
    aligned: DecodingScores
    silenced: DecodingScores
    split: str

    @property
    def title(self) -> str:
        """Name and split, in words."""
        return f"Quick scores · {self.split}"

    @property
    def embedding_description(self) -> str:
        """The kinds of embedding that are compared."""
        return "label-free, aligned, and aligned with the own neurons silenced"

    def parts(self) -> tuple[tuple[str, str, DecodingScores], ...]:
        """Return name, meaning and scores of each part, in the order of the table."""
        return (
            ("label-free", DECODING, self.label_free),
            ("aligned", CIRCULAR, self.aligned),
            ("aligned, own neurons silenced", CONTROL, self.silenced),
        )

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return header and rows: per session the three parts, each with what it is in words."""
        return parts_table(self.parts())

    def verdicts(self) -> list[str]:
        """Say, session by session, whether the aligned score says anything about the neurons."""
        several = len(self.aligned.sessions) > 1
        sessions = [name for name in self.aligned.sessions if name != ALL_SESSIONS or not several]
        return [line for session in sessions for line in self.verdicts_of(session)]

    def verdicts_of(self, session: str) -> list[str]:
        """Say whether the aligned score of a session, or of all sessions, says anything about the neurons.

        Raises
        ------
        KeyError
            If there is no such session; the message lists those that exist.
        """
        close: list[str] = []
        apart: list[str] = []
        for label in self.aligned.labels:
            full, without = self.aligned.row(session, label).r2, self.silenced.row(session, label).r2
            words = f"{label}: R² {full:.2f} with them, {without:.2f} without"
            if math.isfinite(full) and math.isfinite(without):
                (close if full - without <= CLOSE else apart).append(words)
        lines = []
        if close:
            numbers = "; ".join(close)
            lines.append(f"The aligned score says nothing about the neurons of {session} ({numbers}).")
        if apart:
            numbers = "; ".join(apart)
            lines.append(f"The neurons of {session} change its aligned score ({numbers}); it stays circular.")
        return lines

    def to_frame(self) -> pd.DataFrame:
        """Return one row a part, session and label."""
        return parts_frame(self.parts())

    def __str__(self) -> str:
        header, rows = self.table()
        head = f"embeddings: {self.embedding_description}\n{self.title}"
        return "\n".join([head, text_table(header, rows), *self.verdicts()])


def quick_scores(
    encoder: UnifiedEncoder,
    train: Sequence[Session],
    test: Sequence[Session],
    *,
    aligned: tuple[Embedding, Embedding] | None = None,
    label_free: tuple[Embedding, Embedding] | None = None,
    silenced: tuple[Embedding, Embedding] | None = None,
    on_progress: OnProgress | None = None,
) -> QuickScores:
    """Score an encoder on a quick split in time: label-free, aligned, and aligned with own neurons silenced.

    Parameters
    ----------
    encoder : UnifiedEncoder
        A fitted encoder.
    train : sequence of Session
        The training part: decoders are fitted on its embeddings.
    test : sequence of Session
        Other bins of the same sessions, which neither ``train`` nor the encoder's training sessions hold. In
        aligned embeddings of them, partners come from ``test`` itself, as in the notebook.
    aligned, label_free, silenced : tuple of Embedding, optional
        The embeddings of ``train`` and ``test`` of these kinds, if they are there already.
    on_progress : callable, optional
        Called with the share that is done and what comes next.

    Returns
    -------
    QuickScores
        The three scores; prints as a table that says which of them is decoding.

    Raises
    ------
    ValueError
        If a session of ``test`` is not in ``train``, bins of ``test`` lie in ``train`` or in the encoder's
        training sessions, or a given embedding is of another kind or of other sessions.
    """
    say = on_progress or _silent
    train, test = list(train), list(test)
    require_unseen(test, encoder.training_sessions_, "the encoder's training sessions")
    require_unseen(test, train, "train")
    for name, pair in (("label_free", label_free), ("aligned", aligned), ("silenced", silenced)):
        if pair is not None:
            _require_kind(name, pair)
            _require_same_bins(name, pair, (train, test))
    say(0.0, "label-free embedding")
    free = label_free or (encoder.embed(train, align=False), encoder.embed(test, align=False))
    say(0.2, "decoding the label-free embedding")
    decoding = decode(*free)
    say(0.35, "aligned embedding")
    full = aligned or (encoder.embed(train), encoder.embed(test, partners="given"))
    say(0.5, "scoring the aligned embedding")
    circular = decode(*full)
    say(0.65, "aligned embedding without the own neurons")
    without = silenced or (
        encoder.embed(train, silence_own=True),
        encoder.embed(test, partners="given", silence_own=True),
    )
    say(0.85, "scoring the control")
    control_scores = decode(*without)
    say(1.0, "done")
    return QuickScores(decoding, circular, control_scores, split_in_words(train, test))


def _silent(_share: float, _what: str) -> None:
    """Tell nobody."""


def _require_kind(name: str, pair: tuple[Embedding, Embedding]) -> None:
    """Refuse embeddings of another kind than the row of the table says."""
    kind = {
        "label_free": ("label-free", None),
        "aligned": ("aligned", None),
        "silenced": ("aligned", "silenced"),
    }[name]
    wrong = next((part for part in pair if (part.kind, part.control) != kind), None)
    if wrong is not None:
        calls = {"label_free": "align=False", "aligned": "align=True", "silenced": "silence_own=True"}
        raise ValueError(
            f"{name} holds an embedding that is {wrong.description}; give those of train and test made with "
            f"encoder.embed(..., {calls[name]}), or leave {name} out"
        )


def _require_same_bins(
    name: str, pair: tuple[Embedding, Embedding], parts: tuple[Sequence[Session], Sequence[Session]]
) -> None:
    """Refuse embeddings of other sessions than those that the split is named by."""
    for embedding, sessions, what in zip(pair, parts, ("train", "test"), strict=True):
        held = [(session.name, session.n_bins, session.start) for session in embedding.sessions]
        if held != [(session.name, session.n_bins, session.start) for session in sessions]:
            raise ValueError(
                f"{name} does not hold the sessions of {what} bin by bin, in the same order; embed {what} "
                f"itself, or leave {name} out"
            )
