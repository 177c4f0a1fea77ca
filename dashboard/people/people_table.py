"""People with a sign-in as rows of a table, and how far each has come."""

from collections.abc import Sequence
from typing import Final

from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    TableEvent,
    payload_of,
    record_table,
)
from dashboard.ui.words import at
from services.people.accounts import AccountStatus, Person

_COLUMNS: Final = (
    Column("Name"),
    Column("Role"),
    Column("E-mail"),
    Column("Sign-in"),
    Column("Passkeys"),
    Column("Last here"),
)
_STANDINGS: Final = {
    AccountStatus.ACTIVE: Cell("Active", "ok", "check_circle"),
    AccountStatus.INVITED: Cell("Invited", "info", "mail"),
    AccountStatus.DEACTIVATED: Cell("Deactivated", "muted", "block"),
}


def people_table(people: Sequence[Person], *, key: str = "users_table") -> TableEvent:
    """Show the people; tell who was opened."""
    rows = [_row(person) for person in people]
    return record_table(payload_of(_COLUMNS, rows, name="People"), key=key)


def standing_cell(standing: AccountStatus) -> Cell:
    """Return how far somebody has come, in words, with an icon beside the colour."""
    return _STANDINGS[standing]


def _row(person: Person) -> Row:
    seen = person.last_seen_at
    cells = (
        Cell(person.name),
        Cell(person.role.capitalize()),
        Cell(person.email, "muted"),
        standing_cell(person.standing),
        Cell(str(person.passkeys)) if person.passkeys else Cell("None", "muted"),
        Cell(at(seen)) if seen else Cell("Never", "muted"),
    )
    return Row(str(person.id), cells, f"user?user={person.id}")
