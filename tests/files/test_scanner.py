"""The scanner hook, against a server that speaks clamd's protocol over a real socket."""

from __future__ import annotations

import io
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from asimati.files import actions, clamav, queries, scanning, serving, store
from asimati.files.models import FileStatus, StoredFile
from asimati.files.refusals import FileInfected, FilePending
from asimati.http.uploads import Upload
from asimati.kit import db
from asimati.kit.errors import Unavailable
from asimati.kit.ids import new_id
from asimati.kit.policy import SYSTEM
from asimati.settings import settings
from tests.files.pictures import PDF

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd(socketserver.BaseRequestHandler):
    """The INSTREAM command as clamd(8) has it."""

    def handle(self) -> None:
        assert self._exactly(10) == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack("!L", self._exactly(4))[0]:
            content += self._exactly(length)
        if b"break" in content:
            self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
        elif EICAR in content:
            self.request.sendall(b"stream: Eicar-Signature FOUND\0")
        else:
            self.request.sendall(b"stream: OK\0")

    def _exactly(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            piece = self.request.recv(size - len(read))
            assert piece, "the client hung up"
            read += piece
        return read


@pytest.fixture(params=["unix", "tcp"])
def clamd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "unix":
        server = socketserver.ThreadingUnixStreamServer(str(tmp_path / "clamd.ctl"), Clamd)
        address = f"unix://{tmp_path}/clamd.ctl"
    else:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Clamd)  # type: ignore[assignment]
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(settings().files, "clamav", address)
    yield address
    server.shutdown()
    server.server_close()


def test_the_scanner_says_clean_found_and_failed(clamd: str) -> None:
    assert clamav.scan(clamd, [b"a" * 300_000, b"", b"b"], 5) is None
    assert clamav.scan(clamd, [EICAR[:20], EICAR[20:]], 5) == "Eicar-Signature"
    with pytest.raises(clamav.ScanFailed, match="size limit"):
        clamav.scan(clamd, [b"break"], 5)


def test_a_scanner_that_is_away_says_nothing_about_the_file(tmp_path: Path) -> None:
    for nowhere in (f"unix://{tmp_path}/nobody", "tcp://127.0.0.1:9"):
        with pytest.raises(clamav.ScanFailed):
            clamav.scan(nowhere, [b"x"], 1)


def kept(tx: Session, content: bytes) -> StoredFile:
    return actions.keep(tx, SYSTEM, Upload("paper.pdf", io.BytesIO(content), {}), ("case", new_id()))


def test_nobody_reads_a_file_before_the_scanner_found_it_clean(
    client: FlaskClient, clamd: str, run_listeners: Callable[[], int]
) -> None:
    with db.transaction() as tx:
        clean, infected = kept(tx, PDF), kept(tx, PDF.replace(b"%%EOF", EICAR + b"%%EOF"))
        with pytest.raises(FilePending):
            serving.answer(clean)
    run_listeners()
    with db.transaction() as tx:
        clean, infected = (queries.one(tx, (one.about_kind, one.about_id), one.id) for one in (clean, infected))
        assert (clean.status, infected.status) == (FileStatus.READY, FileStatus.INFECTED)
        assert b"".join(serving.answer(clean).response) == PDF  # type: ignore[arg-type]
        with pytest.raises(FileInfected):
            serving.answer(infected)
        with pytest.raises(Unavailable):
            store.read(infected.key)


def test_a_scan_that_fails_is_tried_again(tx: Session, clamd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = scanning.Waiting(new_id(), "")
    monkeypatch.setattr(store, "read", lambda _: [b"break"])
    with pytest.raises(clamav.ScanFailed):
        scanning.call(waiting)


def test_without_a_scanner_a_file_is_ready_at_once(tx: Session) -> None:
    assert kept(tx, PDF).status is FileStatus.READY


def test_files_that_waited_long_are_asked_for_again(
    client: FlaskClient, clamd: str, moved_clock: Callable[..., object]
) -> None:
    with db.transaction() as tx:
        kept(tx, PDF)
        assert actions.scan_again(tx) == 0
    with moved_clock(minutes=20), db.transaction() as tx:  # type: ignore[attr-defined]
        assert actions.scan_again(tx) == 1
