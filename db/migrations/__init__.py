"""The history of the schema, and how its revisions run what stands in SQL."""

from pathlib import Path
from typing import Final

from alembic import op

_DB: Final = Path(__file__).parents[1]


def load_functions(*names: str) -> None:
    """Make functions, triggers and who may call them what db/functions says today."""
    for name in names:
        _load(_DB / "functions" / f"{name}.sql")


def load_tables(*names: str) -> None:
    """Make the tables of the first revision, with the rows that they begin with."""
    for name in names:
        _load(_DB / "migrations" / "tables" / f"{name}.sql")


def run(statements: str) -> None:
    """Run statements as they stand: in none is `%` or `:` a placeholder."""
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))


def _load(path: Path) -> None:
    run(path.read_text(encoding="utf-8"))
