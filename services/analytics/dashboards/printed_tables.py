"""Disclosed numbers as a table on paper, where there is no figure to draw."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """Disclosed numbers in rows; `counted` says of what, and None is a hidden number.

    Texts are translated if they are sentences. Without `counted_at`, the numbers were
    disclosed some time before.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]
    counted: str
    counted_at: datetime | None
