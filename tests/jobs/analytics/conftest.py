"""The database of analysts' jobs, which count on any replica."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import Database
from tests.kit.replicas import write_everywhere


@pytest.fixture
def database(endpoints: Endpoints) -> Iterator[Database]:
    """Connect to the test's own database."""
    with closing(Database(endpoints)) as opened:
        yield opened


@pytest.fixture
def write(database: Database) -> Callable[[Callable[[Session], Any]], Any]:
    """Return what writes, and waits until the replicas have it."""
    return lambda operation: write_everywhere(database, operation)
