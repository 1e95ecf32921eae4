"""The commands that bring CEBRA checkpoints in and out, and fetch the published run."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pooch
import pytest
import torch
from click.testing import CliRunner, Result

from made_checkpoints import Network, save_checkpoint
from napari_unison.cli import main
from napari_unison.encoder import load_run
from napari_unison.encoder.cebra_checkpoint import reference_run as published
from napari_unison.sessions import load_sessions
from served_files import page, serving, status

# the command shows warnings; elsewhere in the tests they are errors
TOLD = pytest.mark.filterwarnings("always::UserWarning")
FIGURES = (
    "01-training-history",
    "02-embedding",
    "03-latent-scores",
    "04-best-latents",
    "05-flow-field",
    "06-first-bins-position",
    "07-first-bins-embedding",
    "08-first-bins-together",
    "09-quick-scores",
)


def command(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def write_rat(folder: Path, name: str, n_neurons: int, n_bins: int = 240) -> Path:
    """Write a tiny recording in the layout of the published rats."""
    rng = np.random.default_rng(n_neurons)
    phase = np.arange(n_bins) / 40
    right = np.floor(phase) % 2 == 0
    ramp = phase % 1
    position = np.column_stack([1.6 * np.where(right, ramp, 1 - ramp), right, ~right]).astype(float)
    joblib.dump(
        {"spikes": rng.poisson(0.3, (n_bins, n_neurons)), "position": position}, folder / f"{name}.jl"
    )
    return folder / f"{name}.jl"


@pytest.fixture(scope="module")
def rats(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("rats")
    return [write_rat(folder, name, neurons) for name, neurons in published.RATS.items()]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the size of the published one, of an encoder that has learned nothing."""
    file = tmp_path_factory.mktemp("published") / published.NAME
    save_checkpoint(file, list(published.RATS.values()))
    return file


def archive_of(content: bytes, name: str = published.NAME) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr("../../elsewhere.txt", "not asked for")
    return raw.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "napari-unison" / "reference_run"


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave figures and page out, where only what is said and saved counts."""
    monkeypatch.setattr("napari_unison.display.figures.write_figures", lambda *_, **__: [])
    monkeypatch.setattr("napari_unison.display.report.write_report", lambda folder, file, **_: file)


# -- the published run ---------------------------------------------------------------------------------


def trained_by_cebra(files: list[Path], target: Path) -> None:
    """Train as the notebook does, for two steps, and save."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("cebra", reason="the `peer` dependency group is not installed")
        import cebra.data
        import cebra.models
        import cebra.solver

    datasets = []
    for session in load_sessions(files):
        right = session.labels["direction"] == "right"
        labels = np.column_stack([session.labels["position"], right, ~right])[: int(0.8 * len(session))]
        neural = torch.tensor(np.asarray(session.neural)[: len(labels)], dtype=torch.float32)
        datasets.append(
            cebra.data.TensorDataset(neural, continuous=torch.tensor(labels, dtype=torch.float32))
        )
    dataset = cebra.data.UnifiedDataset(*datasets)
    loader = cebra.data.UnifiedLoader(
        dataset, conditional="time_delta", num_steps=2, batch_size=2048, time_offset=10
    )
    model = cebra.models.init("offset10-model", num_neurons=289, num_units=32, num_output=32)
    dataset.configure_for(model)
    solver = cebra.solver.UnifiedSolver(
        model=model,
        criterion=cebra.models.FixedCosineInfoNCE(temperature=1),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.0003),
        tqdm_on=False,
    )
    solver.fit(loader)
    solver.save(logdir=f"{target.parent}/", filename=target.name)


