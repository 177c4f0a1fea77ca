"""Entries of the audit log as rows of a table."""

from collections.abc import Callable, Sequence
from typing import Final

from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from dashboard.ui.words import to_the_second
from services.audit.log import Entry, RecordAccess
from services.core.audit import Action

_COLUMNS: Final = (
    Column("When"),
    Column("Who"),
    Column("Did"),
    Column("Patient"),
    Column("What is known of it"),
    Column("From", is_whole=True),
)
_ABOUT_ME: Final = (Column("When"), Column("Who"), Column("Did"))


def show_audit_table(
    entries: Sequence[Entry], address_of: Callable[[Entry], str], *, key: str
) -> None:
    """Show entries; the first cell of a row leads to `address_of` its entry."""
    rows = [
        Row(
            str(entry.sequence),
            (
                Cell(to_the_second(entry.at)),
                Cell(f"{entry.who}, {entry.role}" if entry.role else entry.who),
                _action_cell(entry.action, entry.outcome),
                Cell(str(entry.patient_id or ""), "muted"),
                Cell(_known(entry)),
                Cell(entry.network, "muted"),
            ),
            address_of(entry),
        )
        for entry in entries
    ]
    record_table(payload_of(_COLUMNS, rows, name="Entries of the audit log"), key=key)


def show_access_table(
    accesses: Sequence[RecordAccess], *, key: str, name: str = "Who looked at my record"
) -> None:
    """Show who did what with a record or a document."""
    rows = [
        Row(
            str(access.sequence),
            (
                Cell(to_the_second(access.at)),
                Cell(access.who),
                Cell(access.what, "warn", "block")
                if access.is_refused
                else Cell(access.what),
            ),
        )
        for access in accesses
    ]
    record_table(payload_of(_ABOUT_ME, rows, name=name), key=key)


def _action_cell(action: str, outcome: str) -> Cell:
    if outcome == "done":
        return Cell(action)
    icon = "block" if outcome == "refused" else "error"
    says_outcome = action == Action.ACCESS_REFUSE
    return Cell(action if says_outcome else f"{action}, {outcome}", "danger", icon)


def _known(entry: Entry) -> str:
    reason = f"“{entry.reason}”" if entry.reason else ""
    return "; ".join(filter(None, (reason, entry.subject, entry.details)))
