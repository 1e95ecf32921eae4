"""What a decoding study runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from napari_unison.analysis.study_methods import METHOD_WORDS
from napari_unison.analysis.time_context import DEFAULT_CONTEXT, TimeContext

if TYPE_CHECKING:
    from napari_unison.encoder import EncoderConfig

DecoderName = Literal["knn", "linear", "mlp"]

QUICK_ITERATIONS: Final = 500
"""Training steps of a quick study, unless others are asked for."""


class DecodingStudyError(ValueError):
    """A decoding study cannot be run, or not as asked; the message says what to do."""


@dataclass(frozen=True)
class StudyOptions:
    """What is to be run.

    Attributes
    ----------
    methods : tuple of str
        Short names, see ``METHOD_WORDS``; all of them by default.
    decoder : {"knn", "linear", "mlp"}
        Decoder of latents.
    context : TimeContext or None
        What decoders see of the time around a bin, of latents as of activity; None for the bin alone, and
        for baselines the encoder's window. Short sessions are decoded so, too, which the study then says.
    n_folds : int
        Contiguous folds of laps.
    seeds : tuple of int
        Seeds of whatever is random.
    iterations : int, optional
        Training steps of every encoder; those of the configuration unless given.
    n_permutations : int
        Orders of laps for the null; 0 for none, 19 or more for a verdict.
    with_controls : bool
        Whether the aligned score is made, with its controls.
    is_quick : bool
        Whether this is a first look, which tables and figures then say: the first seed alone and at most 500
        training steps, unless ``iterations`` is given.
    """

    methods: tuple[str, ...] = tuple(METHOD_WORDS)
    decoder: DecoderName = "knn"
    context: TimeContext | None = DEFAULT_CONTEXT
    n_folds: int = 5
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    iterations: int | None = None
    n_permutations: int = 0
    with_controls: bool = True
    is_quick: bool = False

    def __post_init__(self) -> None:
        unknown = [name for name in self.methods if name not in METHOD_WORDS]
        if unknown or not self.methods:
            raise DecodingStudyError(
                f"there is no method {', '.join(map(repr, unknown)) or 'to run'}: choose from "
                f"{', '.join(METHOD_WORDS)}"
            )
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise DecodingStudyError(f"seeds are {list(self.seeds)}: give at least one, each once")
        if self.n_folds < 2:
            raise DecodingStudyError(f"n_folds is {self.n_folds}: it takes at least two folds")
        if self.n_permutations < 0 or (self.iterations is not None and self.iterations < 1):
            raise DecodingStudyError("permutations are 0 or more, iterations 1 or more")

    @property
    def used_seeds(self) -> tuple[int, ...]:
        """The seeds that are run."""
        return self.seeds[:1] if self.is_quick else self.seeds

    def config_for_fits(self, config: EncoderConfig) -> EncoderConfig:
        """Return the configuration of every fit: with these training steps, without a bar of its own."""
        iterations = self.iterations or config.max_iterations
        if self.is_quick and self.iterations is None:
            iterations = min(iterations, QUICK_ITERATIONS)
        changes = {"max_iterations": iterations, "verbose": False, "random_state": None}
        return config.model_copy(update=changes)
