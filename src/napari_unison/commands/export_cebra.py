"""Write the encoder of a saved run as a checkpoint that CEBRA loads."""

from __future__ import annotations

from pathlib import Path

import click

from napari_unison.commands.paths import EXISTING, NEW


@click.command("export-cebra")
@click.argument("run_folder", metavar="RUN", type=EXISTING)
@click.option("--to", "file", type=NEW, required=True, metavar="FILE.pt", help="File to write.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is already there.")
def export_cebra(run_folder: Path, file: Path, overwrite: bool) -> None:
    """Write the encoder of a saved run as a checkpoint that CEBRA loads.

    The file is what CEBRA's UnifiedSolver saves: weights, optimiser and loss. The lines that load it there
    are printed.
    """
    if file.exists() and not overwrite:
        raise click.UsageError(f"--to {file}: the file exists already; choose another name, or --overwrite.")

    from napari_unison.encoder import load_run
    from napari_unison.encoder.cebra_checkpoint.exporting import cebra_model

    encoder = load_run(run_folder).encoder
    written = encoder.to_cebra(file, overwrite=overwrite)
    click.echo(f"{written}: {', '.join(encoder.session_names_)}, in this order. In CEBRA:")
    click.echo(f"  model = {cebra_model(encoder)}")
    click.echo("  solver = cebra.solver.UnifiedSolver(model=model, criterion=…, optimizer=…)")
    click.echo(f'  solver.load_state_dict(torch.load("{written.name}", weights_only=True))')
