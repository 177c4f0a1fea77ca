"""Connected systems as rows of a table: what they read, and how they last fared."""

from collections.abc import Sequence
from typing import Final

from dashboard.ui.language import gettext as _, marked, ngettext
from dashboard.ui.record_table import Cell, Column, Row, TableEvent, record_table
from dashboard.ui.words import at, role_label
from services.people.connected_systems import ConnectedSystem

_COLUMNS: Final = (
    Column(marked("Name")),
    Column(marked("Role")),
    Column(marked("Reads")),
    Column(marked("State")),
    Column(marked("Last call")),
    Column(marked("Last refused")),
)


def systems_table(systems: Sequence[ConnectedSystem]) -> TableEvent:
    """Show the systems; return which was opened."""
    rows = [_row(system) for system in systems]
    return record_table(
        _COLUMNS, rows, name=_("Connected systems"), key="systems_table"
    )


def _row(system: ConnectedSystem) -> Row:
    types = len(system.resource_types)
    cells = (
        Cell(system.name),
        Cell(role_label(system.role)),
        Cell(ngettext("{number} type", "{number} types", types).format(number=types)),
        Cell(_("On"), "ok", "check_circle")
        if system.is_on
        else Cell(_("Off"), "muted", "block"),
        Cell(at(system.called_at)) if system.called_at else Cell(_("Never"), "muted"),
        _refused(system),
    )
    return Row(str(system.id), cells, f"system?system={system.id}")


def _refused(system: ConnectedSystem) -> Cell:
    if system.refused_at is None:
        return Cell(_("Never"), "muted")
    # A refusal followed by a success is history.
    is_over = (
        system.token_issued_at is not None
        and system.token_issued_at > system.refused_at
    )
    if is_over:
        return Cell(at(system.refused_at), "muted")
    return Cell(at(system.refused_at), "warn", "warning")
