"""Who acts, and what their role lets them do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.core.errors import InsufficientScope, NotAllowed, NotFound
from services.core.sentences import Sentence

if TYPE_CHECKING:
    from db.postgres import DatabaseIdentity


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
    CHANGE_OWN_CONTACT = "correct how the clinic reaches you"
    VIEW_OWN_ACCESSES = "see who looked at your record"
    LIST_PATIENTS = "list patients"
    VIEW_NAMES = "see patients' names in lists"
    VIEW_PATIENT = "open a patient's record"
    REGISTER_PATIENT = "register patients"
    EDIT_PATIENT = "edit patients"
    ARCHIVE_PATIENT = "archive or restore patients"
    MERGE_PATIENTS = "merge patients"
    MANAGE_REGISTRATION = "decide how patients are registered"
    EXPORT_PATIENTS = "export patient lists"
    EXPORT_NAMES = "export names and contact details for a reason"
    VIEW_OWN_DOCUMENTS = "see your own documents"
    FILE_OWN_DOCUMENTS = "file documents of your own"
    VIEW_DOCUMENTS = "see documents"
    FILE_DOCUMENTS = "file documents"
    DELETE_DOCUMENTS = "delete or restore documents"
    SHARE_DOCUMENTS = "share documents by a link"
    HOLD_DOCUMENTS = "put documents on legal hold"
    MANAGE_RETENTION = "manage how long documents are kept"
    MANAGE_TAGS = "manage the tags of documents"
    DEFINE_FIELDS = "define the fields of documents"
    MANAGE_CODE_LISTS = "manage the lists of drugs and diagnoses"
    SAVE_VIEWS = "save views"
    COUNT_COHORTS = "count cohorts"
    VIEW_DOCTORS = "see the doctors"
    MANAGE_DOCTORS = "change doctors and when they work"
    VIEW_OWN_VISITS = "see your own visits"
    BOOK_OWN_VISITS = "book visits of your own"
    VIEW_VISITS = "see visits"
    VIEW_CALENDAR = "see the calendar"
    BOOK_VISITS = "book visits for patients"
    OVERRIDE_BOOKING = "override booking rules for a reason"
    RUN_THE_DESK = "check patients in"
    READ_RECORDS = "read the records of visits"
    WRITE_RECORDS = "write the records of visits"
    PRESCRIBE = "prescribe"
    VIEW_OWN_PRESCRIPTIONS = "see your own prescriptions"
    VIEW_PRESCRIPTIONS = "see prescriptions"
    VIEW_STATISTICS = "see how visits are booked"
    PROVE_BOOKING = "test that no slot can be booked twice"
    VIEW_OUTBOX = "see the e-mails that were sent"
    ASSIGN_CARE = "assign clinicians to patients"
    INVITE_PATIENT = "invite a patient to sign in"
    BREAK_GLASS = "open a record outside your patients"
    REVIEW_BREAK_GLASS = "review records opened outside a clinician's patients"
    MANAGE_USERS = "manage people and their roles"
    MANAGE_TOKENS = "manage the tokens of programs"
    OWN_TOKENS = "create tokens that act for you"
    ALLOW_APPS = "let apps read your own record"
    END_SESSIONS = "end other people's sessions"
    VIEW_AUDIT = "read the audit log"
    VIEW_REPLICATION = "see the state of replication"
    ACT_ON_CLUSTER = "act on the database servers"
    RUN_DRILLS = "run disaster drills"
    MANAGE_ALERTS = "change alerts"
    COPY_BACK = "copy records back from an earlier time"
    IMPORT_RECORDS = "import records"
    READ_NOTIFICATIONS = "read your notifications"


_FRONT_DESK: Final = frozenset(
    {
        Permission.LIST_PATIENTS,
        Permission.VIEW_NAMES,
        Permission.VIEW_PATIENT,
        Permission.REGISTER_PATIENT,
        Permission.EDIT_PATIENT,
        Permission.ARCHIVE_PATIENT,
        Permission.MERGE_PATIENTS,
        Permission.EXPORT_PATIENTS,
        Permission.VIEW_DOCUMENTS,
        Permission.FILE_DOCUMENTS,
        Permission.DELETE_DOCUMENTS,
        Permission.SHARE_DOCUMENTS,
        Permission.HOLD_DOCUMENTS,
        Permission.SAVE_VIEWS,
        Permission.VIEW_DOCTORS,
        Permission.VIEW_VISITS,
        Permission.VIEW_CALENDAR,
        Permission.BOOK_VISITS,
        Permission.OVERRIDE_BOOKING,
        Permission.RUN_THE_DESK,
        Permission.VIEW_PRESCRIPTIONS,
        Permission.ASSIGN_CARE,
        Permission.INVITE_PATIENT,
        Permission.COPY_BACK,
        Permission.OWN_TOKENS,
        Permission.READ_NOTIFICATIONS,
    }
)

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.PATIENT: frozenset(
        {
            Permission.VIEW_OWN_RECORD,
            Permission.CHANGE_OWN_CONTACT,
            Permission.VIEW_OWN_ACCESSES,
            Permission.VIEW_OWN_DOCUMENTS,
            Permission.FILE_OWN_DOCUMENTS,
            Permission.SHARE_DOCUMENTS,
            Permission.VIEW_DOCTORS,
            Permission.VIEW_OWN_VISITS,
            Permission.BOOK_OWN_VISITS,
            Permission.VIEW_OWN_PRESCRIPTIONS,
            Permission.ALLOW_APPS,
            Permission.READ_NOTIFICATIONS,
        }
    ),
    Role.STAFF: _FRONT_DESK | {Permission.MANAGE_DOCTORS},
    Role.CLINICIAN: _FRONT_DESK
    | {
        Permission.BREAK_GLASS,
        Permission.READ_RECORDS,
        Permission.WRITE_RECORDS,
        Permission.PRESCRIBE,
    },
    Role.ANALYST: frozenset(
        {
            Permission.LIST_PATIENTS,
            Permission.EXPORT_PATIENTS,
            Permission.EXPORT_NAMES,
            Permission.SAVE_VIEWS,
            Permission.COUNT_COHORTS,
            Permission.VIEW_DOCTORS,
            Permission.OWN_TOKENS,
            Permission.READ_NOTIFICATIONS,
        }
    ),
    Role.ADMIN: frozenset(
        {
            Permission.MANAGE_USERS,
            Permission.MANAGE_TOKENS,
            Permission.OWN_TOKENS,
            Permission.END_SESSIONS,
            Permission.VIEW_AUDIT,
            Permission.REVIEW_BREAK_GLASS,
            Permission.MANAGE_REGISTRATION,
            Permission.MANAGE_RETENTION,
            Permission.MANAGE_TAGS,
            Permission.DEFINE_FIELDS,
            Permission.MANAGE_CODE_LISTS,
            Permission.VIEW_DOCTORS,
            Permission.MANAGE_DOCTORS,
            Permission.VIEW_CALENDAR,
            Permission.VIEW_STATISTICS,
            Permission.PROVE_BOOKING,
            Permission.VIEW_OUTBOX,
            Permission.VIEW_REPLICATION,
            Permission.ACT_ON_CLUSTER,
            Permission.RUN_DRILLS,
            Permission.MANAGE_ALERTS,
            Permission.IMPORT_RECORDS,
            Permission.READ_NOTIFICATIONS,
        }
    ),
}


class Scope(StrEnum):
    """What a token can be limited to; its role limits it further."""

    READ_PATIENTS = "patients:read"
    WRITE_PATIENTS = "patients:write"
    EXPORT_PATIENTS = "patients:export"
    READ_DOCUMENTS = "documents:read"
    WRITE_DOCUMENTS = "documents:write"
    READ_DOCTORS = "doctors:read"
    WRITE_DOCTORS = "doctors:write"
    READ_VISITS = "visits:read"
    WRITE_VISITS = "visits:write"
    READ_STATISTICS = "statistics:read"
    READ_REPLICATION = "replication:read"
    ACT_ON_REPLICATION = "replication:act"
    READ_AUDIT = "audit:read"
    MANAGE_PEOPLE = "people:manage"


SCOPES: Final[dict[Scope, frozenset[Permission]]] = {
    Scope.READ_PATIENTS: frozenset(
        {
            Permission.VIEW_OWN_RECORD,
            Permission.VIEW_OWN_ACCESSES,
            Permission.LIST_PATIENTS,
            Permission.VIEW_NAMES,
            Permission.VIEW_PATIENT,
            Permission.SAVE_VIEWS,
        }
    ),
    Scope.WRITE_PATIENTS: frozenset(
        {
            Permission.REGISTER_PATIENT,
            Permission.EDIT_PATIENT,
            Permission.CHANGE_OWN_CONTACT,
            Permission.ARCHIVE_PATIENT,
            Permission.MERGE_PATIENTS,
            Permission.MANAGE_REGISTRATION,
            Permission.ASSIGN_CARE,
            Permission.INVITE_PATIENT,
            Permission.IMPORT_RECORDS,
            Permission.COPY_BACK,
        }
    ),
    Scope.EXPORT_PATIENTS: frozenset(
        {Permission.EXPORT_PATIENTS, Permission.EXPORT_NAMES}
    ),
    Scope.READ_DOCUMENTS: frozenset(
        {Permission.VIEW_OWN_DOCUMENTS, Permission.VIEW_DOCUMENTS}
    ),
    Scope.WRITE_DOCUMENTS: frozenset(
        {
            Permission.FILE_OWN_DOCUMENTS,
            Permission.FILE_DOCUMENTS,
            Permission.DELETE_DOCUMENTS,
            Permission.SHARE_DOCUMENTS,
            Permission.HOLD_DOCUMENTS,
            Permission.MANAGE_RETENTION,
            Permission.MANAGE_TAGS,
            Permission.DEFINE_FIELDS,
        }
    ),
    Scope.READ_DOCTORS: frozenset({Permission.VIEW_DOCTORS}),
    Scope.WRITE_DOCTORS: frozenset({Permission.MANAGE_DOCTORS}),
    Scope.READ_VISITS: frozenset(
        {
            Permission.VIEW_OWN_VISITS,
            Permission.VIEW_VISITS,
            Permission.VIEW_CALENDAR,
            Permission.VIEW_OWN_PRESCRIPTIONS,
            Permission.VIEW_PRESCRIPTIONS,
            Permission.READ_RECORDS,
        }
    ),
    Scope.WRITE_VISITS: frozenset(
        {
            Permission.BOOK_OWN_VISITS,
            Permission.BOOK_VISITS,
            Permission.OVERRIDE_BOOKING,
            Permission.RUN_THE_DESK,
            Permission.WRITE_RECORDS,
            Permission.PRESCRIBE,
            Permission.MANAGE_CODE_LISTS,
        }
    ),
    Scope.READ_STATISTICS: frozenset(
        {
            Permission.VIEW_STATISTICS,
            Permission.COUNT_COHORTS,
            Permission.PROVE_BOOKING,
            Permission.VIEW_OUTBOX,
        }
    ),
    Scope.READ_REPLICATION: frozenset({Permission.VIEW_REPLICATION}),
    Scope.ACT_ON_REPLICATION: frozenset(
        {Permission.ACT_ON_CLUSTER, Permission.RUN_DRILLS, Permission.MANAGE_ALERTS}
    ),
    Scope.READ_AUDIT: frozenset({Permission.VIEW_AUDIT, Permission.REVIEW_BREAK_GLASS}),
    Scope.MANAGE_PEOPLE: frozenset(
        {
            Permission.MANAGE_USERS,
            Permission.MANAGE_TOKENS,
            Permission.END_SESSIONS,
        }
    ),
}


# The languages of the pages, by ISO 639-1; each actor may choose one.
LANGUAGES: Final = ("en", "de")
FAMILY_FIRST: Final = "family-given"
# How lists write a patient's name: "Ada Lovelace", or "Lovelace, Ada".
NAME_ORDERS: Final = ("given-family", FAMILY_FIRST)
COMPACT: Final = "compact"
LIST_DENSITIES: Final = ("comfortable", COMPACT)


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person or program; every service call takes one.

    `patient_id` is set for patients only and names their own record. `scopes` is set
    for programs whose token carries less than their role. `language`, `name_order` and
    `list_density` are what the person has chosen for their pages, if they have.
    """

    id: UUID
    name: str
    role: Role
    patient_id: UUID | None = None
    scopes: frozenset[Scope] | None = None
    language: str | None = None
    name_order: str | None = None
    list_density: str | None = None

    @property
    def database_identity(self) -> "DatabaseIdentity":
        """The identity under which the database works for this actor."""
        # The command line needs roles before it knows whether it needs a database.
        from db.postgres import DatabaseIdentity  # noqa: PLC0415

        return DatabaseIdentity(self.role.value, self.id, self.patient_id)

    def may(self, permission: Permission) -> bool:
        """Return whether both the role and the token carry the permission."""
        return permission in PERMISSIONS[self.role] and self._reaches(permission)

    def require(self, permission: Permission, patient_id: UUID | None = None) -> None:
        """Raise NotAllowed, or InsufficientScope for a token, unless the actor may.

        The error names the patient to the audit log.
        """
        if permission not in PERMISSIONS[self.role]:
            raise NotAllowed(_refusal(permission, self.role), patient_id=patient_id)
        if not self._reaches(permission):
            needed = _scope_with(permission)
            raise InsufficientScope(
                _scope_refusal(permission, needed), needed=needed, patient_id=patient_id
            )

    def require_own_record(self) -> UUID:
        """Return the id of the actor's own record. Raises NotFound if there is none."""
        if self.patient_id is None:
            raise NotFound(
                "Your sign-in is not linked to a patient record. Ask at the front desk."
            )
        return self.patient_id

    def _reaches(self, permission: Permission) -> bool:
        if self.scopes is None:
            return True
        return any(permission in SCOPES[scope] for scope in self.scopes)


