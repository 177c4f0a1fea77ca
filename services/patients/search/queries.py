"""Lists of patients as SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    any_,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from db.models.booking import Appointment
from db.models.consultation import MedicalRecord
from db.models.doctor import Doctor
from db.models.patient import Patient
from services.lists.criteria import Criteria, Direction, Kind, Order
from services.lists.criteria.paging import Key, ending_in_id, order_by
from services.lists.criteria.shape import Branch
from services.lists.criteria.sql import RowTarget, Target, condition
from services.lists.queries import ListQuery, ListShape
from services.lists.statements import MOST
from services.patients.records.model import LISTS
from services.patients.search import parsing
from services.patients.search.fields import FIELDS
from services.patients.search.parsing import PatientSearch, SearchShape
from services.patients.search.visibility import (
    Listed,
    ListedRows,
    PatientVisibility,
)

assert isinstance(Patient.__table__, Table)  # noqa: S101 - for the type checker
PATIENTS: Final[Table] = Patient.__table__

_OTHERS: Final = PATIENTS.alias("others")
_SHARES_EMAIL: Final = (
    exists()
    .where(
        _OTHERS.c.email_key == PATIENTS.c.email_key,
        _OTHERS.c.id != PATIENTS.c.id,
        _OTHERS.c.deleted_at.is_(None),
    )
    .correlate(PATIENTS)
)

_VISITS: Final = Appointment.__table__


def _visits(status: str) -> ColumnElement[bool]:
    """Return the condition for a patient's visits with a status."""
    return and_(
        _VISITS.c.patient_id == PATIENTS.c.id,
        _VISITS.c.status == literal_column(f"'{status}'", Text),
    )


_LAST_VISIT: Final = (
    select(func.max(_VISITS.c.starts_at))
    .where(_visits("completed"))
    .correlate(PATIENTS)
    .scalar_subquery()
)
_NEXT_VISIT: Final = (
    select(func.min(_VISITS.c.starts_at))
    .where(_visits("scheduled"), _VISITS.c.starts_at > func.now())
    .correlate(PATIENTS)
    .scalar_subquery()
)


def _was_seen_by(is_doctor: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a patient was seen by a doctor who meets a condition."""
    return (
        exists()
        .where(_visits("completed"), _VISITS.c.doctor_id == Doctor.id, is_doctor)
        .correlate(PATIENTS)
    )


_RECORDS: Final = MedicalRecord.__table__
# A row for each code and for each text; the code's system is not a diagnosis.
_DIAGNOSES: Final = func.jsonb_path_query(
    _RECORDS.c.content,
    literal_column(
        "'$.diagnoses[*].keyvalue() "
        """? (@.key == "code" || @.key == "text").value'"""
    ),
    type_=JSONB,
).column_valued("diagnosis", joins_implicitly=True)
_DIAGNOSIS: Final = _DIAGNOSES.op("#>>")(literal_column("'{}'"))


