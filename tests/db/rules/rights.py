"""The building blocks of the matrix of rights.

"all" are all rows and "own" those of the role's person; other words are tags of rows.
What is not listed is refused. Columns are named where not all of them are meant.
"""

import re
from dataclasses import dataclass

EVERYTHING = "SELECT all; INSERT all; UPDATE all; DELETE all"
AT_WORK = ("staff", "clinician", "analyst")
SIGNED_IN = ("patient", *AT_WORK)

# The rights of each role on a table.
Rights = dict[str, str]


@dataclass(frozen=True)
class Right:
    """The rows to which a right applies, and the columns if not all."""

    rows: frozenset[str]
    columns: frozenset[str] | None = None


def rights_of(said: str, role: str, tags: set[str]) -> dict[str, Right]:
    """Return the rights stated for a role, for rows that have these tags."""
    rights = {}
    for verb, columns, rows in re.findall(r"([A-Z]+)(?:\((.*?)\))?([^;]*)", said):
        words = rows.split()
        named = {role if word == "own" else word for word in words}
        rights[verb] = Right(
            frozenset(tags if words == ["all"] else named),
            frozenset(columns.split(", ")) if columns else None,
        )
    return rights
