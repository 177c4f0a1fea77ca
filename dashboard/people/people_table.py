"""People with a sign-in as rows of a table, each with the account's status."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dashboard.ui.language import gettext as _, marked
from dashboard.ui.record_table import Cell, Column, Row, TableEvent, record_table
from dashboard.ui.words import at, role_label
from services.people.accounts import AccountStatus, Person

_COLUMNS: Final = (
    Column(marked("Name")),
    Column(marked("Role")),
    Column(marked("E-mail")),
    Column(marked("Sign-in")),
    Column(marked("Passkeys")),
    Column(marked("Last here")),
)
_STANDINGS: Final = {
    AccountStatus.ACTIVE: Cell(marked("Active"), "ok", "check_circle"),
    AccountStatus.INVITED: Cell(marked("Invited"), "info", "mail"),
    AccountStatus.DEACTIVATED: Cell(marked("Deactivated"), "muted", "block"),
}


def people_table(people: Sequence[Person]) -> TableEvent:
    """Show the people; return who was opened."""
    rows = [_row(person) for person in people]
    return record_table(_COLUMNS, rows, name=_("People"), key="users_table")


def standing_cell(standing: AccountStatus) -> Cell:
    """Return the status of an account as text, with an icon beside the colour."""
    cell = _STANDINGS[standing]
    return replace(cell, text=_(cell.text))


def _row(person: Person) -> Row:
    seen = person.last_seen_at
    cells = (
        Cell(person.name),
        Cell(role_label(person.role)),
        Cell(person.email, "muted"),
        standing_cell(person.standing),
        Cell(str(person.passkeys)) if person.passkeys else Cell(_("None"), "muted"),
        Cell(at(seen)) if seen else Cell(_("Never"), "muted"),
    )
    return Row(str(person.id), cells, f"user?user={person.id}")