@pytest.mark.parametrize(
    "made_by",
    [
        "torch",
        pytest.param("cebra", marks=[pytest.mark.peer, pytest.mark.filterwarnings("ignore")]),
    ],
)
def test_the_published_run_is_fetched_once_and_taken_through_every_figure(
    made_by: str,
    rats: list[Path],
    checkpoint: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if made_by == "cebra":
        checkpoint = tmp_path / "cebra" / published.NAME
        checkpoint.parent.mkdir()
        trained_by_cebra(rats, checkpoint)
    monkeypatch.setenv("NAPARI_UNISON_DATA", str(rats[0].parent))
    with serving() as server:
        server.files = {"run.zip?private_link=1": archive_of(checkpoint.read_bytes())}
        monkeypatch.setattr(published, "ADDRESS", f"{server.address}run.zip?private_link=1")
        result = command("reference-run", "--to", tmp_path / "out")
        assert result.exit_code == 0, result.output
        assert [file.name for file in cache.iterdir() if file.suffix == ".pt"] == [published.NAME]
        assert len(server.asked) == 1
        again = command("reference-run", "--to", tmp_path / "out")
        assert again.exit_code == 2
        assert "there is a run already" in again.output
        assert len(server.asked) == 1
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {*(f"{name}.png" for name in FIGURES), "reference-run.html", "reference-run.unison"}
    assert not list(tmp_path.rglob("elsewhere.txt"))
    run = load_run(tmp_path / "out" / "reference-run.unison")
    assert run.encoder.session_names_ == ("achilles", "buddy", "cicero", "gatsby")
    assert [session.n_bins for session in run.encoder.training_sessions_] == [192] * 4
    assert [session.n_bins for session in run.held_out] == [48] * 4
    assert run.encoder.origin_ == f"imported from {published.NAME}, trained by CEBRA 0.6.1"
    page_text = (tmp_path / "out" / "reference-run.html").read_text(encoding="utf-8")
    assert f"imported from {published.NAME}" in page_text
    assert "Train again" not in page_text


@TOLD
@pytest.mark.usefixtures("without_pictures")
def test_with_two_of_the_rats_it_says_what_is_possible(
    rats: list[Path], checkpoint: Path, cache: Path, tmp_path: Path
) -> None:
    # in any order: each is known by its name
    arguments = ("--to", tmp_path / "out", "--checkpoint", checkpoint, rats[2], rats[0])
    result = command("reference-run", *arguments)
    assert result.exit_code == 0, result.output
    assert "not here: buddy, gatsby. With achilles, cicero alone, label-free embeddings" in result.output
    encoder = load_run(tmp_path / "out" / "reference-run.unison").encoder
    assert encoder.session_names_ == ("achilles", "cicero")
    weights = torch.load(checkpoint, weights_only=False)["model"]["net.0.weight"]
    mine = encoder._state.network.first.weight
    assert torch.equal(mine, torch.cat([weights[:, :120], weights[:, 168:223]], dim=1))
    assert not cache.exists()


@TOLD
@pytest.mark.usefixtures("without_pictures")
def test_a_folder_of_one_s_own_with_some_of_the_rats_is_enough(
    rats: list[Path], checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "buddy.jl").write_bytes(rats[1].read_bytes())
    (tmp_path / "download.zip").write_bytes(archive_of(checkpoint.read_bytes()))
    monkeypatch.setenv("NAPARI_UNISON_DATA", str(tmp_path / "mine"))
    result = command("reference-run", "--to", tmp_path / "out", "--checkpoint", tmp_path / "download.zip")
    assert result.exit_code == 0, result.output
    assert "not here: achilles, cicero, gatsby" in result.output
    assert load_run(tmp_path / "out" / "reference-run.unison").encoder.session_names_ == ("buddy",)


def test_another_recording_is_refused_with_the_names_that_the_run_knows(
    rats: list[Path], checkpoint: Path, tmp_path: Path
) -> None:
    other = write_rat(tmp_path, "rattus", 120)
    result = command("reference-run", "--to", tmp_path / "out", "--checkpoint", checkpoint, other)
    assert result.exit_code == 1
    assert "was trained on 'achilles' (120 neurons)" in result.output
    assert "'rattus' is none of them" in result.output


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (status(404), "404"),
        (page(b"<html>are you human?</html>"), "some servers send a page first"),
        (page(archive_of(b"weights", "other.pt")), "no archive with"),
    ],
)
def test_what_cannot_be_downloaded_is_told_with_a_way_out(
    answer, message: str, rats: list[Path], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as server:
        monkeypatch.setattr(published, "ADDRESS", f"{server.address}run.zip")
        server.answers.extend([answer, answer])
        result = command("reference-run", "--to", tmp_path / "out", *rats)
    assert result.exit_code == 1
    assert message in result.output
    assert "with --checkpoint FILE" in result.output
    assert not list(cache.glob("*.pt"))


def test_an_archive_that_unpacks_to_far_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "_LARGEST", 10**6)
    (tmp_path / "bomb.zip").write_bytes(archive_of(b"0" * 10**7))
    with pytest.raises(ValueError, match=r"larger than 1\.0 MB, which that run is not"):
        published.unpack_reference(tmp_path / "bomb.zip", tmp_path / "run.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["bomb.zip"]


# -- any checkpoint ------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> tuple[list[Path], Path, Network]:
    files = [write_rat(tmp_path, "ada", 7), write_rat(tmp_path, "bea", 5)]
    return files, tmp_path / "model.pt", save_checkpoint(tmp_path / "model.pt", (7, 5), batch_size=512)


def test_a_checkpoint_becomes_a_run_and_goes_out_again(two, tmp_path: Path) -> None:
    files, checkpoint, network = two
    options = ("--batch-size", 512, "--validation-share", 0.25)
    result = command("import-cebra", checkpoint, *files, "--to", tmp_path / "two.unison", *options)
    assert result.exit_code == 0, result.output
    assert "180 trained on" in result.output
    assert "Give --time-offsets, --mask where" in result.output
    run = load_run(tmp_path / "two.unison")
    assert [session.n_bins for session in run.held_out] == [60, 60]
    assert run.embedding.kind == "aligned"
    result = command("export-cebra", tmp_path / "two.unison", "--to", tmp_path / "again.pt")
    assert result.exit_code == 0, result.output
    assert 'cebra.models.init("offset10-model", num_neurons=12, num_units=8, num_output=4)' in result.output
    written = torch.load(tmp_path / "again.pt", weights_only=True)
    for name, weight in network.state_dict().items():
        assert torch.equal(written["model"][name], weight)
    result = command("export-cebra", tmp_path / "two.unison", "--to", tmp_path / "again.pt")
    assert result.exit_code == 2
    assert "exists already" in result.output


def test_an_imported_run_is_embedded_drawn_and_resumed_like_any_other(two, tmp_path: Path) -> None:
    files, checkpoint, _ = two
    run = tmp_path / "two.unison"
    result = command("import-cebra", checkpoint, *files, "--to", run, "--batch-size", 512)
    assert result.exit_code == 0, result.output
    assert command("embed", run, "--label-free", "--to", tmp_path / "x.csv").exit_code == 0
    result = command("decode", run, "--quick", "--methods", "neighbours", "--folds", 2)
    assert result.exit_code == 0, result.output
    assert "at the speed" not in result.output


@TOLD
def test_weights_without_a_history_are_drawn_without_one(two, tmp_path: Path) -> None:
    files, _, network = two
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    result = command("import-cebra", tmp_path / "weights.pt", *files, "--to", tmp_path / "w.unison")
    assert result.exit_code == 0, result.output
    assert "no history" in result.output
    assert "begins with a fresh Adam" in result.output
    result = command("report", tmp_path / "w.unison")
    assert result.exit_code == 0, result.output
    assert "Nothing was held out" in (tmp_path / "w.html").read_text(encoding="utf-8")


@TOLD
def test_some_sessions_are_enough_where_it_is_said_which_there_were(two, tmp_path: Path) -> None:
    files, checkpoint, _ = two
    arguments = ("import-cebra", checkpoint, files[1], "--to", tmp_path / "one.unison", "--batch-size", 512)
    result = command(*arguments)
    assert result.exit_code == 1
    assert "was trained on 2 sessions with 12 neurons in total, not on 1 ('bea' (5 neurons))" in result.output
    assert "--trained-on" in result.output
    result = command(*arguments, "--trained-on", "ada=7", "--trained-on", "bea=5")
    assert result.exit_code == 0, result.output
    assert "not here: ada" in result.output
    result = command(*arguments, "--trained-on", "ada")
    assert result.exit_code == 2
    assert "as NAME=NEURONS" in result.output


def test_what_is_no_checkpoint_is_refused_and_no_run_is_left(two, tmp_path: Path) -> None:
    files, _, _ = two
    result = command("import-cebra", files[0], *files, "--to", tmp_path / "x.unison")
    assert result.exit_code == 1
    assert "ada.jl is no checkpoint" in result.output
    assert not (tmp_path / "x.unison").exists()