def _was_diagnosed_with(is_diagnosis: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether the notes of a visit have a diagnosis that meets a condition.

    The database shows clinicians only the notes of the patients whom they treat, so the
    result differs between them. All those notes are searched at once: patient by
    patient, the list of whom the clinician treats would be sorted each time.
    """
    diagnosed = (
        select(_RECORDS.c.patient_id)
        .where(literal_column("''") != _DIAGNOSIS, is_diagnosis)
        .correlate(None)
    )
    return PATIENTS.c.id == any_(func.array(diagnosed.scalar_subquery()))


_OWN_TARGETS: Final[Mapping[str, Target | RowTarget]] = MappingProxyType(
    {
        "last_name": Target(PATIENTS.c.last_name_key, PATIENTS.c.name_key),
        "first_name": Target(PATIENTS.c.first_name_key, PATIENTS.c.name_key),
        "date_of_birth": Target(PATIENTS.c.date_of_birth),
        "age": Target(PATIENTS.c.date_of_birth),
        "birth_year": Target(PATIENTS.c.birth_year),
        "sex": Target(PATIENTS.c.sex),
        "allergies": Target(PATIENTS.c.allergies),
        "no_known_allergies": Target(PATIENTS.c.no_known_allergies),
        "medical_history": Target(PATIENTS.c.medical_history),
        "current_medications": Target(PATIENTS.c.current_medications),
        "medication_count": Target(func.cardinality(PATIENTS.c.current_medications)),
        "email": Target(PATIENTS.c.email_key),
        "shared_email": Target(_SHARES_EMAIL),
        "phone_number": Target(PATIENTS.c.phone_key),
        "deceased_on": Target(PATIENTS.c.deceased_on),
        "created_at": Target(PATIENTS.c.created_at),
        "updated_at": Target(PATIENTS.c.updated_at),
        "last_visit": Target(_LAST_VISIT),
        "next_visit": Target(_NEXT_VISIT),
        "doctor": RowTarget(
            {Kind.TEXT: Target.folded(Doctor.name.expression).column}, _was_seen_by
        ),
        "diagnosis": RowTarget(
            {Kind.TEXT: Target.folded(_DIAGNOSIS).column}, _was_diagnosed_with
        ),
        "id": Target(PATIENTS.c.id),
    }
)

# Texts of the record without a folded column: they are folded for each comparison.
_TEXTS: Final = tuple(
    field.name
    for field in FIELDS.values()
    if field.kind is Kind.TEXT and field.name not in _OWN_TARGETS
)
_TARGETS: Final[Mapping[str, Target | RowTarget]] = MappingProxyType(
    {**_OWN_TARGETS, **{name: Target.folded(PATIENTS.c[name]) for name in _TEXTS}}
)

_SORTED_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "last_name": "last_name_key",
        "first_name": "first_name_key",
        "email": "email_key",
        "phone_number": "phone_key",
        "age": "date_of_birth",
    }
)

# No column holds these folded; a list that is sorted by them is sorted as a whole.
_FOLDED: Final = frozenset({*_TEXTS, *LISTS})

_OTHER_NAME: Final[Mapping[str, str]] = MappingProxyType(
    {"last_name": "first_name", "first_name": "last_name"}
)

PatientListQuery = ListQuery[PatientVisibility, PatientSearch]


@dataclass(frozen=True, slots=True)
class PatientListShape(ListShape[PatientVisibility, SearchShape]):
    """Everything about a list's SQL except the values."""

    @property
    def table(self) -> Table:
        """The table that the list is read from."""
        return PATIENTS

    @property
    def is_planned_once(self) -> bool:
        """Whether a page's only parameters are those of where it begins."""
        return not self.where.members and self.search == SearchShape()

    def membership(self) -> ColumnElement[bool]:
        """Return the condition for the patients on the list."""
        deleted_at = PATIENTS.c.deleted_at
        archived = and_(deleted_at.is_not(None), PATIENTS.c.erased_at.is_(None))
        return and_(
            archived if self.archived else deleted_at.is_(None),
            condition(self.where, _TARGETS),
            parsing.condition(self.search),
        )

    def page(
        self,
        keys: Sequence[Key],
        *where: ColumnElement[bool],
        offset: BindParameter[int] | None = None,
        also: Sequence[ColumnElement[Any]] = (),
    ) -> Select[Any]:
        """Select the first MOST rows by the keys that also meet `where`."""
        rows = select(*self._rows.columns, *also).where(self.membership(), *where)
        return rows.order_by(*order_by(PATIENTS, keys)).limit(MOST).offset(offset)

    @property
    def record_of(self) -> Callable[[Sequence[Any]], Listed]:
        """What turns a row of the page into the patient that is shown."""
        return self._rows.patient_of

    @property
    def _rows(self) -> ListedRows:
        return self.scope.archived if self.archived else self.scope.in_use


def shape_of(
    criteria: Criteria, scope: PatientVisibility, where: Branch, search: PatientSearch
) -> PatientListShape:
    """Return the shape of a list; the visibility decides the default order."""
    keys = _keys(criteria.orders or scope.orders)
    return PatientListShape(scope, where, search.shape, criteria.archived, keys)


def _keys(orders: tuple[Order, ...]) -> tuple[Key, ...]:
    """Return the columns that a list is sorted by.

    If the last of them is one of the two names, the other one follows: people expect
    it, and the indexes have them in these orders.
    """
    last = orders[-1]
    other = _OTHER_NAME.get(last.field)
    if other and not any(order.field == other for order in orders):
        orders = (*orders, Order(other, last.direction))
    return ending_in_id(map(_key, orders))


def _key(order: Order) -> Key:
    column = PATIENTS.c[_SORTED_BY.get(order.field, order.field)]
    # The older somebody is, the earlier the day of birth.
    is_turned = order.field == "age"
    direction = order.direction.opposite if is_turned else order.direction
    return Key(
        column.name,
        Direction(direction),
        bool(column.nullable),
        order.field in _FOLDED,
    )
