"""Ways to decode with an encoder, to be scored on the same folds as the baselines.

All of them embed the bins to decode label-free, from the session's own neurons alone. What differs is the
encoder (one for all sessions, one a session, untrained) and what the decoder is fitted on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.decoders.fitting import (
    DECODER_NAMES,
    DecoderKind,
    fit_decoder,
    require_decoder_kind,
)
from napari_unison.analysis.encoders.encoder_fits import EncoderFits, config_text
from napari_unison.analysis.protocol.folds import guard_bins
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.session_parts import bordered_alike
from napari_unison.analysis.targets import session_targets

if TYPE_CHECKING:
    from napari_unison.analysis.decoders.fitting import FittedDecoder
    from napari_unison.analysis.time_context import TimeContext
    from napari_unison.encoder import Embedding, EncoderConfig, UnifiedEncoder
    from napari_unison.sessions import Session

FittedOn = Literal["label-free", "aligned bank", "other sessions"]

_FITTED_ON_WORDS: Final[Mapping[FittedOn, str]] = {
    "label-free": "",
    "aligned bank": " fitted on aligned training bins",
    "other sessions": " fitted on the other sessions",
}


class _EncoderMethod:
    """What methods with an encoder have in common.

    Parameters
    ----------
    config : EncoderConfig
        Parameters of the encoder; its ``random_state`` gives way to the seed of each fit.
    decoder : {"knn", "linear", "mlp"}
        Decoder of the latents; its hyper-parameters are chosen on held-out laps of the training part.
    context : TimeContext, optional
        What the decoder sees of the latents around a bin; those of the bin alone unless given.
    fits : EncoderFits, optional
        Gives trained encoders; methods that are given the same one share them.
    name : str, optional
        For tables and figures; says encoder and decoder unless given.
    """

    uses_labels_of_test: ClassVar[bool] = False
    is_random: ClassVar[bool] = True
    _kind: ClassVar[str]

    def __init__(
        self,
        config: EncoderConfig,
        decoder: DecoderKind = "knn",
        *,
        context: TimeContext | None = None,
        fits: EncoderFits | None = None,
        name: str | None = None,
    ) -> None:
        require_decoder_kind(decoder)
        self.config = config
        self.decoder = decoder
        self.context = context
        self._fits = EncoderFits() if fits is None else fits
        self._name = name

    @property
    def name(self) -> str:
        """For tables and figures."""
        return self._name or f"{self._kind} ({self._decoder_in_words()})"

    def _decoder_in_words(self) -> str:
        words = DECODER_NAMES[self.decoder]
        return words if self.context is None else f"{words}, {self.context.words}"

    @property
    def settings(self) -> str:
        """Everything that decides the result besides sessions and seed."""
        facts: dict[str, object] = {
            "method": self._kind,
            "decoder": self.decoder,
            "encoder": json.loads(config_text(self.config)),
        }
        if self.context is not None:
            facts["context"] = asdict(self.context)
        return json.dumps(facts | self._own_settings(), ensure_ascii=False)

    def _own_settings(self) -> dict[str, object]:
        return {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class LabelFreeEncoder(_EncoderMethod):
    """One encoder of all sessions; the bins to decode are embedded from their own neurons alone.

    Parameters
    ----------
    config, decoder, context, fits, name
        As described for all methods with an encoder.
    fitted_on : {"label-free", "aligned bank", "other sessions"}
        What the decoder of a session is fitted on: label-free latents of its training part; aligned latents
        of its training part, where labels are known; or label-free latents of all other sessions' training
        parts, so that nothing but the shared space connects the decoder with this session.
    """

    _kind = "unified encoder, label-free"

    def __init__(
        self,
        config: EncoderConfig,
        decoder: DecoderKind = "knn",
        fitted_on: FittedOn = "label-free",
        *,
        context: TimeContext | None = None,
        fits: EncoderFits | None = None,
        name: str | None = None,
    ) -> None:
        _require_fitted_on(fitted_on)
        super().__init__(config, decoder, context=context, fits=fits, name=name)
        self.fitted_on = fitted_on

    @property
    def name(self) -> str:
        """For tables and figures."""
        decoder = f"{self._decoder_in_words()}{_FITTED_ON_WORDS[self.fitted_on]}"
        return self._name or f"{self._kind} ({decoder})"

    def _own_settings(self) -> dict[str, object]:
        return {"fitted on": self.fitted_on}

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        """Train on all sessions' training parts, and decode the test parts label-free.

        Parameters
        ----------
        train, test : sequence of Session
            Training and test part of sessions, by name.
        seed : int
            Seed of the encoder and of the decoder.

        Returns
        -------
        list of Prediction
            One for each session of ``test`` and each of its labels.

        Raises
        ------
        ValueError
            If a session of ``test`` has no training part, or there is no other session to fit on.
        """
        encoder = self._fits.fitted(self.config, train, seed)
        return decode_label_free(
            encoder, train, test, self.decoder, seed, fitted_on=self.fitted_on, context=self.context
        )


class SingleSessionEncoder(_EncoderMethod):
    """One encoder a session, each trained on that session alone: what pooling sessions has to beat."""

    _kind = "one encoder per session"

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        """Train one encoder a session on its training part, and decode its test part with it.

        Parameters, result and errors are those of :meth:`LabelFreeEncoder.predict`.
        """
        _require_train_parts(train, test)
        config = self.config.model_copy(update={"sessions_per_step": None})
        predictions: list[Prediction] = []
        for session in test:
            own = [part for part in train if part.name == session.name]
            encoder = self._fits.fitted(config, own, seed)
            predictions += decode_label_free(
                encoder, own, [session], self.decoder, seed, context=self.context
            )
        return predictions


class UntrainedEncoder(_EncoderMethod):
    """An encoder with random weights: what window, network and decoder do without any training."""

    _kind = "untrained encoder"

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        """Draw random weights, fit the decoder on the training part's latents, and decode the test part.

        Parameters, result and errors are those of :meth:`LabelFreeEncoder.predict`.
        """
        # An estimator is fitted by at least one step: this one is too small to change a float32 weight.
        no_training = {"max_iterations": 1, "learning_rate": 1e-30, "batch_size": 2}
        encoder = self._fits.fitted(self.config.model_copy(update=no_training), train, seed)
        return decode_label_free(encoder, train, test, self.decoder, seed, context=self.context)


def decode_label_free(
    encoder: UnifiedEncoder,
    train: Sequence[Session],
    test: Sequence[Session],
    decoder: DecoderKind,
    seed: int,
    *,
    fitted_on: FittedOn = "label-free",
    context: TimeContext | None = None,
) -> list[Prediction]:
    """Decode sessions from label-free latents of a fitted encoder, with a decoder for each session.

    Training parts are embedded with borders of laps only if the test parts have them, see
    :func:`~napari_unison.analysis.protocol.session_parts.bordered_alike`.

    Parameters
    ----------
    encoder : UnifiedEncoder
        Fitted, without the bins of ``test``.
    train : sequence of Session
        Labelled part of the sessions, which decoders are fitted on.
    test : sequence of Session
        Bins to decode of the same sessions, by name.
    decoder : {"knn", "linear", "mlp"}
        See :func:`~napari_unison.analysis.decoders.fitting.fit_decoder`.
    seed : int
        Seed of the decoder.
    fitted_on : {"label-free", "aligned bank", "other sessions"}
        See :class:`LabelFreeEncoder`.
    context : TimeContext, optional
        What the decoder sees of the latents around a bin; those of the bin alone unless given.

    Returns
    -------
    list of Prediction
        One for each session of ``test`` and each of its labels.

    Raises
    ------
    ValueError
        If a session of ``test`` is not in ``train``, or there is no other session to fit on.
    """
    _require_fitted_on(fitted_on)
    _require_train_parts(train, test)
    shown = _bordered_alike(train, test)
    known = encoder.embed(shown, align=fitted_on == "aligned bank")
    asked = encoder.embed(test, align=False)
    rows, queries = _seen(known, context), _seen(asked, context)
    width = 0 if context is None else context.width(test[0].bin_width)
    guard = guard_bins(encoder.config_, context=width)
    predictions = []
    for session, features in zip(test, queries, strict=True):
        teachers = _teachers(train, session.name, fitted_on)
        fitted = fit_on_sessions(train, rows, teachers, decoder, seed, guard)
        predicted = fitted.predict(features)
        predictions += [Prediction.of(session, label, values) for label, values in predicted.items()]
    return predictions


def _bordered_alike(train: Sequence[Session], test: Sequence[Session]) -> list[Session]:
    asked = {session.name: session for session in test}
    return [bordered_alike(part, asked[part.name]) if part.name in asked else part for part in train]


def _seen(embedding: Embedding, context: TimeContext | None) -> Sequence[npt.NDArray[np.float32]]:
    """Return what the decoder sees of each embedded session."""
    if context is None:
        return embedding.values
    return [context.features(*pair) for pair in zip(embedding.sessions, embedding.values, strict=True)]


def _teachers(train: Sequence[Session], session: str, fitted_on: FittedOn) -> list[int]:
    """Return which of the training parts the decoder of a session is fitted on."""
    others = fitted_on == "other sessions"
    chosen = [number for number, part in enumerate(train) if (part.name == session) != others]
    if not chosen:
        raise ValueError(
            f"session {session!r} is alone: a decoder fitted on the other sessions needs at least one other"
        )
    return chosen


def fit_on_sessions(
    train: Sequence[Session],
    features: Sequence[npt.NDArray[np.float32]],
    chosen: Sequence[int],
    decoder: DecoderKind,
    seed: int,
    guard: int,
) -> FittedDecoder:
    """Fit a decoder on the latents of some sessions, one after the other.

    Parameters
    ----------
    train : sequence of Session
        Training parts, which give labels and laps.
    features : sequence of ndarray, (T, D) each
        Their latents, or what the decoder sees of them.
    chosen : sequence of int
        Numbers of the training parts to fit on.
    decoder, seed, guard
        See :func:`~napari_unison.analysis.decoders.fitting.fit_decoder`.
    """
    sessions = [train[number] for number in chosen]
    return fit_decoder(
        decoder,
        np.concatenate([features[number] for number in chosen]),
        session_targets(*sessions),
        np.concatenate([session.segment for session in sessions]),
        seed,
        guard=guard,
        recordings=np.repeat(chosen, [session.n_bins for session in sessions]),
    )


def _require_fitted_on(fitted_on: str) -> None:
    if fitted_on not in get_args(FittedOn):
        raise ValueError(
            f"a decoder cannot be fitted on {fitted_on!r}: choose {', '.join(map(repr, get_args(FittedOn)))}"
        )


def _require_train_parts(train: Sequence[Session], test: Sequence[Session]) -> None:
    known = [session.name for session in train]
    missing = [session.name for session in test if session.name not in known]
    if missing:
        raise ValueError(
            f"there is no training part of {', '.join(missing)}: the training parts are of "
            f"{', '.join(known)}; give the labelled part of the same sessions"
        )
