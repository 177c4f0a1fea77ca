"""Cells of CSV files that people open in spreadsheets.

Spreadsheets run a cell that begins with = + - @ (or a tab or carriage return) as a
formula, and strangers type patients' names. Such a cell gets an apostrophe in front,
which makes it text; an international telephone number becomes '+49....
"""

from typing import Final

# Some spreadsheets read the full-width forms as the plain signs.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def escape_formula(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
