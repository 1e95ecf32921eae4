"""What is shown and how: a small frozen model that the workspace replaces as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding

#: Three latents by their index, the best ones for the labels, or principal components.
LatentChoice = tuple[int, ...] | Literal["best", "pca"]
#: Labels by name, "residual", and latents counted from 0; or the position and the best latents.
TraceChoice = tuple[int | str, ...] | Literal["best"]
EmbeddingKind = Literal["aligned", "label-free"]
PaletteName = Literal["paper", "colour-blind safe"]
FlowPlane = Literal["1 and 2", "1 and 3", "2 and 3"]


class DisplaySettings(BaseModel):
    """What is shown of the current run.

    Attributes
    ----------
    kind : {"aligned", "label-free"}
        Which embedding.
    latents : tuple of up to three int, "best" or "pca"
        Axes of the picture, latents counted from 0. ``"best"`` takes the best latent of each of the first
        labels and the next best one, ``"pca"`` the principal components of all latents.
    colour : str
        What the points are coloured by; ``display.colour_modes(embedding)`` lists the choices. ``"best"``
        takes the first of them, whatever the labels are.
    point_size : float
        Size of the points, in the units of the picture (the embedding scaled by 100).
    opacity : float
        Opacity of the points, 0 to 1.
    palette : {"paper", "colour-blind safe"}
        Which colours; the second is told apart without red-green vision.
    sessions : tuple of str or None
        Names of the sessions that are drawn; None for all.
    grid : bool
        One cell a session, and one with all of them, instead of a single picture.
    max_points : int
        At most this many points are drawn; every n-th time bin is, where there are more.
    trail : float
        How much of the time before the cursor is drawn as a trail (s); 0 draws only where it is.
    flow : {"1 and 2", "1 and 3", "2 and 3"} or None
        Draw the flow field in the plane of these two axes.
    flow_step : float
        Time from the tail of an arrow to its tip (s).
    latent : int or None
        The latent (counted from 0) that was chosen to be looked at: marked in Decode, drawn in Traces.
    traces : tuple of int or str, or "best"
        What is drawn over time: latents counted from 0, labels by name, and ``"residual"``; ``"best"`` takes
        the position and the best latents of position and direction. What an embedding does not have is not
        drawn, and comes back with one that has it.
    raster : bool
        Draw the activity of all neurons over time, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EmbeddingKind = "aligned"
    latents: LatentChoice = "best"
    colour: str = "best"
    palette: PaletteName = "paper"
    sessions: tuple[str, ...] | None = None
    point_size: float = Field(1.0, gt=0, le=50)
    opacity: float = Field(0.8, gt=0, le=1)
    grid: bool = False
    max_points: int = Field(100_000, ge=100, le=5_000_000)
    trail: float = Field(2.0, ge=0, le=600)
    flow: FlowPlane | None = None
    flow_step: float = Field(0.75, gt=0, le=60)
    latent: int | None = Field(None, ge=0)
    traces: TraceChoice = "best"
    raster: bool = False

    def complaint(self, embedding: Embedding, modes: tuple[str, ...]) -> str | None:
        """Say which setting an embedding, with its modes of colour, cannot be drawn with; None if it can."""
        modes = ("best", *modes)
        if self.colour not in modes:
            shown = ", ".join(mode for mode in modes if not mode.startswith("latent "))
            return (
                f"nothing to colour by is called {self.colour!r} in an embedding that is "
                f"{embedding.description}: there are {shown}, "
                f"and 'latent 1' to 'latent {embedding.n_latents}'"
            )
        strangers = [name for name in self.sessions or () if name not in embedding.session_names]
        if strangers or self.sessions == ():
            return (
                f"{strangers[0] if strangers else 'no session'} cannot be drawn: the embedding holds "
                f"{', '.join(embedding.session_names)}; give some of them, or None for all"
            )
        if self.latent is not None and self.latent >= embedding.n_latents:
            return (
                f"there is no latent {self.latent}: the embedding has {embedding.n_latents}, counted from 0"
            )
        unknown = self._unknown_traces(embedding)
        if unknown:
            labels = ", ".join(embedding.sessions[0].labels)
            return (
                f"{unknown[0]!r} cannot be traced: there are {labels}, 'residual' where there are partners, "
                f"and latents 0 to {embedding.n_latents - 1}"
            )
        if not self._has_latents(embedding):
            return (
                f"latents {self.latents} cannot be drawn: give one to three of the {embedding.n_latents} "
                f"latents, counted from 0, 'best' or 'pca'"
            )
        return None

    def adapted_to(self, embedding: Embedding, modes: tuple[str, ...]) -> DisplaySettings:
        """Return settings that an embedding, with its modes of colour, can be drawn with.

        A colour or axes that it does not have become "best"; a chosen latent that it does not have is
        forgotten, and so are sessions: all are drawn where none of the chosen ones is left.
        """
        changes: dict[str, Any] = {}
        if self.colour not in ("best", *modes):
            changes["colour"] = "best"
        kept = tuple(name for name in self.sessions or () if name in embedding.session_names)
        if self.sessions is not None and kept != self.sessions:
            changes["sessions"] = kept or None
        if not self._has_latents(embedding):
            changes["latents"] = "best"
        if self.latent is not None and self.latent >= embedding.n_latents:
            changes["latent"] = None
        return self.model_copy(update=changes) if changes else self

    def _unknown_traces(self, embedding: Embedding) -> list[int | str]:
        from napari_unison.display import trace_choices

        if isinstance(self.traces, str):
            return []
        known = trace_choices(embedding, embedding.sessions)
        return [choice for choice in self.traces if choice not in known]

    def _has_latents(self, embedding: Embedding) -> bool:
        if isinstance(self.latents, str):
            return True
        return 1 <= len(self.latents) <= 3 and all(0 <= k < embedding.n_latents for k in self.latents)
