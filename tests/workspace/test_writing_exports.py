"""What a workspace hands to other programs: embeddings in NWB files, sessions in files of their own."""

from __future__ import annotations

import numpy as np
import pynwb
import pytest

from napari_unison.sessions import load_session, write_session_nwb
from napari_unison.workspace import Workspace, WorkspaceError


@pytest.fixture
def trained(workspace):
    """A workspace with a run."""
    workspace.train().wait()
    return workspace


@pytest.fixture
def source(trained, tmp_path):
    """The NWB file of rat 1."""
    write_session_nwb(tmp_path / "rat 1.nwb", trained.sessions[0])
    return tmp_path / "rat 1.nwb"


def test_the_embedding_goes_into_a_copy_of_the_recording(trained, source, tmp_path):
    copy = trained.export(tmp_path / "copy.nwb", session="rat 1", source=source)
    with pynwb.NWBHDF5IO(copy, "r") as file:
        unison = file.read().processing["unison"]
        np.testing.assert_array_equal(unison["latents_aligned"].data[:], trained.embedding.values[0])
        table = unison["provenance_aligned"].to_dataframe()
    told = dict(zip(table["key"], table["value"], strict=True))
    assert told["run"] == trained.run.name
    assert told["parameter batch_size"] == str(trained.run.encoder.config_.batch_size)
    both = trained.export(tmp_path / "both.nwb", session="rat 1", source=copy, kind="label-free")
    with pynwb.NWBHDF5IO(both, "r") as file:
        assert {"latents_aligned", "latents_label_free"} <= set(
            file.read().processing["unison"].data_interfaces
        )


def test_an_nwb_file_needs_its_recording_and_all_bins(trained, source, tmp_path):
    with pytest.raises(WorkspaceError, match="give the NWB file that the session came from"):
        trained.export(tmp_path / "copy.nwb", session="rat 1")
    with pytest.raises(WorkspaceError, match="takes all bins"):
        trained.export(tmp_path / "copy.nwb", session="rat 1", source=source, selected=True)
    with pytest.raises(WorkspaceError, match="tables hold all sessions"):
        trained.export(tmp_path / "copy.csv", session="rat 1")
    with pytest.raises(ValueError, match="is the recording itself"):
        trained.export(source, session="rat 1", source=source, overwrite=True)
    assert list(tmp_path.iterdir()) == [source]


def test_what_a_study_decoded_stands_in_the_copy(trained, source, tmp_path):
    trained.decode("quick", methods=["label-free"], n_folds=2).wait(300)
    copy = trained.export(tmp_path / "copy.nwb", session="rat 1", source=source, kind="label-free")
    with pynwb.NWBHDF5IO(copy, "r") as file:
        unison = file.read().processing["unison"]
        decoded, true = unison["decoded_position"], unison["true_position"]
        assert decoded.unit == true.unit
        assert len(decoded.data) > 0.5 * trained.sessions[0].n_bins
        assert "quick decoding study" in decoded.description
        assert not np.array_equal(decoded.data[:], true.data[:])


@pytest.mark.parametrize("ending", [".nwb", ".npz", ".csv", ".parquet"])
def test_a_session_is_written_and_opened_again(workspace, tmp_path, ending):
    file = workspace.export_session(tmp_path / f"rat{ending}", session="rat 2")
    again = load_session(file)
    assert again.name == "rat 2"
    np.testing.assert_array_equal(again.time, workspace.sessions[1].time)
    assert "ws.export_session(" in workspace.script()
    other = Workspace()
    other.open(file).wait()
    assert [session.name for session in other.sessions] == ["rat 2"]
    other.close()


def test_one_of_several_sessions_has_to_be_chosen(workspace, tmp_path):
    with pytest.raises(WorkspaceError, match="choose one of 'rat 1', 'rat 2'"):
        workspace.export_session(tmp_path / "rat.nwb")
    with pytest.raises(WorkspaceError, match=r"ends in \.npz, \.nwb, \.csv, \.parquet"):
        workspace.export_session(tmp_path / "rat.mat", session="rat 1")
    workspace.export_session(tmp_path / "rat.npz", session="rat 1")
    with pytest.raises(WorkspaceError, match="overwrite=True"):
        workspace.export_session(tmp_path / "rat.npz", session="rat 1")
