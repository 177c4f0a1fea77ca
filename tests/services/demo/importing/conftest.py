"""An import as the command does it, on a database that a module's tests share."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from db.postgres import SYSTEM, Database
from services.demo import importing
from tests.kit import cast
from tests.services.demo.importing.fhir_samples import write_bundle

Import = Callable[..., dict[str, importing.FileSummary]]
Take = Callable[..., dict[str, importing.TypeSummary]]
# The date on which every test takes place.
TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def shared_database(module_endpoints) -> Iterator[Database]:
    database = Database(module_endpoints)
    yield database
    database.close()


@pytest.fixture
def engine(module_engine) -> Engine:
    """An engine on the database, which is empty to begin with."""
    with module_engine.begin() as connection:
        connection.execute(text("TRUNCATE patients, doctors, clinical_terms CASCADE"))
    return module_engine


@pytest.fixture
def database(shared_database, engine) -> Database:
    return shared_database


@pytest.fixture
def rejects(tmp_path) -> Path:
    return tmp_path / "rejects.csv"


@pytest.fixture
def take_over(database, rejects) -> Import:
    return partial(run_import, database, rejects)


def run_import(
    database: Database,
    rejects: Path,
    path: Path,
    report: Callable[[int], None] = lambda _size: None,
) -> dict[str, importing.FileSummary]:
    """Import the files of a folder, and return the summary of each of them."""
    folder, admin = importing.Folder.find(path), cast.act_as(cast.ADAM)
    with importing.RejectsFile(rejects).replacing() as listed:
        summaries = database.write(
            lambda session: importing.import_synthea(
                session, admin, folder, listed, today=TODAY, report=report
            ),
            identity=SYSTEM,
        ).value
    return {summary.file.removesuffix(".csv"): summary for summary in summaries}


@pytest.fixture
def take(database, admin, rejects, today, tmp_path) -> Take:
    """Imports resources as one bundle, or the files at a path."""

    def take(*resources: Any, path: Path | None = None, with_contacts: bool = False):
        path = path or write_bundle(tmp_path / "bundle.json", *resources)
        bundles = importing.Bundles.find(path)
        listed_at = importing.RejectsFile(rejects, importing.OF_RESOURCES)
        with listed_at.replacing() as listed:
            summaries = database.write(
                lambda session: importing.import_fhir(
                    session,
                    admin,
                    bundles,
                    listed,
                    today=today,
                    with_contacts=with_contacts,
                ),
                identity=SYSTEM,
            ).value
        return {summary.type: summary for summary in summaries}

    return take
