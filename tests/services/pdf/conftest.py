"""One reading process for all tests that only ask it something."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from services.pdf.examining import Examiner


@pytest.fixture(scope="session")
def examiner() -> Iterator[Examiner]:
    """Reads for every test; whoever kills its process makes one of their own."""
    with closing(Examiner(seconds=10)) as examiner:
        yield examiner
