"""A session that has seen a part of the behaviour, embedded alone and together with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_unison.encoder.overlap import take_gaps_as_known
from napari_unison.encoder.repeated_warnings import each_warning_once
from napari_unison.sessions import SessionError

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding, EncoderConfig
    from napari_unison.sessions import Session


@dataclass(frozen=True, eq=False)
class PartEmbeddings:
    """Embeddings of an incomplete session.

    Attributes
    ----------
    part : Session
        What was trained on.
    rest : Session
        The rest of the session, which was not.
    others : tuple of Session
        The other sessions.
    alone : Embedding
        The part by an encoder of its own.
    together : Embedding
        The part, aligned, by an encoder of all sessions; its latents are those of all that follow.
    others_together : Embedding
        The other sessions, aligned.
    rest_aligned : Embedding
        The rest, aligned: its labels call up the others' neurons.
    rest_silenced : Embedding
        The rest, aligned, without the session's own neurons: what the labels alone put in.
    rest_label_free : Embedding
        The rest by its own neurons alone.
    """

    part: Session
    rest: Session
    others: tuple[Session, ...]
    alone: Embedding
    together: Embedding
    others_together: Embedding
    rest_aligned: Embedding
    rest_silenced: Embedding
    rest_label_free: Embedding


@each_warning_once()
def part_embeddings(
    part: Session, rest: Session, others: Sequence[Session], config: EncoderConfig
) -> PartEmbeddings:
    """Train on a part of a session, alone and with other sessions, and embed part and rest.

    Parameters
    ----------
    part, rest : Session
        Two parts of one session, such as ``session.between(0, 25)`` and ``session.between(start=25)``, or
        ``session[mask]`` and ``session[~mask]``.
    others : sequence of Session
        Sessions that were complete.
    config : EncoderConfig
        Parameters of both encoders.

    Returns
    -------
    PartEmbeddings
        Drawn by :func:`~napari_unison.display.figures.incomplete_behaviour_figure`.

    Raises
    ------
    SessionError
        If part and rest are not of one session, share bins, or there is no other session.
    """
    from napari_unison.encoder import UnifiedEncoder

    if part.name != rest.name or part.n_neurons != rest.n_neurons:
        raise SessionError(
            f"{part.name!r} ({part.n_neurons} neurons) and {rest.name!r} ({rest.n_neurons}) are not two "
            f"parts of one session: give session.between(0, 25) and session.between(start=25), or such"
        )
    if set(part.time.tolist()) & set(rest.time.tolist()):
        raise SessionError(f"part and rest of {part.name!r} share bins: give bins that were not trained on")
    if not others:
        raise SessionError(f"session {part.name!r} is alone: give others that have done what it has not")
    take_gaps_as_known(part.name, [other.name for other in others], list(part.labels))
    single = UnifiedEncoder.from_config(config.model_copy(update={"sessions_per_step": None})).fit([part])
    together = UnifiedEncoder.from_config(config).fit([part, *others])
    return PartEmbeddings(
        part=part,
        rest=rest,
        others=tuple(others),
        alone=single.embed(align=False),
        together=together.embed([part]),
        others_together=together.embed(list(others)),
        rest_aligned=together.embed([rest]),
        rest_silenced=together.embed([rest], silence_own=True),
        rest_label_free=together.embed([rest], align=False),
    )
