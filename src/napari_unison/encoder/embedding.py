"""Embeddings: latents of sessions, with the kind of the embedding and how well partners matched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_unison.sessions import Session, SessionError
from napari_unison.sessions.columns import told_apart
from napari_unison.sessions.storage import read_sessions_with_extra, write_sessions

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Kind = Literal["aligned", "label-free"]
Partners = Literal["training", "given", "none"]

_OWN_COLUMNS = ("session", "time_s", "segment", "embedding")
_OWN_BEGINNINGS = ("latent", "residual")


@dataclass(frozen=True, eq=False, repr=False)
class Embedding:
    """Latents of sessions.

    An *aligned* embedding fills the other sessions' neurons in by the labels of the bin that is embedded: it
    is for looking, and what is decoded from it is circular. A *label-free* embedding uses the session's own
    neurons only, the other sessions silenced: only this may be called decoding.

    Attributes
    ----------
    values : tuple of array (T_s, D) of float32
        Latents of each embedded session.
    sessions : tuple of Session
        The embedded sessions, in the same order.
    kind : {"aligned", "label-free"}
        Whether labels chose the other sessions' neurons.
    partners : {"training", "given", "none"}
        Where partners were taken from.
    residual : tuple of array (T_s, S) of float32
        Label distance of the partner in each of the ``S`` training sessions, however the labels are scaled
        and weighted for matching: 0 for the session itself, NaN where that session was silent.
    partner_names : tuple of str
        The ``S`` training sessions, the columns of ``residual``.
    control : "silenced" or None
        ``"silenced"`` where the session's own neurons were set to zero.
    silenced : tuple of str
        Training sessions that were silent throughout.
    residual_unit : str
        Unit of ``residual`` between bins of the same categories, such as "m"; empty where there is none.
    """

    values: tuple[Array, ...]
    sessions: tuple[Session, ...]
    kind: Kind
    partners: Partners
    residual: tuple[Array, ...]
    partner_names: tuple[str, ...]
    control: Literal["silenced"] | None = None
    silenced: tuple[str, ...] = ()
    residual_unit: str = ""

    def __repr__(self) -> str:
        return (
            f"Embedding({self.description}: {self.n_latents} latents of "
            f"{sum(map(len, self.values))} bins in {', '.join(self.session_names)})"
        )

    @property
    def n_latents(self) -> int:
        """Output dimension ``D``."""
        return int(self.values[0].shape[1])

    @property
    def session_names(self) -> tuple[str, ...]:
        """Names of the embedded sessions."""
        return tuple(session.name for session in self.sessions)

    @property
    def short_description(self) -> str:
        """The kind in a word or two, for names of layers."""
        return f"{self.kind}, silenced control" if self.control else self.kind

    @property
    def description(self) -> str:
        """The kind in a sentence's part, for titles."""
        if self.kind == "label-free":
            return "label-free (own neurons only)"
        if len(self.partner_names) == 1:
            return "aligned with no other session (own neurons only)"
        source = "the training sessions" if self.partners == "training" else "the given sessions"
        words = f"aligned (labels used, partners from {source})"
        if self.control:
            words += ", own neurons silenced"
        if self.silenced:
            words += f", without {', '.join(self.silenced)}"
        return words

    def stacked(self) -> tuple[Array, Array]:
        """Return all latents (ΣT, D) and the number of the session that each row belongs to (ΣT,)."""
        index = np.repeat(np.arange(len(self.values)), [len(values) for values in self.values])
        return np.concatenate(self.values), index

    def label(self, name: str) -> Array:
        """Return a label of all embedded sessions, stacked (ΣT,) or (ΣT, k).

        Raises
        ------
        KeyError
            If there is no such label; the message lists those that there are.
        """
        known = self.sessions[0].labels
        if name not in known:
            raise KeyError(f"no label is called {name!r}; the labels are {', '.join(map(repr, known))}")
        return np.concatenate([session.labels[name] for session in self.sessions])

    def to_frame(self, *, units: bool = False) -> pd.DataFrame:
        """Return one row a time bin: session, time_s, segment, the labels, kind, latent_1 … latent_D.

        An aligned embedding has a column ``residual_NAME`` for each training session, too: the label distance
        of the partner there, empty where that session was silent.

        Parameters
        ----------
        units : bool
            Whether names of labels and residuals end in their unit, as in ``position_m``.
        """
        import pandas as pd

        frames = []
        for number in range(len(self.sessions)):
            columns = self._columns(number)
            names = told_apart(f"{name}_{unit}" if units and unit else name for name, unit, _ in columns)
            values = (values for _, _, values in columns)
            frames.append(pd.DataFrame(dict(zip(names, values, strict=True))))
        return pd.concat(frames, ignore_index=True)

    def _columns(self, number: int) -> list[tuple[str, str, Any]]:
        """Return name, unit and values of every column of a session's table."""
        session, values, residual = self.sessions[number], self.values[number], self.residual[number]
        columns: list[tuple[str, str, Any]] = [
            ("session", "", np.full(session.n_bins, session.name)),
            ("time_s", "", session.time),
            ("segment", "", session.segment),
        ]
        for name, label in session.labels.items():
            # a label called like one of our own columns does not take its place
            is_ours = name in _OWN_COLUMNS or name.startswith(_OWN_BEGINNINGS)
            title, unit = f"label_{name}" if is_ours else name, session.units[name]
            if label.ndim == 1:
                columns.append((title, unit, label))
            else:
                columns += [(f"{title}_{i + 1}", unit, label[:, i]) for i in range(label.shape[1])]
        columns.append(("embedding", "", np.full(session.n_bins, self.short_description)))
        columns += [(f"latent_{i + 1}", "", values[:, i]) for i in range(values.shape[1])]
        if self.kind == "aligned":
            columns += [
                (f"residual_{name}", self.residual_unit, residual[:, i])
                for i, name in enumerate(self.partner_names)
            ]
        return columns

    def save(self, path: str | Path) -> Path:
        """Write to one ``.npz`` file, sessions included, without pickle.

        Parameters
        ----------
        path : path
            File to write; an existing one is replaced.

        Returns
        -------
        Path
            The file.
        """
        path = Path(path)
        facts = {
            "kind": self.kind,
            "partners": self.partners,
            "partner_names": list(self.partner_names),
            "control": self.control,
            "silenced": list(self.silenced),
            "residual_unit": self.residual_unit,
        }
        arrays: dict[str, Array] = {"embedding": np.array(json.dumps(facts))}
        for i, (values, residual) in enumerate(zip(self.values, self.residual, strict=True)):
            arrays |= {f"values_{i}": values, f"residual_{i}": residual}
        write_sessions(path, self.sessions, extra=arrays)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Embedding:
        """Read a file written by :meth:`save`.

        Raises
        ------
        SessionError
            If the file is not one of ours.
        """
        sessions, arrays = read_sessions_with_extra(path)
        if "embedding" not in arrays:
            raise SessionError(f"{path} holds sessions, but no embedding of them")
        facts = json.loads(str(arrays["embedding"]))
        return cls(
            values=tuple(arrays[f"values_{i}"] for i in range(len(sessions))),
            sessions=tuple(sessions),
            kind=facts["kind"],
            partners=facts["partners"],
            residual=tuple(arrays[f"residual_{i}"] for i in range(len(sessions))),
            partner_names=tuple(facts["partner_names"]),
            control=facts["control"],
            silenced=tuple(facts["silenced"]),
            residual_unit=facts.get("residual_unit", ""),
        )
