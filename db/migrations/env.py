"""How Alembic reaches the database: on the connection that db.schema hands over."""

from alembic import context

from db.models.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
