"""The migrations make what the models describe; only the owner changes it."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Engine

from db import schema
from db.endpoints import Endpoints
from db.models.base import Base
from db.schema import CannotMigrate
from tests.conftest import connect, owner

FUNCTIONS = sorted(Path(schema.__file__).with_name("functions").glob("*.sql"))


def test_the_models_say_what_the_migrations_made(engine: Engine):
    options = {"compare_server_default": True, "include_object": _is_ours}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, Base.metadata) == []


def _is_ours(thing: object, name: str | None, *_: object) -> bool:
    return not (name or "").startswith("procrastinate_")


@pytest.mark.parametrize("path", FUNCTIONS, ids=lambda path: path.stem)
def test_a_file_of_functions_can_be_loaded_again(engine: Engine, path: Path):
    with engine.connect() as connection:
        connection.exec_driver_sql(path.read_text().replace("%", "%%"))


def test_the_owner_brings_a_database_up_to_date(databases):
    with databases.fresh() as endpoints:
        schema.bring_up_to_date(endpoints)
        ran = _read_runs(endpoints)
        schema.bring_up_to_date(endpoints)

        # Runs before the table for them existed were not recorded.
        assert "0067" not in ran
        assert ran["0071"] <= datetime.now(UTC)
        assert _read_runs(endpoints) == ran


def _read_runs(endpoints: Endpoints) -> dict[str, datetime]:
    with (
        closing(psycopg2.connect(owner(endpoints))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT revision, ran_at FROM schema_changes")
        return dict(cursor.fetchall())


def test_without_the_owners_login_nobody_changes_the_schema(endpoints: Endpoints):
    with pytest.raises(CannotMigrate, match="CHARTROOM_OWNER_URL"):
        schema.bring_up_to_date(replace(endpoints, owner_url=None))


@pytest.mark.parametrize(
    ("changed", "is_active"),
    [
        pytest.param(False, True, id="nobody has changed the rule"),
        pytest.param(True, False, id="somebody has, and wants it off"),
    ],
)
def test_backups_that_are_too_old_are_told_of_where_nobody_said_otherwise(
    databases, changed, is_active
):
    with databases.fresh() as endpoints:
        engine = connect(owner(endpoints))
        with engine.connect() as connection:
            command.upgrade(schema._config(connection), "0027")
            connection.commit()
            if changed:
                # As the page changes it.
                connection.exec_driver_sql("UPDATE alert_rules SET revision = 2")
                connection.commit()

            schema.migrate(connection)

            rule = "SELECT is_active FROM alert_rules WHERE kind = 'backup-too-old'"
            assert connection.exec_driver_sql(rule).scalar_one() is is_active
        engine.dispose()


def test_migrations_are_found_in_a_folder_of_any_name(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    odd = tmp_path / "100% Zahnärzte: %(here)s"
    odd.symlink_to(schema._MIGRATIONS)
    monkeypatch.setattr(schema, "_MIGRATIONS", odd)

    with engine.connect() as connection:
        config = schema._config(connection)

    assert Path(ScriptDirectory.from_config(config).dir) == odd


@pytest.mark.parametrize("revision", ["0005", "0999"])
def test_a_schema_of_an_unknown_version_is_left_alone(databases, template, revision):
    with (
        databases.fresh(template) as endpoints,
        closing(psycopg2.connect(owner(endpoints))) as connection,
    ):
        with connection, connection.cursor() as cursor:
            cursor.execute("UPDATE alembic_version SET version_num = %s", [revision])

        with pytest.raises(CannotMigrate, match=f"{revision}.*decisions/0022"):
            schema.bring_up_to_date(endpoints)


@pytest.mark.parametrize(
    "attempt",
    [
        "CREATE TABLE notes (note text)",
        "ALTER TABLE patients ADD note text",
        (
            "CREATE OR REPLACE FUNCTION acting_user() RETURNS uuid "
            "LANGUAGE sql RETURN gen_random_uuid()"
        ),
        "SET ROLE chartroom",
        "SET ROLE postgres",
        "GRANT chartroom TO chartroom_app",
        "CREATE ROLE intruder",
    ],
)
def test_the_app_cannot_make_itself_more_than_it_is(endpoints: Endpoints, attempt: str):
    with (
        closing(psycopg2.connect(endpoints.database_url)) as connection,
        connection.cursor() as cursor,
        pytest.raises(InsufficientPrivilege),
    ):
        cursor.execute(attempt)
