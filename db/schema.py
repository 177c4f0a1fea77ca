"""The way to bring a database up to the newest schema."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from db.endpoints import Endpoints
from db.postgres import Database

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
# The newest of what db/roles.sql makes.
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
        command.upgrade(_config(connection), "head")
        connection.commit()
    finally:
        connection.rollback()
        connection.exec_driver_sql(
            "SELECT pg_advisory_unlock(hashtext('chartroom.schema'))"
        )
        connection.commit()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
