"""Search parameters of FHIR, read as filters of the clinic's own lists."""

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from api.fhir.definitions import SearchParameter, Wanted, uuid_of
from services.core.errors import InvalidInput
from services.lists.criteria import Combine, Filter, Group, Operator

_DATE: Final = re.compile(
    r"(?P<prefix>eq|gt|lt|ge|le)?"
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?P<time>T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_OPERATORS: Final = {
    "gt": Operator.GREATER_THAN,
    "lt": Operator.LESS_THAN,
    "ge": Operator.GREATER_THAN_OR_EQUAL,
    "le": Operator.LESS_THAN_OR_EQUAL,
}
# A filter that nothing meets: no row has this id.
NOTHING: Final = Filter("id", Operator.EQUAL, str(uuid_of("")))

Read = Callable[[str], Filter | Group]


def filtering(read: Read) -> Callable[[Wanted, Sequence[str]], Wanted]:
    """Return what lets one of the values hold that `read` makes filters of."""

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        any_of = Group(Combine.OR, tuple(map(read, values)))
        return narrowed_to(wanted, any_of)

    return narrow


def narrowed_to(wanted: Wanted, filter_: Filter | Group) -> Wanted:
    """Return what is wanted with one more thing that must hold."""
    members = (*wanted.criteria.where.members, filter_)
    where = Group(Combine.AND, members)
    return replace(wanted, criteria=replace(wanted.criteria, where=where))


def keeping(name: str) -> Callable[[Wanted, Sequence[str]], Wanted]:
    """Return what keeps the values for a search that is no list of criteria."""

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        if name in wanted.values:
            raise InvalidInput(name, f"{name} is given more than once.")
        return replace(wanted, values={**wanted.values, name: tuple(values)})

    return narrow


def starts_with(*fields: str) -> Read:
    """Return the reader of a text that one of these fields begins with."""

    def read(value: str) -> Filter | Group:
        begins = (Filter(field, Operator.STARTS_WITH, value) for field in fields)
        return Group(Combine.OR, tuple(begins))

    return read


def one_of(name: str, field: str, codes: Sequence[str], systems: Sequence[str]) -> Read:
    """Return the reader of a code, which may name its system."""

    def read(value: str) -> Filter:
        system, bar, code = value.rpartition("|")
        if bar and system not in systems:
            return NOTHING
        if code not in codes:
            raise InvalidInput(name, f"{name} is one of {', '.join(codes)}.")
        return Filter(field, Operator.EQUAL, code)

    return read


def is_id(value: str) -> Filter:
    """Return the filter of an id; what is none belongs to nothing."""
    return Filter("id", Operator.EQUAL, str(uuid_of(value)))


def reference_to(kind: str, value: str) -> str:
    """Return the id in a reference, as `Patient/id`, `id` or an address of ours."""
    type_, _, id_ = value.rpartition("/")
    return id_ if not type_ or type_.rpartition("/")[2] == kind else ""


def dated(name: str, field: str) -> Read:
    """Return the reader of a day, month or year, with the prefixes of FHIR."""

    def read(value: str) -> Filter:
        prefix, first, last, time = read_date(name, value)
        if time is not None:
            raise InvalidInput(name, f"{name} takes days, without a time.")
        return _compare(field, prefix, first.isoformat(), last.isoformat())

    return read


def timed(name: str, field: str) -> Read:
    """Return the reader of a moment, day, month or year, with the prefixes of FHIR."""

    def read(value: str) -> Filter:
        prefix, first, last, time = read_date(name, value)
        if time is None:
            return _compare(field, prefix, first.isoformat(), last.isoformat())
        end = time if "." in value else time + timedelta(seconds=1, microseconds=-1)
        return _compare(field, prefix, time.isoformat(), end.isoformat())

    return read


def _compare(field: str, prefix: str, first: str, last: str) -> Filter:
    if prefix in _OPERATORS:
        value = first if prefix in {"lt", "ge"} else last
        return Filter(field, _OPERATORS[prefix], value)
    if first == last:
        return Filter(field, Operator.EQUAL, first)
    return Filter(field, Operator.BETWEEN, (first, last))


def read_date(name: str, value: str) -> tuple[str, date, date, datetime | None]:
    """Return the prefix, the first and the last day that is meant, and a moment.

    Raises InvalidInput.
    """
    match = _DATE.fullmatch(value)
    if match is None:
        raise _unreadable(name)
    year, month, day = (int(match[part] or 0) for part in ("year", "month", "day"))
    try:
        _, longest = calendar.monthrange(year, month or 12)
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or longest)
        text = value.removeprefix(match["prefix"] or "")
        time = datetime.fromisoformat(text) if match["time"] else None
    except ValueError as error:
        raise _unreadable(name) from error
    return match["prefix"] or "eq", first, last, time


def _unreadable(name: str) -> InvalidInput:
    return InvalidInput(
        name,
        f"{name} takes dates such as 1980, 1980-05 and 1980-05-17, moments such as "
        "2026-11-23T10:00:00Z, and before them eq, gt, lt, ge or le.",
    )


ID: Final = SearchParameter("_id", "token", "The logical id.", filtering(is_id))


def last_updated(field: str = "updated_at") -> SearchParameter:
    """Return the parameter that finds what changed since then, or before."""
    read = timed("_lastUpdated", field)
    return SearchParameter(
        "_lastUpdated", "date", "When it was changed last.", filtering(read)
    )
