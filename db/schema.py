"""Brings a database up to the newest schema."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from db.endpoints import Endpoints
from db.postgres import Database

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
# The newest object that db/roles.sql makes.
_MISSING_ROLES: Final = (
    "SELECT to_regrole('chartroom_app') IS NULL "
    "OR to_regrole('chartroom_system') IS NULL"
)


class CannotMigrate(Exception):
    """The schema cannot be brought up to date; the message says what to do."""


def bring_up_to_date(endpoints: Endpoints) -> None:
    """Bring the database to the newest schema, signed in as its owner.

    Raises CannotMigrate, DatabaseUnavailable.
    """
    if endpoints.owner_url is None:
        raise CannotMigrate(
            "Only the owner of the database can change its schema: set "
            "CHARTROOM_OWNER_URL for this command."
        )
    owners = replace(endpoints, database_url=endpoints.owner_url, replica_urls={})
    with (
        closing(Database(owners)) as database,
        database.connect_primary() as connection,
    ):
        migrate(connection)


def migrate(connection: Connection) -> None:
    """Bring the database to the newest schema; commits as it goes.

    Several processes may call this at once: an advisory lock lets one of them work
    and the others find nothing left to do. Raises CannotMigrate.
    """
    if connection.exec_driver_sql(_MISSING_ROLES).scalar_one():
        raise CannotMigrate(
            "PostgreSQL lacks Chartroom's roles: let its administrator run "
            "db/roles.sql, which says how."
        )
    connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext('chartroom.schema'))")
    try:
        connection.commit()
        config = _config(connection)
        is_newest = _is_newest(connection, config)
        # Alembic commits between steps only in transactions that it began itself.
        connection.commit()
        if not is_newest:
            command.upgrade(config, "head")
            connection.commit()
    finally:
        connection.rollback()
        connection.exec_driver_sql(
            "SELECT pg_advisory_unlock(hashtext('chartroom.schema'))"
        )
        connection.commit()


def _is_newest(connection: Connection, config: Config) -> bool:
    """Return whether the schema is the newest; raises CannotMigrate if unknown.

    Loading all migrations takes longer than running none of them, so it is done once.
    """
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return False
    scripts = ScriptDirectory.from_config(config)
    try:
        scripts.get_revision(revision)
    except CommandError as error:
        raise CannotMigrate(
            f"This version of Chartroom does not know the database's schema, {revision}"
            ". A newer version made it: run that one. Or it is older than 0.5, and was "
            "never released: docs/decisions/0022 says how to bring it up to date."
        ) from error
    return revision == scripts.get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    # To Alembic a % in it would begin the name of another option.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
