"""No spreadsheet takes a cell of ours for a formula."""

import pytest

from services.lists.csv_cells import escape_formula


@pytest.mark.parametrize(
    "cell",
    ["=SUM(A1)", "+49301234", "-1", "@me", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠1"],
)
def test_a_cell_that_a_spreadsheet_would_run_becomes_text(cell):
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ada", "a=1", " =1", "'=1", "1-1", "2026-11-20"])
def test_another_cell_stays_as_it_is(cell):
    assert escape_formula(cell) == cell
