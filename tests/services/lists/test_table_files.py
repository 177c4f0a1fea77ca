"""Small tables as files that other programs can read back."""

import csv
import io

import openpyxl
import pytest
from pyarrow import parquet

from services.lists.table_files import Table, file_of

TABLE = Table(
    {"words": str, "patients": int, "share": float},
    [("Asthma", 12, 0.25), ("=HYPERLINK(1)", None, None), (None, 40, 1.0)],
    {"sentence": "Patients with a diagnosis", "smallest_group": "5"},
)


def test_csv_has_empty_cells_for_what_is_not_told_and_no_formulas():
    read = list(csv.reader(io.StringIO(file_of(TABLE, "csv").decode(), newline="")))

    assert read == [
        ["words", "patients", "share"],
        ["Asthma", "12", "0.25"],
        ["'=HYPERLINK(1)", "", ""],
        ["", "40", "1.0"],
    ]


def test_a_workbook_has_numbers_as_numbers_and_no_formulas():
    book = openpyxl.load_workbook(io.BytesIO(file_of(TABLE, "xlsx")))
    cells = list(book.active.iter_rows())

    assert [tuple(cell.value for cell in row) for row in cells[1:]] == TABLE.rows
    assert cells[2][0].data_type == "s"
    assert cells[1][1].data_type == "n"


@pytest.mark.parametrize("rows", [TABLE.rows, []], ids=["rows", "empty"])
def test_parquet_has_kinds_and_says_what_the_numbers_are(rows):
    table = Table(TABLE.columns, rows, TABLE.about)

    read = parquet.read_table(io.BytesIO(file_of(table, "parquet")))

    assert [tuple(row.values()) for row in read.to_pylist()] == rows
    kinds = {field.name: str(field.type) for field in read.schema}
    assert kinds == {"words": "string", "patients": "int64", "share": "double"}
    assert read.schema.metadata[b"sentence"] == b"Patients with a diagnosis"
