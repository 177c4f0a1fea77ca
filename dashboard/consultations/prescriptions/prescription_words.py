"""How the lines of a prescription read on screen."""

from collections.abc import Sequence

from dashboard.ui.record_table import Cell, Column, Piece, Row, payload_of, record_table
from services.consultations.prescriptions import PrescriptionLine

_COLUMNS = ("Drug", "Dose", "How often", "For how long")


def lines_table(lines: Sequence[PrescriptionLine]) -> None:
    """Show the lines, with what was overridden and why."""
    rows = [
        Row(
            str(index),
            (
                Cell(line.drug, lines=_told(line)),
                Cell(line.dose),
                Cell(line.frequency),
                Cell(line.duration),
            ),
        )
        for index, line in enumerate(lines)
    ]
    columns = [Column(name) for name in _COLUMNS]
    table = payload_of(columns, rows, name="Prescribed")
    record_table(table, key="prescription_lines")


def _told(line: PrescriptionLine) -> tuple[tuple[Piece, ...], ...]:
    if not line.warning:
        return ()
    told = f"{line.warning} Prescribed all the same: {line.override_reason}"
    return ((Piece(told),),)
