"""How equal an imported CEBRA checkpoint is, and what becomes of corrupted ones.

Four simulated rats are trained with cebra as in the notebook, for some steps, and imported, and compared:
the largest difference of any latent between cebra's network and what is computed here. Then the pickle inside
of a checkpoint is corrupted many times over, with a checksum that fits: each is refused in words or read.
Needs the dependency group ``peer``. Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/cebra_round_trip.py
"""

from __future__ import annotations

import argparse
import random
import tempfile
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from cebra_loop import MASKS, cebra_solver
from machine import describe_machine, write_result
from napari_unison import UnifiedEncoder, sample_sessions, split_sessions
from napari_unison.encoder import CheckpointError
from napari_unison.encoder.embed import PartnerBank
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.windows import embedding_windows

BINS = 2500


def latents_of(network: Any, windows: np.ndarray) -> np.ndarray:
    """Return what cebra's network gives for windows (T, ΣN, W)."""
    import torch

    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(windows.astype(np.float32))).numpy())


def gathered(session: Any, bins: np.ndarray) -> np.ndarray:
    """Return the windows (B, N, W) of a session's bins."""
    return np.asarray(session.neural)[embedding_windows(session, 5, 5)[bins]].transpose(0, 2, 1)


def largest_differences(solver: Any, loader: Any, encoder: UnifiedEncoder) -> dict[str, float]:
    """Compare cebra's network with the imported one on windows of four kinds."""
    import torch

    model, network, sessions = solver.model.eval(), encoder._state.network, encoder.training_sessions_
    worst = dict.fromkeys(("training", "transform", "aligned", "label-free"), 0.0)

    def see(kind: str, mine: Any, theirs: Any) -> None:
        worst[kind] = max(worst[kind], float(np.abs(np.asarray(mine) - np.asarray(theirs)).max()))

    with torch.no_grad():
        batch = next(iter(loader))
        for windows in (batch.reference, batch.positive, batch.negative):
            see("training", network(windows.permute(2, 0, 1)), model(windows))
        for inputs, values in seen_in_transform(solver, sessions):
            padded = torch.nn.functional.pad(inputs.T, (5, 4), "replicate")
            see("transform", network(padded.unfold(1, 10, 1).permute(2, 1, 0)), values)
    bank = PartnerBank(sessions, LabelSpace(sessions), None, encoder.seed_)
    own_only, together = encoder.embed(align=False).values, encoder.embed().values
    for own, session in enumerate(sessions):
        partners, _ = bank.partners_of(session, own)
        partners[own] = np.arange(session.n_bins)
        parts = [gathered(other, row) for other, row in zip(sessions, partners, strict=True)]
        see("aligned", together[own], latents_of(model, np.concatenate(parts, axis=1)))
        silent = [part if number == own else 0 * part for number, part in enumerate(parts)]
        see("label-free", own_only[own], latents_of(model, np.concatenate(silent, axis=1)))
    return {kind: float(f"{difference:.2g}") for kind, difference in worst.items()}


def seen_in_transform(solver: Any, sessions: list[Any]) -> list[tuple[Any, Any]]:
    """Return what the notebook's ``transform`` puts together and makes of it, all batches of all sessions."""
    import torch

    space, seen, transform = LabelSpace(sessions), [], solver._transform

    def watched(**given: Any) -> Any:
        values = transform(**given)
        seen.append((given["inputs"], values))
        return values

    neural = [torch.tensor(np.asarray(session.neural), dtype=torch.float32) for session in sessions]
    labels = [torch.tensor(space.encode(session), dtype=torch.float32) for session in sessions]
    solver._transform = watched
    for number in range(len(sessions)):
        solver.transform(neural, labels=labels, session_id=number, batch_size=300)
    return seen


def corrupted(content: bytes, draw: random.Random) -> bytes:
    """Change a few bytes: single ones, numbers to extreme ones, stretches to others, opcodes to others."""
    changed = bytearray(content)
    for _ in range(draw.randrange(1, 8)):
        place = draw.randrange(len(changed) - 40)
        length = draw.randrange(1, 30)
        other = draw.randrange(len(changed) - 40)
        ways = (
            bytes([draw.randrange(256)]),
            draw.choice([b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff"]),
            bytes(changed[other : other + length]),
            bytes([draw.choice(b"}](.QRtbcKMJX\x85\x86\x87qrhj0")]),
        )
        new = draw.choice(ways)
        changed[place : place + len(new)] = new
    return bytes(changed)


def fates(checkpoint: Path, sessions: list[Any], trials: int) -> dict[str, int]:
    """Count what becomes of corrupted checkpoints."""
    original = checkpoint.read_bytes()
    with zipfile.ZipFile(checkpoint) as archive:
        content = archive.read(next(n for n in archive.namelist() if n.endswith("/data.pkl")))
    begin, draw = original.index(content), random.Random(7)
    counted: Counter[str] = Counter()
    for _ in range(trials):
        changed = corrupted(content, draw)
        damaged = original[:begin] + changed + original[begin + len(content) :]
        old, new = (zlib.crc32(part).to_bytes(4, "little") for part in (content, changed))
        checkpoint.write_bytes(damaged.replace(old, new))
        try:
            UnifiedEncoder.from_cebra(checkpoint, sessions)
        except CheckpointError:
            counted["refused"] += 1
        except Exception as error:  # noqa: BLE001 - whatever else is raised is what is looked for
            counted[f"{type(error).__name__}: {error}"[:100]] += 1
        else:
            counted["read"] += 1
    return dict(counted)


def main() -> None:
    """Train, compare, corrupt, and write the result."""
    import warnings

    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--trials", type=int, default=6000)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    sessions, _ = split_sessions([rat[:BINS] for rat in sample_sessions("linear-track")], 0.8)
    solver, loader = cebra_solver(sessions, masks=MASKS, iterations=options.steps)
    solver.fit(loader)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "model.pt"
        solver.save(logdir=f"{folder}/", filename="model.pt")
        encoder = UnifiedEncoder.from_cebra(checkpoint, sessions)
        differences = largest_differences(solver, loader, encoder)
        counted = fates(checkpoint, sessions, options.trials)
    result: dict[str, object] = {
        "about": "Largest difference of any latent (unit length) between cebra's network and the imported "
        "one; fates of corrupted checkpoints.",
        "steps": options.steps,
        "largest_difference": differences,
        "corrupted": counted,
        "machine": describe_machine("cebra"),
    }
    write_result(result, options.to or "cebra-round-trip")


if __name__ == "__main__":
    main()
