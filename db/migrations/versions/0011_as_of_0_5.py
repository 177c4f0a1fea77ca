"""The schema as of version 0.5: tables, functions, the job queue, who may do what.

It is the first revision, and has the number of the last of the eleven whose schema it
makes: databases that those made are up to date (docs/decisions/0022).
"""

from typing import Final

from procrastinate.schema import SchemaManager

from db.migrations import load_functions, load_tables, rights, run

revision = "0011"
down_revision = None

_EXTENSIONS: Final = ("unaccent", "pg_trgm", "btree_gin", "btree_gist")
# In the order in which they refer to each other.
_TABLES: Final = (
    "core",
    "patients",
    "people",
    "care",
    "lists",
    "documents",
    "visits",
    "consultations",
    "cluster",
    "audit",
)


def upgrade() -> None:
    for extension in _EXTENSIONS:
        run(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    load_functions("text")
    load_tables(*_TABLES)
    load_functions("identity", "patients", "documents", "document_search", "visits")
    run(SchemaManager.get_schema())
    for statement in rights.as_statements():
        run(statement)


def downgrade() -> None:
    raise NotImplementedError("There is nothing before the first migration.")
