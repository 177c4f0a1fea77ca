"""The schema's version, and the way to bring a database up to it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """Bring the database to the newest schema; commits as it goes.

    Several processes may call this at once: an advisory lock lets one of them work
    and the others find nothing left to do.
    """
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


def is_current(connection: Connection) -> bool:
    """Tell whether the database has the schema that this code expects."""
    head = ScriptDirectory.from_config(_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
