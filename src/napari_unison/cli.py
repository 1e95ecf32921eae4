"""The command ``napari-unison``: everything without a window, and the demo.

Each command has a file in ``commands``.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import click
from tqdm import tqdm

from napari_unison import __version__
from napari_unison.commands.contents import contents
from napari_unison.commands.decode import decode
from napari_unison.commands.demo import demo
from napari_unison.commands.embed import embed
from napari_unison.commands.export import export
from napari_unison.commands.export_cebra import export_cebra
from napari_unison.commands.figures import figures
from napari_unison.commands.import_cebra import import_cebra
from napari_unison.commands.reference_run import reference_run
from napari_unison.commands.report import report
from napari_unison.commands.train import train
from napari_unison.encoder.config import ConfigurationError

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class WrongParameterError(click.ClickException):
    """A parameter of the encoder is not what it may be."""

    exit_code = 2


class PlainErrors(click.Group):
    """A group whose commands answer a known problem with its sentence, not with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn errors and warnings that are written for a person into plain sentences."""
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except (ValueError, RuntimeError, OSError) as error:
                if not _is_for_the_person(error):
                    raise
                wrong_parameter = isinstance(error, ConfigurationError)
                raise (WrongParameterError if wrong_parameter else click.ClickException)(
                    str(error)
                ) from error


def _is_for_the_person(error: Exception) -> bool:
    """Whether the message was written for a person: those of this package, and those about files."""
    ours = type(error).__module__.partition(".")[0] == "napari_unison"
    return ours or isinstance(error, OSError)


def _show_warning(message: Warning | str, *_where: Any, **_also: Any) -> None:
    # above a progress bar, if there is one, and not into it
    tqdm.write(f"Warning: {message}", file=sys.stderr)


@click.group(cls=PlainErrors, context_settings=HELP)
@click.version_option(__version__, prog_name="napari-unison")
def main() -> None:
    """One encoder, many sessions: align neural recordings by behaviour.

    \b
    Begin with:
      napari-unison demo
      napari-unison train --sample linear-track --preset quick-look --to first.unison
      napari-unison report first.unison
    """  # noqa: D301 - click reads the escaped character


for command in (
    contents,
    train,
    embed,
    export,
    figures,
    decode,
    report,
    import_cebra,
    export_cebra,
    reference_run,
    demo,
):
    main.add_command(command)