def _refusal(permission: Permission, role: Role) -> Sentence:
    values = {"permission": Sentence(permission), "role": Sentence(role)}
    if role is Role.ADMIN:
        # They are the ones whom others ask, and no administrator can allow them this.
        return Sentence(
            "You may not {permission}: your role is {role}. Ask a colleague whose work "
            "it is.",
            **values,
        )
    if role is Role.PATIENT:
        return Sentence(
            "You may not {permission}: this is for the clinic's staff. If you need "
            "something from here, ask at the front desk.",
            permission=values["permission"],
        )
    return Sentence(
        "You may not {permission}: your role is {role}. Ask an administrator if your "
        "work needs it.",
        **values,
    )


def _scope_refusal(permission: Permission, needed: Scope | None) -> Sentence:
    if needed is None:
        return Sentence(
            "You may not {permission}: this token is limited to scopes, and no scope "
            "includes this.",
            permission=Sentence(permission),
        )
    return Sentence(
        "You may not {permission}: this token was made for less. Ask an administrator "
        "for one with the scope {scope}.",
        permission=Sentence(permission),
        scope=needed.value,
    )


def _scope_with(permission: Permission) -> Scope | None:
    """Return the scope that carries a permission, if one does."""
    return next((each for each in Scope if permission in SCOPES[each]), None)


