"""The history of the schema, and how its revisions run SQL."""

from pathlib import Path
from typing import Final

from alembic import op

_DB: Final = Path(__file__).parents[1]


def load_functions(*names: str) -> None:
    """Load functions, triggers and execute rights as db/functions has them today."""
    for name in names:
        _load(_DB / "functions" / f"{name}.sql")


def load_tables(*names: str) -> None:
    """Make the tables of the first revision, with their initial rows."""
    for name in names:
        _load(_DB / "migrations" / "tables" / f"{name}.sql")


def run(*statements: str) -> None:
    """Run statements unchanged: neither `%` nor `:` is a placeholder in them."""
    for each in statements:
        op.get_bind().exec_driver_sql(each.replace("%", "%%"))


def _load(path: Path) -> None:
    run(path.read_text(encoding="utf-8"))
