"""One reading process for all tests that only use it."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from services.pdf.inspecting import PdfInspector


@pytest.fixture(scope="session")
def inspector() -> Iterator[PdfInspector]:
    """An inspector for all tests; one that kills its process makes another."""
    with closing(PdfInspector(seconds=10)) as inspector:
        yield inspector
