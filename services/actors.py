"""Who acts, and what their role lets them do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.errors import NotAllowed


class Role(StrEnum):
    """The clinic's five kinds of people."""

    PATIENT = "patient"
    STAFF = "staff"
    CLINICIAN = "clinician"
    ANALYST = "analyst"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a role can be allowed; the value completes "You may not ..."."""

    VIEW_OWN_RECORD = "see your own record"
    LIST_PATIENTS = "list patients"
    VIEW_PATIENT = "open a patient's record"
    REGISTER_PATIENT = "register patients"
    EDIT_PATIENT = "edit patients"
    ARCHIVE_PATIENT = "archive or restore patients"
    MERGE_PATIENTS = "merge patients"
    EXPORT_PATIENTS = "export patient lists"
    SAVE_VIEWS = "save views"
    VIEW_DOCTORS = "see the doctors"
    VIEW_REPLICATION = "see the state of replication"
    IMPORT_RECORDS = "import records"


_FRONT_DESK: Final = frozenset(
    {
        Permission.LIST_PATIENTS,
        Permission.VIEW_PATIENT,
        Permission.REGISTER_PATIENT,
        Permission.EDIT_PATIENT,
        Permission.ARCHIVE_PATIENT,
        Permission.MERGE_PATIENTS,
        Permission.EXPORT_PATIENTS,
        Permission.SAVE_VIEWS,
        Permission.VIEW_DOCTORS,
    }
)

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.PATIENT: frozenset({Permission.VIEW_OWN_RECORD, Permission.VIEW_DOCTORS}),
    Role.STAFF: _FRONT_DESK,
    Role.CLINICIAN: _FRONT_DESK,
    Role.ANALYST: frozenset(
        {
            Permission.LIST_PATIENTS,
            Permission.EXPORT_PATIENTS,
            Permission.SAVE_VIEWS,
            Permission.VIEW_DOCTORS,
        }
    ),
    Role.ADMIN: frozenset({Permission.VIEW_REPLICATION, Permission.IMPORT_RECORDS}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person or program; every service call takes one.

    `patient_id` is set for patients only and names their own record.
    """

    id: UUID
    name: str
    role: Role
    patient_id: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether the role carries the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed unless the role carries the permission."""
        if not self.may(permission):
            raise NotAllowed(
                f"You may not {permission}: your role is {self.role}. "
                "Ask an administrator if your work needs it."
            )
