"""Virus scans by a real clamd, where there is one; and what else may answer."""

import io
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from fpdf import FPDF

from services.pdf.scanning import ClamdScanner, NoVerdict, ScannerUnavailable
from tests.services.pdf import clamd, samples

needs_clamd = pytest.mark.skipif(clamd.PROGRAM is None, reason="clamd is not installed")


@pytest.fixture(scope="module")
def scanner():
    # Not in pytest's own folder: a socket's path must be short.
    with (
        tempfile.TemporaryDirectory() as folder,
        clamd.running(Path(folder)) as url,
    ):
        yield ClamdScanner(url)


def infected_letter():
    """Return a PDF with the test virus attached, compressed as PDFs are."""
    made = FPDF()
    made.add_page()
    made.embed_file(bytes=clamd.EICAR * 4, basename="invoice.com", compress=True)
    return bytes(made.output())


@needs_clamd
def test_asvs_5_4_3_a_virus_inside_a_pdf_is_found(scanner):
    letter = infected_letter()

    assert clamd.EICAR not in letter
    assert scanner.scan(io.BytesIO(letter)) == "infected"
    assert scanner.scan(io.BytesIO(samples.letter())) == "clean"


@needs_clamd
def test_a_file_is_scanned_from_its_beginning_and_stays_where_it_is(scanner):
    with tempfile.TemporaryFile() as file:
        file.write(infected_letter())

        assert scanner.scan(file) == "infected"
        assert file.tell() == len(infected_letter())


@needs_clamd
def test_many_threads_scan_at_once(scanner):
    letters = [infected_letter(), samples.letter()] * 16
    with ThreadPoolExecutor(16) as pool:
        verdicts = list(pool.map(scanner.scan, map(io.BytesIO, letters)))

    assert verdicts == ["infected", "clean"] * 16


@needs_clamd
def test_a_file_too_large_for_the_scanner_gets_no_verdict(scanner, caplog):
    with pytest.raises(NoVerdict):
        scanner.scan(io.BytesIO(b"%PDF-1.7" + b"\0" * 8 * 1024 * 1024))

    assert "StreamMaxLength" in caplog.text


@pytest.mark.parametrize(
    "url", ["unix:///nowhere/clamd.socket", "tcp://127.0.0.1:1"], ids=["unix", "tcp"]
)
def test_a_scanner_that_is_away_is_told_in_words(url):
    with pytest.raises(
        ScannerUnavailable, match="scanner is not responding"
    ) as refusal:
        ClamdScanner(url).scan(io.BytesIO(b"%PDF"))

    assert not isinstance(refusal.value, NoVerdict)


@contextmanager
def answering(reply):
    """Answer every connection with the same reply; None is silence."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        ThreadPoolExecutor(1) as pool,
    ):

        def serve():
            taken, _ = server.accept()
            with taken:
                while reply is not None and taken.recv(65536)[-4:] != bytes(4):
                    pass
                if reply is None:
                    taken.settimeout(5)
                    while taken.recv(65536):
                        pass
                else:
                    taken.sendall(reply)

        pool.submit(serve)
        yield ClamdScanner(f"tcp://127.0.0.1:{server.getsockname()[1]}", seconds=0.5)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"stream: OK?\0",
        b"stream: NOT OK\0",
        b"INSTREAM ERROR\0",
        b"HTTP/1.1 200 OK\r\n\r\n",
        None,
    ],
    ids=["nothing", "nearly", "not", "error", "somebody else", "silence"],
)
def test_no_answer_but_the_right_one_makes_a_file_clean(reply):
    with answering(reply) as scanner, pytest.raises(NoVerdict):
        scanner.scan(io.BytesIO(b"%PDF-1.7 words"))


def test_the_right_answer_does():
    with answering(b"stream: OK\0") as scanner:
        assert scanner.scan(io.BytesIO(b"%PDF-1.7 words")) == "clean"
