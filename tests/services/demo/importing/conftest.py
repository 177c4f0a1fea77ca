"""An import as the command does it, on a database that a module's tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db.postgres import SYSTEM, Database
from services.demo import importing
from tests.conftest import connect, owner

Import = Callable[..., dict[str, importing.FileSummary]]


@pytest.fixture(scope="module")
def shared_database(module_endpoints) -> Iterator[Database]:
    database = Database(module_endpoints)
    yield database
    database.close()


@pytest.fixture(scope="module")
def shared_engine(module_endpoints) -> Iterator[Engine]:
    engine = connect(owner(module_endpoints))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(shared_engine) -> Engine:
    """An engine on the database, which is empty to begin with."""
    with shared_engine.begin() as connection:
        connection.execute(text("TRUNCATE patients, doctors, clinical_terms CASCADE"))
    return shared_engine


@pytest.fixture
def database(shared_database, engine) -> Database:
    return shared_database


@pytest.fixture
def rejects(tmp_path) -> Path:
    return tmp_path / "rejects.csv"


@pytest.fixture
def take_over(database, admin, rejects, today) -> Import:
    def take_over(
        path: Path, report: Callable[[int], None] = lambda _size: None
    ) -> dict[str, importing.FileSummary]:
        folder = importing.Folder.find(path)
        with importing.RejectsFile(rejects).replacing() as listed:
            summaries = database.write(
                lambda session: importing.import_synthea(
                    session, admin, folder, listed, today=today, report=report
                ),
                identity=SYSTEM,
            ).value
        return {summary.file.removesuffix(".csv"): summary for summary in summaries}

    return take_over
