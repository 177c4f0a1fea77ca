"""A database of its own for each module that seeds one."""

import pytest

from db.postgres import Database
from tests.conftest import connect, owner


@pytest.fixture(scope="module")
def shared(module_endpoints):
    database = Database(module_endpoints)
    engine = connect(owner(module_endpoints))
    yield database, engine
    engine.dispose()
    database.close()
