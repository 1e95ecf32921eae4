"""A web server on this machine that serves files, well or badly, and the rats that it serves."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import random
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import joblib
import numpy as np

from napari_unison.sessions.published import PublishedFiles
from napari_unison.sessions.transfers import Patience

RATS = ("achilles", "buddy", "cicero", "gatsby")
#: How a server may answer, for one request.
Answering = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """Answers one request as its server says."""

    server: FileServer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.answers.popleft() if self.server.answers else whole()
        # whoever asked may have gone
        with contextlib.suppress(ConnectionError):
            answer(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    @property
    def content(self) -> bytes:
        return self.server.files[Path(self.path).name]


class FileServer(ThreadingHTTPServer):
    """Serves ``files``; the next requests are answered as ``answers`` says, those after them well."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.files: dict[str, bytes] = {}
        self.answers: deque[Answering] = deque()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.is_over = threading.Event()
        self.is_stalling = threading.Event()
        self.version = '"first"'

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    @property
    def ranges(self) -> list[str]:
        """Which part each request asked for."""
        return [headers.get("Range", "") for _, headers in self.asked]

    def rats(self, root: Path, patience: Patience | None = None) -> PublishedFiles:
        """Return how the files that are served are known, and a folder to keep them in."""
        return PublishedFiles(
            self.address,
            ".jl.gz",
            {name.partition(".")[0]: md5_unpacked(packed) for name, packed in self.files.items()},
            cache="rats",
            root=root,
            patience=patience or Patience(connecting=20, stalling=20),
        )


@contextlib.contextmanager
def serving(*names: str) -> Iterator[FileServer]:
    """Serve some rats while the block runs."""
    server = FileServer()
    server.files = {f"{name}.jl.gz": packed_rat(seed) for seed, name in enumerate(names or RATS)}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def packed_rat(seed: int = 0, n_bins: int = 400) -> bytes:
    """Return a small recording in the layout of the published ones, of some kilobytes."""
    chance = np.random.default_rng(seed)
    position = np.column_stack([np.linspace(0, 1, n_bins), np.ones(n_bins), np.zeros(n_bins)])
    raw = io.BytesIO()
    joblib.dump({"spikes": chance.poisson(1.0, (n_bins, 12)), "position": position}, raw)
    return gzip.compress(raw.getvalue(), mtime=0)


def md5_unpacked(packed: bytes) -> str:
    return hashlib.md5(gzip.decompress(packed), usedforsecurity=False).hexdigest()


# -- ways to answer ----------------------------------------------------------------------------------------


def begin(request: Request, *, knows_versions: bool = True, knows_ranges: bool = True) -> bytes:
    """Send the head of a right answer; return the bytes that follow it."""
    content, version = request.content, request.server.version
    wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    is_same = request.headers.get("If-Range") == version
    first = int(wanted[1]) if wanted and is_same and knows_ranges else 0
    if first >= len(content):
        request.send_response(416)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return b""
    request.send_response(206 if first else 200)
    if first:
        request.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
    request.send_header("Content-Length", str(len(content) - first))
    if knows_versions:
        request.send_header("ETag", version)
    request.end_headers()
    return content[first:]


def whole(**known: bool) -> Answering:
    """Answer as it should be."""
    return lambda request: request.wfile.write(begin(request, **known)) and None


def cut_after(n_bytes: int, **known: bool) -> Answering:
    """Send some bytes and hang up."""
    return lambda request: request.wfile.write(begin(request, **known)[:n_bytes]) and None


def corrupt() -> Answering:
    """Send other bytes, as many as it should be."""

    def answer(request: Request) -> None:
        request.wfile.write(random.Random(0).randbytes(len(begin(request))))

    return answer


def stall_after(n_bytes: int) -> Answering:
    """Send some bytes, then none until the server is taken down."""

    def answer(request: Request) -> None:
        request.wfile.write(begin(request)[:n_bytes])
        request.wfile.flush()
        request.server.is_stalling.set()
        request.server.is_over.wait()

    return answer


def silence() -> Answering:
    """Take the request and say nothing."""

    def answer(request: Request) -> None:
        request.server.is_stalling.set()
        request.server.is_over.wait()

    return answer


def status(number: int, body: bytes = b"") -> Answering:
    """Answer with a status and no file."""

    def answer(request: Request) -> None:
        request.send_response(number)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def page(body: bytes) -> Answering:
    """Answer with a page instead of the file, as if all were well."""
    return status(200, body)


def redirect(address: str) -> Answering:
    """Send the asker somewhere else."""

    def answer(request: Request) -> None:
        request.send_response(302)
        request.send_header("Location", address)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer
