"""In whose name a transaction runs, as the database itself is told."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

DatabaseRole = Literal[
    "patient", "staff", "clinician", "analyst", "admin", "door", "system"
]


@dataclass(frozen=True, slots=True)
class Acting:
    """A role of the clinic, and who of that role it is.

    `door` is whoever has not signed in yet: it finds people and keeps sign-ins, and
    sees no patient. `system` is the background and the command line.
    """

    role: DatabaseRole
    user_id: UUID | None = None
    patient_id: UUID | None = None


DOOR = Acting("door")
SYSTEM = Acting("system")
