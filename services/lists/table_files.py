"""A small table as a file: CSV, an Excel workbook, or Apache Parquet for programs.

For tables that are in memory anyway; lists of patients are streamed, as CSV.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.lists.csv_cells import escape_formula
from services.lists.workbooks import MEDIA_TYPE as WORKBOOK, workbook_of

FileFormat = Literal["csv", "xlsx", "parquet"]
# Parquet's has been registered with IANA since 2024.
MEDIA_TYPES: Final[Mapping[FileFormat, str]] = {
    "csv": "text/csv",
    "xlsx": WORKBOOK,
    "parquet": "application/vnd.apache.parquet",
}
Kind = type[str] | type[int] | type[float]
TableCell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, each of one type; None is a value that is withheld.

    `about` describes the numbers, for files that have a place for it.
    """

    columns: Mapping[str, Kind]
    rows: Sequence[Sequence[TableCell]]
    about: Mapping[str, str]


def file_of(table: Table, file_format: FileFormat) -> bytes:
    """Return the table as a file of this format; text is never a formula in it."""
    match file_format:
        case "csv":
            return _csv_of(table)
        case "xlsx":
            return workbook_of(tuple(table.columns), table.rows)
        case "parquet":
            return _parquet_of(table)


def _csv_of(table: Table) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow(
            escape_formula(cell) if isinstance(cell, str) else cell for cell in row
        )
    return file.getvalue().encode()


def _parquet_of(table: Table) -> bytes:
    # Half a second of imports, for the few who ask.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    schema = pa.schema(
        [(name, kinds[kind]) for name, kind in table.columns.items()],
        metadata=dict(table.about),
    )
    columns = list(zip(*table.rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(values, field.type)
        for values, field in zip(columns, schema, strict=True)
    ]
    file = io.BytesIO()
    parquet.write_table(pa.table(arrays, schema=schema), file)
    return file.getvalue()
