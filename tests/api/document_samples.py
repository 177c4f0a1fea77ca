"""PDFs for tests of the API: real ones, each unlike all others."""

import io
import secrets
from typing import Any

import pikepdf
from fpdf import FPDF
from pikepdf import Stream

UPLOAD = "/api/documents/upload"


def pdf(*pages: str, at_least: int = 0) -> bytes:
    """Return a PDF with these words on its pages, of at least this many bytes."""
    paper = FPDF()
    paper.set_font("helvetica", size=14)
    for words in pages or (f"Report {secrets.token_hex(8)}",):
        paper.add_page()
        paper.multi_cell(0, text=words)
    made = bytes(paper.output())
    return _padded(made, at_least) if at_least > len(made) else made


def _padded(made: bytes, size: int) -> bytes:
    with pikepdf.open(io.BytesIO(made)) as paper:
        ballast = Stream(paper, secrets.token_bytes(size - len(made)))
        paper.Root.Ballast = paper.make_indirect(ballast)
        padded = io.BytesIO()
        paper.save(padded, compress_streams=False)
    return padded.getvalue()


def upload(
    client: Any, data: bytes | None = None, name: str = "Report.pdf", **facts: str
) -> Any:
    """Upload a PDF with a client, and return the response."""
    file = {"file": (name, pdf() if data is None else data, "application/pdf")}
    return client.ask("POST", UPLOAD, files=file, data=facts)
