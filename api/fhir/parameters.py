"""Search parameters of FHIR, read as filters of the clinic's own lists."""

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from api.fhir.definitions import SearchParameter, Wanted, uuid_of
from services.core.errors import InvalidInput
from services.lists.criteria import Combine, Filter, Group, Operator

_DATE: Final = re.compile(
    r"(?P<prefix>eq|gt|lt|ge|le)?"
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?P<time>T[0-9]{2}:[0-9]{2}(?P<second>:[0-9]{2}(?P<part>\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_AN_INSTANT: Final = timedelta(microseconds=1)
# Close to either end of the calendar no zone has a midnight that can be compared.
_YEARS: Final = range(1900, 2200)
_OPERATORS: Final = {
    "gt": Operator.GREATER_THAN,
    "lt": Operator.LESS_THAN,
    "ge": Operator.GREATER_THAN_OR_EQUAL,
    "le": Operator.LESS_THAN_OR_EQUAL,
}
# A filter that nothing meets: no row has this id.
NOTHING: Final = Filter("id", Operator.EQUAL, str(uuid_of("")))
# Of what is looked up one by one: each is a record that is read, and written down.
MOST_VALUES: Final = 100

Read = Callable[[str], Filter | Group]


@dataclass(frozen=True, slots=True)
class SearchDate:
    """A date of a search: its prefix, and the first and the last day that it means.

    Of those days it may mean a `timestamp`, which lasts a minute or a second if it was
    told to that. Without a zone it is by the clinic's clock.
    """

    prefix: str
    first: date
    last: date
    timestamp: datetime | None
    lasts: timedelta


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
        if len(values) > MOST_VALUES:
            raise InvalidInput(name, f"{name} takes at most {MOST_VALUES} values.")
        if name in wanted.values:
            raise InvalidInput(name, f"{name} is given more than once.")
        return replace(wanted, values={**wanted.values, name: tuple(values)})

    return narrow


def keeping_codes(
    name: str, codes: Sequence[str]
) -> Callable[[Wanted, Sequence[str]], Wanted]:
    """Return what keeps codes, perhaps with their system, if all are among these."""
    keep = keeping(name)

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        if any(value.rpartition("|")[2] not in codes for value in values):
            raise InvalidInput(name, f"{name} is one of {', '.join(codes)}.")
        return keep(wanted, values)

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
        wanted = read_date(name, value)
        if wanted.timestamp is not None:
            raise InvalidInput(name, f"{name} takes days, without a time.")
        return _compare_days(field, wanted)

    return read


def timed(name: str, field: str) -> Read:
    """Return the reader of a moment, day, month or year, with the prefixes of FHIR."""

    def read(value: str) -> Filter:
        wanted = read_date(name, value)
        timestamp = wanted.timestamp
        if timestamp is None:
            return _compare_days(field, wanted)
        end = timestamp + (wanted.lasts - _AN_INSTANT)
        return _compare(field, wanted.prefix, timestamp.isoformat(), end.isoformat())

    return read


def _compare_days(field: str, wanted: SearchDate) -> Filter:
    first, last = wanted.first.isoformat(), wanted.last.isoformat()
    return _compare(field, wanted.prefix, first, last)


def _compare(field: str, prefix: str, first: str, last: str) -> Filter:
    if prefix in _OPERATORS:
        value = first if prefix in {"lt", "ge"} else last
        return Filter(field, _OPERATORS[prefix], value)
    if first == last:
        return Filter(field, Operator.EQUAL, first)
    return Filter(field, Operator.BETWEEN, (first, last))


def timespan(name: str, value: str, zone: tzinfo) -> tuple[str, datetime, datetime]:
    """Return the prefix of a date, when what it means begins, and when that is over.

    Days are those of the zone. Raises InvalidInput.
    """
    wanted = read_date(name, value)
    if wanted.first.year not in _YEARS:
        raise InvalidInput(name, f"{name} takes years from 1900 to 2199.")
    if wanted.timestamp is not None:
        timestamp = wanted.timestamp
        begin = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=zone)
        return wanted.prefix, begin, begin + wanted.lasts
    over = wanted.last + timedelta(days=1)
    begin, end = (datetime.combine(day, time.min, zone) for day in (wanted.first, over))
    return wanted.prefix, begin, end


def stretch(
    name: str, values: Sequence[str], zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """Return from when on, and until when, all of these dates hold.

    Raises InvalidInput.
    """
    since: list[datetime] = []
    until: list[datetime] = []
    for value in values:
        prefix, begin, end = timespan(name, value, zone)
        if prefix in {"eq", "ge"}:
            since.append(begin)
        if prefix == "gt":
            since.append(end)
        if prefix in {"eq", "le"}:
            until.append(end)
        if prefix == "lt":
            until.append(begin)
    return max(since, default=None), min(until, default=None)


def keeping_dates(name: str) -> Callable[[Wanted, Sequence[str]], Wanted]:
    """Return what keeps dates; given twice, for a from and a to, both have to hold."""

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        if len(values) > 1:
            raise InvalidInput(name, f"Of {name} one value has to hold at a time.")
        read_date(name, values[0])
        before = wanted.values.get(name, ())
        return replace(wanted, values={**wanted.values, name: (*before, *values)})

    return narrow


def within(
    name: str, values: Sequence[str], zone: tzinfo
) -> Callable[[datetime | None], bool]:
    """Return what tells whether all of these dates hold of a moment that is known.

    Without any they hold of all. Raises InvalidInput.
    """
    since, until = stretch(name, values, zone)

    def holds(at: datetime | None) -> bool:
        if at is None:
            return not values
        return (since is None or since <= at) and (until is None or at < until)

    return holds


def find_day(name: str, value: str) -> date | None:
    """Return the day that a date means; None if it means another time than one day."""
    try:
        wanted = read_date(name, value)
    except InvalidInput:
        return None
    is_day = wanted.prefix == "eq" and wanted.timestamp is None
    is_one = wanted.first == wanted.last and wanted.first.year in _YEARS
    return wanted.first if is_day and is_one else None


def read_date(name: str, value: str) -> SearchDate:
    """Return the date that a value of a search is; raises InvalidInput."""
    match = _DATE.fullmatch(value)
    if match is None:
        raise _unreadable(name)
    year, month, day = (int(match[part] or 0) for part in ("year", "month", "day"))
    try:
        _, longest = calendar.monthrange(year, month or 12)
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or longest)
        text = value.removeprefix(match["prefix"] or "")
        timestamp = datetime.fromisoformat(text) if match["time"] else None
    except ValueError as error:
        raise _unreadable(name) from error
    return SearchDate(match["prefix"] or "eq", first, last, timestamp, _lasts(match))


def _lasts(match: re.Match[str]) -> timedelta:
    # To the part of a second it is taken at its word: clients that keep in step cut off
    # digits, and would not be told what else changed in that part.
    if match["part"]:
        return _AN_INSTANT
    return timedelta(seconds=1) if match["second"] else timedelta(minutes=1)


def _unreadable(name: str) -> InvalidInput:
    return InvalidInput(
        name,
        f"{name} takes dates such as 1980, 1980-05 and 1980-05-17, moments such as "
        "2026-11-23T10:00:00Z, and before them eq, gt, lt, ge or le.",
    )


_LAST_UPDATED: Final = "_lastUpdated"

ID: Final = SearchParameter("_id", "token", "The logical id.", filtering(is_id))


def last_updated(field: str = "updated_at") -> SearchParameter:
    """Return the parameter that finds what changed since then, or before."""
    return _last_updated(filtering(timed(_LAST_UPDATED, field)))


def updated_within(wanted: Wanted, zone: tzinfo) -> Callable[[datetime | None], bool]:
    """Return what tells whether something changed as LAST_UPDATED asks.

    Raises InvalidInput.
    """
    return within(_LAST_UPDATED, wanted.values.get(_LAST_UPDATED, ()), zone)


def _last_updated(
    narrow: Callable[[Wanted, Sequence[str]], Wanted],
) -> SearchParameter:
    return SearchParameter(_LAST_UPDATED, "date", "When it was changed last.", narrow)


# Of what is no list of criteria.
LAST_UPDATED: Final = _last_updated(keeping_dates(_LAST_UPDATED))