# Actors without a sign-in, as the audit log names them. Each has a number of its own,
# which never changes because the log keeps it.
_OWN_ID: Final = "0198c0de-1427-7000-8000-{:012x}"


def _own(number: int, name: str, role: Role) -> Actor:
    return Actor(UUID(_OWN_ID.format(number)), name, role)


# Somebody who works on the server itself: their account on the machine proves who they
# are.
CONSOLE: Final = _own(2, "console", Role.ADMIN)
SYNTHEA_IMPORTER: Final = _own(1, "import-synthea", Role.ADMIN)
FHIR_IMPORTER: Final = _own(8, "import-fhir", Role.ADMIN)
AT_THE_SERVER: Final = frozenset({CONSOLE.id, SYNTHEA_IMPORTER.id, FHIR_IMPORTER.id})

# Actors for what the rules require and no particular person does.
KEEPER: Final = _own(3, "keeper", Role.ADMIN)
BOOKER: Final = _own(4, "waiting list", Role.ADMIN)
PROVER: Final = _own(5, "proof of booking", Role.STAFF)
CHARTROOM: Final = frozenset({KEEPER.id, BOOKER.id, PROVER.id})

# Actors that read doctors, their times and figures: for all caches, and for people who
# have not signed in. An analyst sees no patient and no internal data of a doctor, and
# the database enforces that: nothing is returned or cached that is not public.
CACHE: Final = _own(6, "cache", Role.ANALYST)
PUBLIC: Final = _own(7, "public booking", Role.ANALYST)
