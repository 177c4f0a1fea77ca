"""The one cast of all tests: named people, and the makers of their rows and actors.

Actors, and the rows of accounts, patients and doctors, are made only here. A test takes
somebody of the cast, and passes what differs for its purpose to these makers.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.models.care import CareRelationship
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.models.user import User
from services.core.actors import Actor, Role, Scope
from services.patients.records.model import Identity, PatientDraft, PatientRecord, Sex
from services.people import accounts
from services.people.accounts import demo_accounts
from services.visits.schedule.doctors import DoctorDraft


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the cast who signs in."""

    name: str
    role: Role
    email: str


CLEO: Final = Member("Cleo Clerk", Role.STAFF, "cleo@example.org")
DORA: Final = Member("Dora Physick", Role.CLINICIAN, "dora@example.org")
EMIL: Final = Member("Emil Physick", Role.CLINICIAN, "emil@example.org")
ANA: Final = Member("Ana Analyst", Role.ANALYST, "ana@example.org")
ADAM: Final = Member("Adam Admin", Role.ADMIN, "adam@example.org")
# The people of the demo under the product's names; they are colleagues of those above.
DEMO: Final = {
    part.role: Member(part.name, part.role, part.email) for part in demo_accounts.CAST
}
ROSA: Final = DEMO[Role.STAFF]
AMARA: Final = DEMO[Role.CLINICIAN]
JONAS: Final = DEMO[Role.ANALYST]
INES: Final = DEMO[Role.ADMIN]
MAYA: Final = DEMO[Role.PATIENT]

ADA: Final = PatientDraft(
    first_name="Ada",
    last_name="Lovelace",
    date_of_birth=date(1980, 5, 17),
    sex=Sex.FEMALE,
    email="ada@example.org",
    phone_number="+441632960983",
    address="12 St James's Square",
    emergency_contact="William King",
    allergies=("Penicillin V",),
    medical_history=("Measles",),
    current_medications=("Ibuprofen 200 mg",),
)
GRACE: Final = replace(
    ADA,
    first_name="Grace",
    last_name="Hopper",
    date_of_birth=date(1976, 12, 9),
    email="grace@example.org",
    phone_number="+441632960001",
)

# What patients see of a doctor. Dora and Emil sign in under names other than these, so
# that a test notices which of the two is shown.
DOCTOR_DORA: Final = DoctorDraft(name="Dora Doctor", speciality="Cardiology", room="12")
DOCTOR_EMIL: Final = DoctorDraft(name="Emil Eager", speciality="Cardiology", room="12")


def ada(**changes: Any) -> PatientDraft:
    """Return Ada's fields, some of them changed."""
    return replace(ADA, **changes)


def _invent_name() -> str:
    """Return a unique name of consonants, in which no search finds a word.

    With digits, some names would read as dates.
    """
    return uuid4().hex.translate(str.maketrans("0123456789abcdef", "bcdfghjkmpqrstvx"))


def invent_member(role: Role) -> Member:
    """Return somebody of this role under a unique name."""
    name = _invent_name()[:12]
    return Member(f"Pat {name}", role, f"{name}@example.org")


def invent_patient(**fields: Any) -> PatientDraft:
    """Return a patient under a unique name, with these fields."""
    name = _invent_name()
    draft = PatientDraft(
        first_name=f"Ada {name[:8]}",
        last_name=f"Test {name[8:16]}",
        date_of_birth=ADA.date_of_birth,
        email=f"{name}@example.org",
    )
    return replace(draft, **fields)


def act_as(member: Member, id_: UUID | None = None, **values: Any) -> Actor:
    """Return the member as an actor, by default one unknown to any database."""
    return Actor(id_ or uuid4(), member.name, member.role, **values)


def act_as_somebody(role: Role, patient_id: UUID | None = None) -> Actor:
    """Return an actor of this role whom no database knows; a patient has a record."""
    own = (patient_id or uuid4()) if role is Role.PATIENT else None
    return act_as(invent_member(role), patient_id=own)


