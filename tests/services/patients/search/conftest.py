"""A database with a few hundred different patients, which no test changes."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from tests.conftest import connect, owner
from tests.kit import cast
from tests.services.patients.search import population
from tests.services.patients.search.plain_python import PlainPython

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=ZoneInfo("Europe/Berlin"))
# May filter by everything, including the content of notes.
CLINICIAN = cast.act_as(cast.DORA)


@pytest.fixture(scope="module")
def town(module_endpoints: Endpoints) -> Iterator[Engine]:
    """An engine on the database in which everybody is."""
    engine = connect(owner(module_endpoints))
    with engine.connect() as connection:
        population.settle(connection)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def plain_python(town: Engine) -> PlainPython:
    """The slow and obvious way to answer criteria about the town."""

    @cache
    def fold(text: str) -> str:
        with town.connect() as connection:
            return connection.scalar(select(func.fold(text)))

    with town.connect() as connection:
        return PlainPython(population.census(connection), fold, NOW)


@pytest.fixture
def visit(town: Engine) -> Iterator[Session]:
    """A session that reads from the town."""
    with Session(town) as session:
        yield session
