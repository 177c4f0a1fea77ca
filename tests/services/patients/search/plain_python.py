"""The same criteria, answered slowly and obviously."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from services.lists.criteria import (
    Combine,
    Criteria,
    Direction,
    Filter,
    Group,
    Operator,
)
from services.patients.records.model import PatientRecord

Fold = Callable[[str], str]

_COMPARISONS: dict[Operator, Callable[[object, object], bool]] = {
    Operator.EQUAL: lambda a, b: a == b,
    Operator.NOT_EQUAL: lambda a, b: a != b,
    Operator.LESS_THAN: lambda a, b: a < b,
    Operator.LESS_THAN_OR_EQUAL: lambda a, b: a <= b,
    Operator.GREATER_THAN: lambda a, b: a > b,
    Operator.GREATER_THAN_OR_EQUAL: lambda a, b: a >= b,
    Operator.CONTAINS: lambda a, b: b in a,
    Operator.STARTS_WITH: lambda a, b: a.startswith(b),
}
_LISTS = {"allergies", "medical_history", "current_medications"}
# Nobody in town has had a visit or has one booked.
_OF_VISITS = {"last_visit", "next_visit", "doctor", "diagnosis"}
_TIMESTAMPS = {"created_at", "updated_at"}


def _spellings(word: str) -> set[str]:
    """Return a word also with its umlaut spelt out, or without the e of one."""
    spelt_out = {word.lower().replace("ü", "ue"), word.lower().replace("ö", "oe")}
    without = {word.replace("ue", "u")} if len(word) > 4 else set()
    return {word, *spelt_out, *without}


class PlainPython:
    """Applies criteria by looking at every patient."""

    def __init__(
        self, everybody: Sequence[PatientRecord], fold: Fold, now: datetime
    ) -> None:
        self._everybody = everybody
        self._fold = fold
        self._now = now

    def ids(self, criteria: Criteria) -> list[object]:
        """Return the ids of the patients who meet the criteria, in order."""
        matching = [
            patient
            for patient in self._everybody
            if patient.is_archived == criteria.archived
            and self._meets_group(patient, criteria.where)
            and self._is_named(patient, criteria.search)
        ]
        for key, is_descending in reversed(self._keys(criteria)):
            matching.sort(key=key, reverse=is_descending)
        return [patient.id for patient in matching]

    def _meets_group(self, patient: PatientRecord, group: Group) -> bool:
        asking = [m for m in group.members if isinstance(m, Filter) or any(m.filters())]
        answers = [
            self._meets(patient, member)
            if isinstance(member, Filter)
            else self._meets_group(patient, member)
            for member in asking
        ]
        is_all = group.combine is Combine.AND or not answers
        return all(answers) if is_all else any(answers)

    def _meets(  # noqa: PLR0911 - a table
        self, patient: PatientRecord, filter_: Filter
    ) -> bool:
        if filter_.field in _OF_VISITS:
            return filter_.operator is Operator.NOT_EQUAL or (
                filter_.operator is Operator.IS_EMPTY
                and str(filter_.value).lower() == "true"
            )
        if filter_.operator is Operator.IS_EMPTY:
            wants_empty = str(filter_.value).lower() == "true"
            return (not getattr(patient, filter_.field)) == wants_empty
        if filter_.operator is Operator.IN:
            equal = (Filter(filter_.field, Operator.EQUAL, v) for v in filter_.value)
            return any(self._meets(patient, choice) for choice in equal)
        if filter_.operator is Operator.BETWEEN:
            lowest, highest = filter_.value
            at_least = Filter(filter_.field, Operator.GREATER_THAN_OR_EQUAL, lowest)
            at_most = Filter(filter_.field, Operator.LESS_THAN_OR_EQUAL, highest)
            return self._meets(patient, at_least) and self._meets(patient, at_most)
        if filter_.operator is Operator.IN_THE_LAST:
            return self._is_recent(getattr(patient, filter_.field), filter_.value)
        typed = str(filter_.value).strip()
        if filter_.field in _LISTS:
            return self._lists(getattr(patient, filter_.field), filter_.operator, typed)
        if filter_.field in _TIMESTAMPS:
            return self._is_when(
                getattr(patient, filter_.field), filter_.operator, typed
            )
        if filter_.field == "shared_email":
            return self._shares_email(patient) == (typed.lower() == "true")
        ours, theirs = self._comparable(patient, filter_.field, typed)
        if ours is None:
            return filter_.operator is Operator.NOT_EQUAL
        return _COMPARISONS[filter_.operator](ours, theirs)

    def _shares_email(self, patient: PatientRecord) -> bool:
        return patient.email is not None and any(
            (other.email or "").lower() == patient.email.lower()
            for other in self._everybody
            if other.id != patient.id and not other.is_archived
        )

    def _comparable(  # noqa: PLR0911 - a table
        self, patient: PatientRecord, field: str, typed: str
    ) -> tuple[object, object]:
        if field in {"age", "birth_year"}:
            age, year = patient.age(self._now.date()), patient.date_of_birth.year
            return (age if field == "age" else year), int(typed)
        if field == "medication_count":
            return len(patient.current_medications), int(typed)
        ours = getattr(patient, field)
        match field:
            case "date_of_birth" | "deceased_on" if len(typed) == len("1980"):
                return ours and ours.year, int(typed)
            case "date_of_birth" | "deceased_on":
                return ours, date.fromisoformat(typed)
            case "no_known_allergies" | "sex" | "id":
                return str(ours).lower(), typed.lower()
            case "phone_number":
                return ours and ours.strip("+"), re.sub("[^0-9]", "", typed)
            case "email":
                return ours and ours.lower(), typed.lower()
            case _:
                return ours and self._fold(ours), self._fold(typed)

    def _lists(self, items: Sequence[str], operator: Operator, typed: str) -> bool:
        sought = self._fold(typed)
        folded = [self._fold(item) for item in items]
        if operator is Operator.CONTAINS:
            return any(sought in item for item in folded)
        if "THAN" in operator:
            return _COMPARISONS[operator](", ".join(folded), sought)
        start = r"(?<!\w)" if re.match(r"\w", sought) else ""
        end = r"(?!\w)" if re.search(r"\w$", sought) else ""
        has = any(re.search(start + re.escape(sought) + end, item) for item in folded)
        return has == (operator in {Operator.HAS, Operator.EQUAL})

    def _is_when(self, timestamp: datetime, operator: Operator, typed: str) -> bool:
        if len(typed) == len("1980"):
            year = timestamp.astimezone(self._now.tzinfo).year
            return _COMPARISONS[operator](year, int(typed))
        day = datetime.combine(date.fromisoformat(typed), time.min, self._now.tzinfo)
        next_day = datetime.combine(
            date.fromisoformat(typed) + timedelta(1), time.min, self._now.tzinfo
        )
        # -1, 0 or 1: before, during or after the day.
        position = (timestamp >= day) + (timestamp >= next_day) - 1
        return _COMPARISONS[operator](position, 0)

    def _is_recent(self, ours: date | datetime | None, typed: str) -> bool:
        """Return whether it was in the last days or weeks, today included."""
        if ours is None:
            return False
        count, unit = typed.split()
        if isinstance(ours, datetime):
            ours = ours.astimezone(self._now.tzinfo).date()
        ago = (self._now.date() - ours).days
        return 0 <= ago < int(count) * {"days": 1, "weeks": 7}[unit]

    def _is_named(self, patient: PatientRecord, search: str) -> bool:
        name = self._fold(f"{patient.first_name} {patient.last_name}")
        return all(
            any(
                re.search(rf"(^|[ '.(-]){re.escape(self._fold(spelt))}", name)
                for spelt in _spellings(word)
            )
            for word in search.split()
        )

    def _keys(self, criteria: Criteria):
        orders = [(o.field, o.direction is Direction.DESC) for o in criteria.orders]
        orders = orders or [("last_name", False), ("first_name", False)]
        names = {"last_name": "first_name", "first_name": "last_name"}
        other = names.get(orders[-1][0])
        if other and other not in dict(orders):
            orders.append((other, orders[-1][1]))
        keys = [(self._key(field), turned) for field, turned in orders]
        # Older people were born earlier: `id` is sorted in the direction of the date of
        # birth.
        last_field, is_descending = orders[-1]
        is_turned = is_descending != (last_field == "age")
        return [*keys, (lambda patient: patient.id, is_turned)]

    def _key(self, field: str) -> Callable[[PatientRecord], object]:  # noqa: PLR0911
        if field == "birth_year":
            return lambda patient: patient.date_of_birth.year
        if field == "age":
            return lambda patient: -patient.date_of_birth.toordinal()
        if field == "phone_number":
            return lambda p: _last(p.phone_number and p.phone_number.strip("+"))
        if field == "email":
            return lambda p: _last(p.email and p.email.lower())
        if field in {"address", "emergency_contact"}:
            return lambda p: _last(getattr(p, field) and self._fold(getattr(p, field)))
        if field in {"first_name", "last_name", *_LISTS}:
            return lambda patient: self._fold(_text(getattr(patient, field)))
        return lambda patient: getattr(patient, field)


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _last(value: str | None) -> tuple[bool, str]:
    return value is None, value or ""
