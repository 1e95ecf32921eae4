"""Published files come whole, checked and once, whatever server and network do; half ones go on."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading

import pytest

from napari_unison.encoder import TrainingControl
from napari_unison.sessions import DownloadStoppedError, SessionError
from napari_unison.sessions.transfers import Patience, TransferError, next_address
from served_files import (
    corrupt,
    cut_after,
    page,
    redirect,
    serving,
    silence,
    stall_after,
    status,
    whole,
)

IMPATIENT = Patience(connecting=20, stalling=0.3)
ADVICE = "ask the neighbours"


@pytest.fixture
def server():
    with serving("buddy", "gatsby") as running:
        yield running


def fetch(server, root, *names, patience=None, **options):
    return server.rats(root, patience).fetch(names or ["buddy"], ADVICE, **options)


def failure(server, root, *names, **options) -> str:
    with pytest.raises(SessionError) as caught:
        fetch(server, root, *names, **options)
    return str(caught.value)


def left(root) -> list[str]:
    """Return the files that are kept, without the locks of downloads."""
    return sorted(file.name for file in (root / "rats").iterdir() if file.suffix != ".lock")


def keep_a_part(server, root, n_bytes=1000) -> None:
    """Leave a broken download behind."""
    server.answers.extend([cut_after(n_bytes), status(503)])
    failure(server, root)
    server.asked.clear()
    assert (root / "rats" / "buddy.jl.gz.part").stat().st_size == n_bytes


# -- as it should be -----------------------------------------------------------------------------------------


def test_a_file_is_downloaded_once(server, tmp_path):
    (file,) = fetch(server, tmp_path)
    assert file.read_bytes() == server.files["buddy.jl.gz"]
    assert fetch(server, tmp_path) == [file]
    assert [path for path, _ in server.asked] == ["/buddy.jl.gz"]
    assert left(tmp_path) == ["buddy.jl.gz"]


def test_progress_goes_over_all_files_and_names_them(server, tmp_path):
    told = []
    fetch(server, tmp_path, "buddy", "gatsby", on_progress=lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    size = f"{len(server.files['gatsby.jl.gz']) / 1000:.0f} kB"
    assert told[-1][1] == f"downloading gatsby (2 of 2): {size} of {size}"


def test_a_file_of_the_cache_that_was_damaged_is_downloaded_again(server, tmp_path):
    (file,) = fetch(server, tmp_path)
    file.write_bytes(file.read_bytes()[:-100])
    fetch(server, tmp_path)
    assert file.read_bytes() == server.files["buddy.jl.gz"]


def test_redirects_are_followed(server, tmp_path):
    server.answers.extend([redirect("/elsewhere/buddy.jl.gz"), redirect(f"{server.address}buddy.jl.gz")])
    fetch(server, tmp_path)
    assert [path for path, _ in server.asked] == ["/buddy.jl.gz", "/elsewhere/buddy.jl.gz", "/buddy.jl.gz"]


# -- broken, and gone on with --------------------------------------------------------------------------------


def test_a_connection_that_breaks_is_made_again_and_goes_on(server, tmp_path):
    server.answers.extend([cut_after(1000), cut_after(500)])
    (file,) = fetch(server, tmp_path)
    assert file.read_bytes() == server.files["buddy.jl.gz"]
    assert server.ranges == ["", "bytes=1000-", "bytes=1500-"]


def test_the_next_call_goes_on_where_a_broken_one_ended(server, tmp_path):
    server.answers.extend([cut_after(1000), status(503)])
    text = failure(server, tmp_path)
    part = tmp_path / "rats" / "buddy.jl.gz.part"
    assert f"The 1 kB that have come are kept in {part}, and the next download goes on there" in text
    assert "the server has a problem of its own (503 Service Unavailable): try again later" in text
    server.asked.clear()
    fetch(server, tmp_path)
    assert server.ranges == ["bytes=1000-"]
    assert left(tmp_path) == ["buddy.jl.gz"]


def test_a_part_of_another_version_is_thrown_away(server, tmp_path):
    keep_a_part(server, tmp_path)
    server.files["buddy.jl.gz"], server.version = server.files["gatsby.jl.gz"], '"second"'
    (file,) = fetch(server, tmp_path)
    assert file.read_bytes() == server.files["gatsby.jl.gz"]
    assert server.ranges == ["bytes=1000-"]


def test_a_server_that_goes_on_with_another_version_is_asked_for_all(server, tmp_path):
    keep_a_part(server, tmp_path)

    def careless(request):
        request.server.version = '"second"'
        request.send_response(206)
        request.send_header("ETag", '"second"')
        request.send_header("Content-Range", f"bytes 1000-{len(request.content) - 1}/{len(request.content)}")
        request.send_header("Content-Length", str(len(request.content) - 1000))
        request.end_headers()
        request.wfile.write(request.content[1000:])

    server.answers.append(careless)
    (file,) = fetch(server, tmp_path)
    assert file.read_bytes() == server.files["buddy.jl.gz"]
    assert server.ranges == ["bytes=1000-", ""]


def test_a_server_that_knows_no_parts_sends_the_whole_file(server, tmp_path):
    keep_a_part(server, tmp_path)
    server.answers.append(whole(knows_ranges=False))
    (file,) = fetch(server, tmp_path)
    assert file.read_bytes() == server.files["buddy.jl.gz"]
    assert server.ranges == ["bytes=1000-"]


def test_a_server_that_refuses_the_part_is_asked_for_all(server, tmp_path):
    keep_a_part(server, tmp_path)
    server.answers.append(status(416))
    (file,) = fetch(server, tmp_path)
    assert file.read_bytes() == server.files["buddy.jl.gz"]
    assert server.ranges == ["bytes=1000-", ""]


def test_without_a_version_nothing_is_kept_to_go_on_with(server, tmp_path):
    server.answers.extend([cut_after(1000, knows_versions=False), status(503)])
    assert "kept" not in failure(server, tmp_path)
    assert left(tmp_path) == []
    fetch(server, tmp_path)
    assert server.ranges == ["", "", ""]


def test_a_part_without_a_sound_note_is_thrown_away(server, tmp_path):
    keep_a_part(server, tmp_path)
    (tmp_path / "rats" / "buddy.jl.gz.part.json").write_text('{"address": ')
    fetch(server, tmp_path)
    assert server.ranges == [""]


def test_pieces_that_do_not_make_the_file_are_fetched_again_as_a_whole(server, tmp_path):
    keep_a_part(server, tmp_path)
    part = tmp_path / "rats" / "buddy.jl.gz.part"
    part.write_bytes(bytes(1000))
    (file,) = fetch(server, tmp_path)
    assert file.read_bytes() == server.files["buddy.jl.gz"]
    assert server.ranges == ["bytes=1000-", ""]


def test_a_part_that_is_complete_is_checked_without_asking(server, tmp_path):
    keep_a_part(server, tmp_path)
    (tmp_path / "rats" / "buddy.jl.gz.part").write_bytes(server.files["buddy.jl.gz"])
    fetch(server, tmp_path)
    assert server.ranges == []
    assert left(tmp_path) == ["buddy.jl.gz"]


def test_a_connection_that_always_breaks_at_the_same_byte_is_given_up(server, tmp_path):
    server.answers.extend([cut_after(1000), cut_after(0)])
    assert "the connection ended early" in failure(server, tmp_path)
    assert server.ranges == ["", "bytes=1000-"]


# -- not to be had -------------------------------------------------------------------------------------------


def test_other_bytes_than_the_published_ones_are_refused_and_removed(server, tmp_path):
    rats = server.rats(tmp_path)
    server.files["buddy.jl.gz"] = server.files["gatsby.jl.gz"]
    with pytest.raises(SessionError) as caught:
        rats.fetch(["buddy"], ADVICE)
    assert f"not the published file (md5 {rats.checksums['gatsby']}, not {rats.checksums['buddy']}" in str(
        caught.value
    )
    assert left(tmp_path) == []


def test_corrupted_bytes_are_refused_and_removed(server, tmp_path):
    server.answers.append(corrupt())
    assert "what came is not the published file" in failure(server, tmp_path)
    assert left(tmp_path) == []


def test_a_page_of_a_network_that_asks_for_a_login_is_told_as_one(server, tmp_path):
    server.answers.append(page(b"<html>Welcome to the hotel</html>"))
    assert "networks that ask for a login send a page of their own" in failure(server, tmp_path)


@pytest.mark.parametrize("sent", [0, 1000])
def test_a_server_that_goes_silent_is_not_waited_for_forever(server, tmp_path, sent):
    server.answers.extend([stall_after(sent), stall_after(0)])
    text = failure(server, tmp_path, patience=IMPATIENT)
    assert "the server went silent: nothing came for 0.3 s" in text
    assert ("The 1 kB that have come are kept in" in text) == (sent == 1000)
    assert text.endswith(f"Connect to the internet and try again, or {ADVICE}")


def test_a_server_that_never_answers_is_not_waited_for_forever(server, tmp_path):
    server.answers.append(silence())
    assert "nothing came for 0.3 s" in failure(server, tmp_path, patience=IMPATIENT)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (403, "the server does not give it out (403 Forbidden)"),
        (404, "it is no longer at this address (404 Not Found)"),
        (500, "the server has a problem of its own (500 Internal Server Error): try again later"),
        (599, "the server has a problem of its own (599)"),
    ],
)
def test_a_refusal_is_told_in_words(server, tmp_path, number, words):
    server.answers.append(status(number))
    text = failure(server, tmp_path)
    assert text.startswith(f"buddy could not be downloaded from {server.address}buddy.jl.gz: {words}")
    assert left(tmp_path) == []


def test_a_refusal_leaves_what_came_before(server, tmp_path):
    keep_a_part(server, tmp_path)
    server.answers.append(status(404))
    assert "The 1 kB that have come are kept in" in failure(server, tmp_path)


def test_being_offline_is_told_with_the_way_out(tmp_path):
    with serving("buddy") as server:
        address, rats = f"{server.address}buddy.jl.gz", server.rats(tmp_path)
    with pytest.raises(SessionError) as caught:
        rats.fetch(["buddy"], ADVICE)
    text = str(caught.value)
    assert text.startswith(f"buddy could not be downloaded from {address}: the server cannot be reached (")
    assert text.endswith(f"Connect to the internet and try again, or {ADVICE}")


def test_a_redirect_that_leads_in_circles_is_left(server, tmp_path):
    server.answers.extend([redirect("/buddy.jl.gz")] * 20)
    assert "the server redirects more than 10 times" in failure(server, tmp_path)


def test_a_redirect_out_of_the_web_is_not_followed(server, tmp_path):
    server.answers.append(redirect("file:///etc/hostname"))
    assert "redirects to file:///etc/hostname, which is no address of the web" in failure(server, tmp_path)


def test_a_redirect_never_leaves_https():
    assert next_address("http://a.org/x", "https://b.org/x") == "https://b.org/x"
    assert next_address("https://a.org/x", "/y") == "https://a.org/y"
    with pytest.raises(TransferError, match="which is not encrypted: not followed"):
        next_address("https://a.org/x", "http://b.org/x")


def test_a_folder_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "rats").write_text("not a folder")
    text = failure(server, tmp_path)
    assert f"buddy cannot be kept in {tmp_path / 'rats'}" in text
    assert text.endswith(ADVICE)


# -- stopped, and several at once ----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [stall_after(1000), silence()])
def test_a_stop_ends_a_download_that_waits_and_leaves_no_finished_file(server, tmp_path, answer):
    control = TrainingControl()
    server.answers.append(answer)
    stopper = threading.Thread(target=lambda: (server.is_stalling.wait(), control.stop()))
    stopper.start()
    with pytest.raises(DownloadStoppedError, match="the download of buddy was stopped"):
        fetch(server, tmp_path, control=control, patience=Patience(60, 60))
    stopper.join()
    assert "buddy.jl.gz" not in left(tmp_path)


def test_a_download_that_was_stopped_says_where_its_part_is_and_goes_on(server, tmp_path):
    control = TrainingControl()
    part = tmp_path / "rats" / "buddy.jl.gz.part"

    def stop_once_there_is_a_part(share, words):
        if words.startswith("downloading buddy: 1 kB of"):
            control.stop()

    server.answers.append(stall_after(1000))
    with pytest.raises(DownloadStoppedError) as caught:
        fetch(server, tmp_path, control=control, on_progress=stop_once_there_is_a_part)
    assert f"The 1 kB that have come are kept in {part}, and the next download goes on there" in str(
        caught.value
    )
    server.asked.clear()
    (file,) = fetch(server, tmp_path)
    assert server.ranges == ["bytes=1000-"]
    assert file.read_bytes() == server.files["buddy.jl.gz"]


def test_what_a_listener_raises_ends_the_download_and_is_raised(server, tmp_path):
    def interrupt(share, words):
        raise KeyboardInterrupt

    server.answers.append(stall_after(1000))
    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path, on_progress=interrupt)
    assert "buddy.jl.gz" not in left(tmp_path)
    fetch(server, tmp_path)


def test_who_wants_a_file_that_is_being_downloaded_waits_and_says_so(server, tmp_path):
    told, control = [], TrainingControl()

    def give_up() -> None:
        with contextlib.suppress(DownloadStoppedError):
            fetch(server, tmp_path, control=control)

    def end_the_first(share, words):
        told.append(words)
        control.stop()

    server.answers.append(stall_after(0))
    first = threading.Thread(target=give_up)
    first.start()
    server.is_stalling.wait()
    found = fetch(server, tmp_path, on_progress=end_the_first)
    first.join()
    assert told[0] == "buddy is being downloaded by another window or program: waiting for it"
    assert found[0].read_bytes() == server.files["buddy.jl.gz"]


def test_processes_that_want_the_same_files_at_once_all_get_them_whole(server, tmp_path):
    code = (
        "import json, sys; from pathlib import Path\n"
        "from napari_unison.sessions.published import PublishedFiles\n"
        "address, checksums, root = json.loads(sys.argv[1])\n"
        "rats = PublishedFiles(address, '.jl.gz', checksums, 'rats', Path(root))\n"
        "files = rats.fetch(list(checksums), 'ask')\n"
        "print(sum(file.stat().st_size for file in files))\n"
    )
    rats = server.rats(tmp_path)
    given = json.dumps([rats.address, dict(rats.checksums), str(tmp_path)])
    command = [sys.executable, "-c", code, given]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    sizes = [process.communicate()[0].strip() for process in running]
    assert sizes == [str(sum(map(len, server.files.values())))] * 3
    assert sorted(path for path, _ in server.asked) == ["/buddy.jl.gz", "/gatsby.jl.gz"]
    assert left(tmp_path) == ["buddy.jl.gz", "gatsby.jl.gz"]
