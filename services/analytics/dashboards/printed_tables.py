"""Told numbers as a table on paper, where there is no figure to be drawn."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """Told numbers in rows, of what `counted` says; None is a number that is not told.

    Texts are translated where they are sentences. Without `counted_at` they are those
    that were told some time before.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]
    counted: str
    counted_at: datetime | None