def act_as_program(role: Role, *scopes: Scope) -> Actor:
    """Return a program as an actor; scopes, if given, limit its token to them."""
    return Actor(uuid4(), "nightly", role, scopes=frozenset(scopes) or None)


def act_as_patient(patient: PatientRecord | Identity | Patient) -> Actor:
    """Return the patient as an actor."""
    name = f"{patient.first_name} {patient.last_name}"
    return Actor(uuid4(), name, Role.PATIENT, patient.id)


def add_account(session: Session, who: Member | Role, **values: Any) -> User:
    """Add an account of the member, or of anybody of the role.

    A patient has a record, by default one made for this account.
    """
    member = invent_member(who) if isinstance(who, Role) else who
    if member.role is Role.PATIENT and "patient_id" not in values:
        values["patient_id"] = add_patient(session).id
    row = User(**asdict(member) | values)
    session.add(row)
    session.flush()
    return row


def add_actor(session: Session, who: Member | Role, **values: Any) -> Actor:
    """Add an account, and return its actor."""
    return accounts.actor_of(add_account(session, who, **values))


def add_patient_actor(session: Session, patient: PatientRecord | Patient) -> Actor:
    """Add an account for the patient, and return its actor."""
    own = Member(f"{patient.first_name} {patient.last_name}", Role.PATIENT, "")
    return add_actor(session, own, email=None, patient_id=patient.id)


def have_treated(session: Session, clinician: Actor, patient_id: UUID) -> None:
    """Have the clinician treat the patient, unrecorded."""
    care = {"patient_id": patient_id, "clinician_id": clinician.id}
    session.add(CareRelationship(**care, created_by=clinician.id))
    session.flush()


def make_record(draft: PatientDraft = ADA, **values: Any) -> PatientRecord:
    """Return a patient as services return one, whom no database knows."""
    written = datetime(2026, 1, 1, tzinfo=UTC)
    kept: dict[str, Any] = {
        "id": uuid4(),
        "record_number": "47TXZF",
        "photo_file_id": None,
        "version": 1,
        "created_at": written,
        "updated_at": written,
        "deleted_at": None,
        "merged_into_id": None,
    }
    return PatientRecord(**asdict(draft) | kept | values)


def get_demo(session: Session) -> dict[Role, Actor]:
    """Return the demo's people by role."""
    return {person.role: person for person in demo_accounts.demo_people(session)}


def add_demo(session: Session) -> dict[Role, Actor]:
    """Add the demo's accounts, and return their actors by role."""
    demo_accounts.ensure_demo_people(session)
    return get_demo(session)


def add_patient(session: Session, draft: PatientDraft = ADA, **values: Any) -> Patient:
    """Add a patient as a row, without the rules of registering."""
    row = make_patient(draft, **values)
    session.add(row)
    session.flush()
    return row


def make_patient(draft: PatientDraft = ADA, **values: Any) -> Patient:
    """Return a patient as a row that is not stored yet."""
    return Patient(**columns_of(draft) | values)


def identity_of(draft: PatientDraft) -> dict[str, Any]:
    """Return a patient's name and date of birth, the least that a row needs."""
    names = ("first_name", "last_name", "date_of_birth")
    return {name: getattr(draft, name) for name in names}


def body_of(draft: PatientDraft, *more: str) -> dict[str, Any]:
    """Return the identity and these further fields, as a program sends them."""
    columns = columns_of(draft) | {"date_of_birth": draft.date_of_birth.isoformat()}
    return {name: columns[name] for name in (*identity_of(draft), *more)}


def columns_of(draft: PatientDraft) -> dict[str, Any]:
    """Return the draft as the columns of a row."""
    columns = asdict(draft)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in columns.items()
    }


def add_doctor(
    session: Session, draft: DoctorDraft = DOCTOR_DORA, **values: Any
) -> Doctor:
    """Add a doctor as a row, without the rules of adding one."""
    row = Doctor(**asdict(draft) | values)
    session.add(row)
    session.flush()
    return row
