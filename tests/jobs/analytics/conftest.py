"""What analysts' jobs work with: a database whose replicas count."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from db.postgres import Database
from tests.kit.replicas import write_everywhere


@pytest.fixture
def write(database: Database) -> Callable[[Callable[[Session], Any]], Any]:
    """Return what writes, and waits until the replicas have it."""
    return lambda operation: write_everywhere(database, operation)
