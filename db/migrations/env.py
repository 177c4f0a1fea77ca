"""How Alembic reaches the database: on the connection that db.schema hands over."""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection

from db.models.base import Base

_IS_THERE = "SELECT to_regclass('public.schema_changes') IS NOT NULL"
_NOTE = (
    "INSERT INTO schema_changes (revision) VALUES (%s) "
    "ON CONFLICT (revision) DO UPDATE SET ran_at = excluded.ran_at"
)


def note_when(
    ctx: MigrationContext, step: MigrationInfo, *_: Any, **_more: Any
) -> None:
    """Record when a migration ran, once there is a table for that.

    It is recorded in the rows themselves: a clinic that goes back to before a migration
    runs it again, and then knows only of that time.
    """
    connection: Connection | None = ctx.connection
    if connection is None or not step.is_upgrade or step.up_revision_id is None:
        return
    if connection.exec_driver_sql(_IS_THERE).scalar_one():
        connection.exec_driver_sql(_NOTE, (step.up_revision_id,))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_server_default=True,
    on_version_apply=note_when,
)
with context.begin_transaction():
    context.run_migrations()
