"""The views that can be counted by SQL, with their columns and examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    Numeric,
    String,
    TableClause,
    Uuid,
    column,
    table,
)
from sqlalchemy.types import TypeEngine

from services.analytics.cohorts import Dimension
from services.analytics.figures import Quantity
from services.documents.records.kinds import DocumentType
from services.patients.records.model import Sex

SCHEMA: Final = "analytics"
PATIENT: Final = "patient_id"


class ColumnKind(StrEnum):
    """What a column can be compared with."""

    PATIENT = "patient"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    FLAG = "true or false"


_TYPES: Final[Mapping[ColumnKind, type[TypeEngine[Any]]]] = {
    ColumnKind.PATIENT: Uuid,
    ColumnKind.TEXT: String,
    ColumnKind.NUMBER: Numeric,
    ColumnKind.DAY: Date,
    ColumnKind.FLAG: Boolean,
}
_PERSON: Final = {PATIENT: ColumnKind.PATIENT, "sex": ColumnKind.TEXT}
_EVENT: Final = {
    **_PERSON,
    "term": ColumnKind.TEXT,
    "term_key": ColumnKind.TEXT,
    "system": ColumnKind.TEXT,
    "code": ColumnKind.TEXT,
    "occurred_on": ColumnKind.DAY,
    "month": ColumnKind.DAY,
    "quarter": ColumnKind.DAY,
    "age": ColumnKind.NUMBER,
    "age_band": ColumnKind.TEXT,
}
_ENDS: Final = {**_EVENT, "ended_on": ColumnKind.DAY}
_WHOLE: Final = frozenset({"age", "hour", "days_booked_ahead"})
# Columns of a view that rows can be grouped by as they are.
_GROUPS: Final[Mapping[str, Dimension]] = {
    "sex": Dimension.SEX,
    "age_band": Dimension.AGE_BAND,
    "month": Dimension.MONTH,
    "quarter": Dimension.QUARTER,
    "term": Dimension.WORDS,
    "code": Dimension.CODE,
    "status": Dimension.STATUS,
    "hour": Dimension.HOUR,
}
# Stored values: of a visit that is called in, the status is still checked-in.
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "sex": tuple(Sex),
    "status": ("scheduled", "checked-in", "completed", "cancelled", "no-show"),
}
_QUANTITIES: Final[Mapping[str, Quantity]] = {
    "age": Quantity.AGE,
    "value": Quantity.VALUE,
    "waiting_minutes": Quantity.WAITING,
    "days_booked_ahead": Quantity.BOOKED_AHEAD,
}


@dataclass(frozen=True, slots=True)
class QueryableView:
    """A view of the schema for analysts, and the kinds of its columns."""

    name: str
    columns: Mapping[str, ColumnKind]

    @property
    def has_events(self) -> bool:
        """Whether a row is an event; otherwise it is a patient."""
        return "occurred_on" in self.columns

    @property
    def table(self) -> TableClause:
        """The view as statements name it."""
        columns = (
            column(name, Integer if name in _WHOLE else _TYPES[kind])
            for name, kind in self.columns.items()
        )
        return table(self.name, *columns, schema=SCHEMA)

    def dimension_of(self, name: str) -> Dimension | None:
        """Return the dimension of rows grouped by a column; None if they cannot be."""
        if name not in self.columns:
            return None
        if name == "term" and "hour" in self.columns:
            return Dimension.SPECIALITY
        return _GROUPS.get(name)

    def values_of(self, name: str) -> tuple[str, ...]:
        """Return the only values that a column of text has; empty if it has any."""
        if name not in self.columns:
            return ()
        if name == "term" and self.name == "documents":
            return tuple(DocumentType)
        return _VALUES.get(name, ())

    def quantity_of(self, name: str) -> Quantity | None:
        """Return the quantity in a column, None where it has none."""
        return _QUANTITIES.get(name) if name in self.columns else None


VIEWS: Final[Mapping[str, QueryableView]] = {
    name: QueryableView(name, columns)
    for name, columns in {
        "patients": {**_PERSON, "birth_year": ColumnKind.NUMBER},
        "diagnoses": _ENDS,
        "medications": _ENDS,
        "allergies": _ENDS,
        "procedures": _EVENT,
        "vitals": {**_EVENT, "value": ColumnKind.NUMBER, "unit": ColumnKind.TEXT},
        "visits": {
            **_EVENT,
            "status": ColumnKind.TEXT,
            "is_no_show": ColumnKind.FLAG,
            "waiting_minutes": ColumnKind.NUMBER,
            "hour": ColumnKind.NUMBER,
            "days_booked_ahead": ColumnKind.NUMBER,
        },
        "prescriptions": _EVENT,
        "documents": _EVENT,
        "encounters": _EVENT,
        "registrations": {
            name: _EVENT[name]
            for name in (*_PERSON, "occurred_on", "month", "quarter", "age", "age_band")
        },
    }.items()
}
# A newcomer's first queries, which earlier answers must not refuse: their groups are
# large, or the same as those of figures, in which a visit is one that took place.
EXAMPLES: Final[Mapping[str, str]] = {
    "Visits of each month": """\
SELECT month, count(*) AS visits
FROM visits
WHERE status IN ('checked-in', 'completed')
GROUP BY month
ORDER BY month""",
    "Age at a diagnosis, by sex": """\
SELECT sex,
  count(DISTINCT patient_id) AS patients,
  avg(age) AS mean_age,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY age) AS median_age
FROM diagnoses
WHERE term ILIKE '%back pain%'
GROUP BY sex""",
    "Who came again within 90 days": """\
SELECT d.sex, count(DISTINCT d.patient_id) AS patients
FROM diagnoses d
WHERE d.term ILIKE '%back pain%'
  AND EXISTS (
    SELECT 1 FROM visits v
    WHERE v.patient_id = d.patient_id
      AND v.occurred_on > d.occurred_on
      AND v.occurred_on <= d.occurred_on + 90
  )
GROUP BY d.sex""",
    "Waiting time by speciality": """\
SELECT term AS speciality,
  count(DISTINCT patient_id) AS patients,
  avg(waiting_minutes) AS mean_minutes,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY waiting_minutes) AS median_minutes
FROM visits
GROUP BY term
ORDER BY mean_minutes DESC
LIMIT 10""",
}
