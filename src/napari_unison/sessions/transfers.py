"""Bytes from a server, received in a thread of their own so that whoever waits for them can end it."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from napari_unison.sessions.partial_files import FileVersion

if TYPE_CHECKING:
    import requests

HEARTBEAT: Final = 0.1
"""Longest time between two events of a transfer (s)."""

_CHUNK: Final = 2**16
_CHUNKS_AHEAD: Final = 16
_MOST_REDIRECTS: Final = 10


class TransferError(Exception):
    """A transfer cannot be had; another try would end the same way."""


class BrokenTransferError(TransferError):
    """A transfer ended before its end; another try may go on."""


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for (s): until it is reached, and until the next bytes come."""

    connecting: float = 15.0
    stalling: float = 20.0


@dataclass(frozen=True)
class Answer:
    """What a server says before the bytes."""

    status: int
    first_byte: int
    version: FileVersion


Event = Answer | bytes | None


class _GivenUpError(Exception):
    """Nobody waits for the transfer any more."""


def transfer(
    address: str, *, first_byte: int, condition: str, patience: Patience
) -> Generator[Event, None, None]:
    """Ask for a file, or for its end, and yield what comes.

    Parameters
    ----------
    address : str
        ``http`` or ``https``. Redirects are followed, but never from ``https`` to ``http``.
    first_byte : int
        Where the wanted bytes begin; 0 for all of them.
    condition : str
        The version that the bytes before belong to: of another one, the server sends the whole file.
    patience : Patience
        How long to wait.

    Yields
    ------
    Answer, then bytes; None whenever nothing has come for a :data:`HEARTBEAT`

    Raises
    ------
    BrokenTransferError
        If the server is not reached, goes silent, or the connection ends early.
    TransferError
        If a redirect cannot be followed.
    """
    headers = {"Accept-Encoding": "identity"}  # the file as it is
    if first_byte:
        headers |= {"Range": f"bytes={first_byte}-", "If-Range": condition}
    events: Queue[Event | Exception] = Queue(_CHUNKS_AHEAD)
    is_given_up = threading.Event()
    threading.Thread(
        target=_receive,
        args=(address, headers, patience, partial(_put, events, is_given_up)),
        name=f"transfer of {address}",
        daemon=True,  # one that waits for a silent server does not hold up the end of the process
    ).start()
    try:
        while True:
            try:
                event = events.get(timeout=HEARTBEAT)
            except Empty:
                yield None
                continue
            if isinstance(event, Exception):
                raise event
            yield event
            if event == b"":
                return
    finally:
        is_given_up.set()


def _put(events: Queue[Event | Exception], is_given_up: threading.Event, event: Event | Exception) -> None:
    while not is_given_up.is_set():
        try:
            events.put(event, timeout=HEARTBEAT)
        except Full:
            continue
        return
    raise _GivenUpError


def _receive(
    address: str, headers: dict[str, str], patience: Patience, put: Callable[[Event | Exception], None]
) -> None:
    """Receive a file in this thread, and hand on what comes; the last bytes are empty ones."""
    import requests
    import urllib3

    try:
        with requests.Session() as session, _follow(session, address, headers, patience) as response:
            put(_answer(address, response))
            while chunk := response.raw.read1(_CHUNK, decode_content=False):
                put(chunk)
        put(b"")
    except _GivenUpError:
        return
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        _put_last(put, BrokenTransferError(_reason(error, patience)))
    except Exception as error:  # noqa: BLE001 - raised again where the transfer is waited for
        _put_last(put, error)


def _put_last(put: Callable[[Event | Exception], None], error: Exception) -> None:
    try:
        put(error)
    except _GivenUpError:
        return


def _follow(
    session: requests.Session, address: str, headers: dict[str, str], patience: Patience
) -> requests.Response:
    """Ask, and ask where the server sends us, until it answers itself."""
    timeout = (patience.connecting, patience.stalling)
    for _ in range(_MOST_REDIRECTS + 1):
        response = session.get(address, headers=headers, timeout=timeout, stream=True, allow_redirects=False)
        target = session.get_redirect_target(response)
        if target is None:
            return response
        response.close()
        address = next_address(address, target)
    raise TransferError(f"the server redirects more than {_MOST_REDIRECTS} times")


def next_address(address: str, target: str) -> str:
    """Return where a redirect leads.

    Raises
    ------
    TransferError
        If that is not the web, or leaves ``https``.
    """
    following = urljoin(address, target)
    scheme = urlsplit(following).scheme
    if scheme not in ("http", "https"):
        raise TransferError(f"the server redirects to {following}, which is no address of the web")
    if scheme == "http" and urlsplit(address).scheme == "https":
        raise TransferError(f"the server redirects to {following}, which is not encrypted: not followed")
    return following


def _answer(address: str, response: requests.Response) -> Answer:
    first_byte, size = 0, _number(response.headers.get("Content-Length", ""))
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes\s+(\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        first_byte, size = (int(found[1]), _number(found[2])) if found else (-1, None)
    version = FileVersion(
        address, response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""), size
    )
    return Answer(response.status_code, first_byte, version)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _reason(error: BaseException, patience: Patience) -> str:
    """Say in plain words why a transfer broke."""
    import requests
    import urllib3

    errors = urllib3.exceptions
    chain = list(_causes(error))
    root = chain[-1]

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in chain)

    if has(ssl.SSLError):
        return f"no secure connection to the server could be made ({root})"
    if has(requests.exceptions.ProxyError):
        return f"the proxy of this network did not let it through ({root})"
    if has(socket.gaierror):
        return "the server was not found, as without a connection to the internet"
    if has(requests.ConnectTimeout):
        return f"the server was not reached within {patience.connecting:g} s"
    # before timeouts, of which it is one for urllib3
    if has(errors.NewConnectionError):
        return f"the server cannot be reached ({getattr(root, 'strerror', None) or root})"
    if has(requests.Timeout, errors.TimeoutError, TimeoutError):
        return f"the server went silent: nothing came for {patience.stalling:g} s"
    return "the connection ended early"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from, the first cause last."""
    known: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in known:
        known.append(following)
        yield following
        following = following.__cause__ or following.__context__
