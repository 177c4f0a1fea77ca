"""Lists as Excel workbooks (Office Open XML, ECMA-376), for people with spreadsheets.

Beside CSV because a spreadsheet guesses what the cells of a CSV file are: a telephone
number loses its leading zero, and an international one needs an apostrophe in front so
that it is not taken for a formula. A cell of a workbook states that it is text.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

# A workbook is built in memory as a whole: some 40 MB for this many patients.
MOST_ROWS: Final = 100_000
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTH: Final = 18
# The contents of a list are text, whatever they look like.
_OPTIONS: Final = {
    "in_memory": True,
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "default_date_format": "yyyy-mm-dd",
}


def workbook_of(
    header: Sequence[str], rows: Iterable[Sequence[str | float | date | None]]
) -> bytes:
    """Return the header and the rows as one sheet; timestamps are written as text.

    A number in Python is a number in its cell.

    Raises InvalidInput if there are more than MOST_ROWS.
    """
    # Every page with a list reads MOST_ROWS; few make a workbook.
    from xlsxwriter import Workbook  # type: ignore[import-untyped] # noqa: PLC0415

    file = io.BytesIO()
    with Workbook(file, _OPTIONS) as book:
        sheet = book.add_worksheet()
        sheet.set_column(0, len(header) - 1, _WIDTH)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, header, book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise InvalidInput(
                    "list",
                    Sentence(
                        "An Excel file can have at most {most} rows here. Use the CSV "
                        "file, or add a filter to narrow the list.",
                        most=f"{MOST_ROWS:,}",
                    ),
                )
            for column, cell in enumerate(row):
                match cell:
                    case None | "":
                        pass
                    case datetime():
                        sheet.write_string(number, column, cell.isoformat())
                    case date():
                        sheet.write_datetime(number, column, cell)
                    case int() | float():
                        sheet.write_number(number, column, cell)
                    case _:
                        sheet.write_string(number, column, cell)
    return file.getvalue()
