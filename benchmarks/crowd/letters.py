"""Letters of 100 kB to upload, no two of them equal."""

import os
from functools import cache
from itertools import count
from typing import Final

from fpdf import FPDF

_BYTES: Final = 100_000
_numbers = count(1)


def letter() -> tuple[str, bytes]:
    """Return a new letter, and its file name."""
    number = next(_numbers)
    # A comment at its end makes it another file, for far less than a new one costs.
    mark = f"\n% {number} {os.urandom(8).hex()}\n".encode()
    return f"letter-{number}.pdf", _first() + mark


@cache
def _first() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(0, text="A letter about a visit. " * 40)
    scan = os.urandom(_BYTES)
    pdf.embed_file(basename="scan.bin", bytes=scan, compress=False)
    return bytes(pdf.output())
