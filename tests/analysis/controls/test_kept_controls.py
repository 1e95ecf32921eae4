"""Controls that are kept in a file and not made twice."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from simulated_rats import quick_config, rats

from napari_unison.analysis import AlignedControls, aligned_controls, lap_folds
from napari_unison.analysis.controls.kept_controls import kept_controls
from napari_unison.analysis.protocol.folds import Fold
from napari_unison.encoder import EncoderConfig, UnifiedEncoder


@pytest.fixture(scope="module")
def config() -> EncoderConfig:
    return quick_config(max_iterations=2, batch_size=32)


@pytest.fixture(scope="module")
def fold() -> Fold:
    return lap_folds(rats("rat 1", "rat 2", n_bins=600), 2, guard=10)[0]


@pytest.fixture(scope="module")
def controls(config: EncoderConfig, fold: Fold) -> AlignedControls:
    encoder = UnifiedEncoder.from_config(config).fit(fold.train)
    return aligned_controls(encoder, fold.train, fold.test)


def refuse() -> AlignedControls:
    raise AssertionError("made again")


def test_kept_controls_are_the_ones_that_were_made(
    config: EncoderConfig, fold: Fold, controls: AlignedControls, tmp_path: Path
) -> None:
    made = kept_controls(tmp_path, config, fold, 0, lambda: controls)
    found = kept_controls(tmp_path, config, fold, 0, refuse)
    assert str(found) == str(made) == str(controls)
    assert math.isnan(found.wrong.row("rat 1", "position").accuracy)


@pytest.mark.parametrize("other", ["seed", "config", "no folder"])
def test_controls_of_something_else_are_made(
    other: str, config: EncoderConfig, fold: Fold, controls: AlignedControls, tmp_path: Path
) -> None:
    kept_controls(tmp_path, config, fold, 0, lambda: controls)
    changed = config.model_copy(update={"learning_rate": 0.1}) if other == "config" else config
    with pytest.raises(AssertionError, match="made again"):
        kept_controls(
            None if other == "no folder" else tmp_path, changed, fold, 1 if other == "seed" else 0, refuse
        )


def test_a_damaged_file_is_written_again(
    config: EncoderConfig, fold: Fold, controls: AlignedControls, tmp_path: Path
) -> None:
    kept_controls(tmp_path, config, fold, 0, lambda: controls)
    [file] = tmp_path.iterdir()
    file.write_text('{"split": ')
    kept_controls(tmp_path, config, fold, 0, lambda: controls)
    assert str(kept_controls(tmp_path, config, fold, 0, refuse)) == str(controls)
