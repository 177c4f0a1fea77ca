"""One reading process for all tests that only ask it something."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from services.pdf.inspecting import PdfInspector


@pytest.fixture(scope="session")
def inspector() -> Iterator[PdfInspector]:
    """Reads for every test; whoever kills its process makes one of their own."""
    with closing(PdfInspector(seconds=10)) as inspector:
        yield inspector
