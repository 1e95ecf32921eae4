"""A mapping that is not complete, as toml that says which lines are to be filled in."""

from __future__ import annotations

from typing import Final

import tomli_w

from napari_unison.sessions.importing.contents import Contents
from napari_unison.sessions.importing.mapping import FileMapping
from napari_unison.sessions.importing.proposing import Proposal

_WANTED: Final = {
    "neural": ("which entry is neural activity", 'neural = "entry"'),
    "bin_width": ("the width of a time bin (s)", "bin_width = 0.025"),
    "labels": ("a label, such as a position", '[labels.position]\nsource = "entry"'),
}


def unfinished_toml(proposal: Proposal, contents: Contents) -> str:
    """Return what is known of a mapping as toml, with what is not as comments to be filled in.

    Parameters
    ----------
    proposal : Proposal
        A guess that does not go far enough.
    contents : Contents
        The file, whose entries are named in comments.

    Returns
    -------
    str
        Valid toml. Lines that begin with "# FILL IN" say what is needed; the lines below each are an example.
    """
    known = _known_fields(proposal)
    wanted = [name for name in ("neural", "labels") if name not in proposal.fields]
    if len(proposal.missing) > len(wanted):
        wanted.insert(len(wanted) - ("labels" in wanted), "bin_width")
    said = [
        'This mapping is not complete. Below each "FILL IN", change what is there, and take away its "# ".',
        *proposal.missing,
        *proposal.notes,
        f"{contents.place} holds",
        *contents.listed().splitlines(),
    ]
    parts = [_comment(said)]
    parts += [_to_be_filled(name) for name in wanted if name != "labels"]
    parts += [tomli_w.dumps(known).rstrip()] if known else []
    parts += [_to_be_filled("labels")] if "labels" in wanted else []
    return "\n\n".join(parts) + "\n"


def _known_fields(proposal: Proposal) -> dict[str, object]:
    """Return the known fields as plain values; what stands for the others is taken out again."""
    stand_in = {"neural": "?", "labels": {"?": {"source": "?"}}}
    fields = FileMapping.model_validate(stand_in | proposal.fields).to_fields()
    return {name: value for name, value in fields.items() if name in proposal.fields}


def _to_be_filled(name: str) -> str:
    words, example = _WANTED[name]
    return _comment([f"FILL IN {words}:", *example.splitlines()])


def _comment(lines: list[str]) -> str:
    # a comment of toml holds no control characters, which names in a file may
    printable = ["".join(c if c.isprintable() else "?" for c in line) for line in lines]
    return "\n".join(f"# {line}" for line in printable)
