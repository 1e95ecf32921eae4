"""Kinds of paths that commands take."""

from pathlib import Path

import click

EXISTING = click.Path(exists=True, path_type=Path)
NEW = click.Path(path_type=Path)
