"""Search parameters of FHIR, read as filters of the clinic's own lists."""

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from api.fhir.definitions import SearchParameter, Wanted, uuid_of
from services.core.errors import InvalidInput
from services.lists.criteria import Combine, Filter, Group, Operator

_DATE: Final = re.compile(
    r"(?P<prefix>eq|gt|lt|ge|le)?"
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?P<time>T[0-9]{2}:[0-9]{2}(?P<second>:[0-9]{2}(?P<part>\.[0-9]{1,9})?)?"
    # In an address, a plus sign is decoded as a space.
    r"(?:Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?"
)
_AN_INSTANT: Final = timedelta(microseconds=1)
# Near either end of the calendar some zones have no midnight that can be compared.
_YEARS: Final = range(1900, 2200)
_OPERATORS: Final = {
    "gt": Operator.GREATER_THAN,
    "lt": Operator.LESS_THAN,
    "ge": Operator.GREATER_THAN_OR_EQUAL,
    "le": Operator.LESS_THAN_OR_EQUAL,
}
# A filter that nothing matches: no row has this id.
NOTHING: Final = Filter("id", Operator.EQUAL, str(uuid_of("")))
# For values looked up one by one: each is a record that is read, and recorded.
MOST_VALUES: Final = 100

Read = Callable[[str], Filter | Group]


@dataclass(frozen=True, slots=True)
class SearchDate:
    """A date of a search: its prefix, and the first and the last day that it covers.

    With a `timestamp` it means that time, for as long as it `lasts`: a minute or a
    second, as precisely as it was given. Without a zone it is by the clinic's clock.
    """

    prefix: str
    first: date
    last: date
    timestamp: datetime | None
    lasts: timedelta


def filtering(read: Read) -> Callable[[Wanted, Sequence[str]], Wanted]:
    """Return a `narrow` by which one of the filters that `read` makes has to match."""

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        any_of = Group(Combine.OR, tuple(map(read, values)))
        return narrowed_to(wanted, any_of)

    return narrow


def narrowed_to(wanted: Wanted, filter_: Filter | Group) -> Wanted:
    """Return the search with one more condition."""
    members = (*wanted.criteria.where.members, filter_)
    where = Group(Combine.AND, members)
    return replace(wanted, criteria=replace(wanted.criteria, where=where))


def keeping(name: str) -> Callable[[Wanted, Sequence[str]], Wanted]:
    """Return a `narrow` that keeps the values for a search without criteria."""

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        if len(values) > MOST_VALUES:
            raise InvalidInput(name, f"{name} takes at most {MOST_VALUES} values.")
        if name in wanted.values:
            raise InvalidInput(name, f"{name} is given more than once.")
        return replace(wanted, values={**wanted.values, name: tuple(values)})

    return narrow


def keeping_codes(
    name: str, codes: Sequence[str], system: str
) -> Callable[[Wanted, Sequence[str]], Wanted]:
    """Return a `narrow` that keeps codes of the system, if all of them are known.

    They are kept without the system; "" stands for those of any other one.
    """
    keep = keeping(name)

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        known = [code_within(system, value) for value in values]
        if any(code is not None and code not in codes for code in known):
            raise InvalidInput(name, f"{name} must be one of {', '.join(codes)}.")
        return keep(wanted, [code or "" for code in known])

    return narrow


def code_within(system: str, value: str) -> str | None:
    """Return the code of a token, `code` or `system|code`; None for other systems."""
    said, _, code = value.rpartition("|")
    return code if said in {"", system} else None


def starts_with(*fields: str) -> Read:
    """Return a reader of texts with which one of these fields has to begin."""

    def read(value: str) -> Filter | Group:
        begins = (Filter(field, Operator.STARTS_WITH, value) for field in fields)
        return Group(Combine.OR, tuple(begins))

    return read


def one_of(name: str, field: str, codes: Sequence[str], systems: Sequence[str]) -> Read:
    """Return a reader of codes, with or without one of these systems."""

    def read(value: str) -> Filter:
        system, bar, code = value.rpartition("|")
        if bar and system not in systems:
            return NOTHING
        if code not in codes:
            raise InvalidInput(name, f"{name} must be one of {', '.join(codes)}.")
        return Filter(field, Operator.EQUAL, code)

    return read


def is_id(value: str) -> Filter:
    """Return the filter of an id; a text that is not an id matches nothing."""
    return Filter("id", Operator.EQUAL, str(uuid_of(value)))


def reference_to(kind: str, value: str) -> str:
    """Return the id in a reference: `Patient/id`, `id` or an address of this server."""
    type_, _, id_ = value.rpartition("/")
    return id_ if not type_ or type_.rpartition("/")[2] == kind else ""


def dated(name: str, field: str) -> Read:
    """Return a reader of a day, month or year, with FHIR's prefixes."""

    def read(value: str) -> Filter:
        wanted = read_date(name, value)
        if wanted.timestamp is not None:
            raise InvalidInput(name, f"{name} takes a date without a time.")
        return _compare_days(field, wanted)

    return read


def timed(name: str, field: str) -> Read:
    """Return a reader of a time, day, month or year, with FHIR's prefixes."""

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
    """Return the prefix of a date, the beginning of its timespan, and the end.

    Days are those of the zone. Raises InvalidInput.
    """
    wanted = read_date(name, value)
    if wanted.first.year not in _YEARS:
        raise InvalidInput(name, f"{name} takes years from 1900 to 2199.")
    if wanted.timestamp is not None:
        begin = in_utc(wanted.timestamp, zone)
        return wanted.prefix, begin, begin + wanted.lasts
    over = wanted.last + timedelta(days=1)
    begin, end = (datetime.combine(day, time.min, zone) for day in (wanted.first, over))
    return wanted.prefix, begin, end


def in_utc(timestamp: datetime, zone: tzinfo | None) -> datetime:
    """Return a time in UTC, by the zone's clock if it has no offset.

    PostgreSQL does not accept every valid offset. Raises OverflowError within a day of
    either end of the calendar.
    """
    known = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=zone)
    return known.astimezone(UTC)


def stretch(
    name: str, values: Sequence[str], zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """Return the beginning and the end of the time that meets all of these dates.

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
    """Return a `narrow` that keeps dates; given twice, from and to, both must match."""

    def narrow(wanted: Wanted, values: Sequence[str]) -> Wanted:
        if len(values) > 1:
            raise InvalidInput(
                name, f"{name} takes one value; repeat the parameter to give a range."
            )
        read_date(name, values[0])
        before = wanted.values.get(name, ())
        return replace(wanted, values={**wanted.values, name: (*before, *values)})

    return narrow


def within(
    name: str, values: Sequence[str], zone: tzinfo
) -> Callable[[datetime | None], bool]:
    """Return a predicate of whether a known time meets all of these dates.

    Without any dates it is true of every time. Raises InvalidInput.
    """
    since, until = stretch(name, values, zone)

    def holds(at: datetime | None) -> bool:
        if at is None:
            return not values
        return (since is None or since <= at) and (until is None or at < until)

    return holds


def find_day(name: str, value: str) -> date | None:
    """Return the day of a date; None if the date means anything but one day."""
    try:
        wanted = read_date(name, value)
    except InvalidInput:
        return None
    is_day = wanted.prefix == "eq" and wanted.timestamp is None
    is_one = wanted.first == wanted.last and wanted.first.year in _YEARS
    return wanted.first if is_day and is_one else None


def read_date(name: str, value: str) -> SearchDate:
    """Return a search value as a date; raises InvalidInput."""
    match = _DATE.fullmatch(value)
    if match is None:
        raise _unreadable(name)
    year, month, day = (int(match[part] or 0) for part in ("year", "month", "day"))
    try:
        _, longest = calendar.monthrange(year, month or 12)
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or longest)
        text = value.removeprefix(match["prefix"] or "").replace(" ", "+")
        timestamp = datetime.fromisoformat(text) if match["time"] else None
    except ValueError as error:
        raise _unreadable(name) from error
    return SearchDate(match["prefix"] or "eq", first, last, timestamp, _lasts(match))


def _lasts(match: re.Match[str]) -> timedelta:
    # A time with a fraction is taken exactly: clients that synchronise cut off digits,
    # and would miss other changes within that fraction.
    if match["part"]:
        return _AN_INSTANT
    return timedelta(seconds=1) if match["second"] else timedelta(minutes=1)


def _unreadable(name: str) -> InvalidInput:
    return InvalidInput(
        name,
        f"{name} takes a date such as 1980, 1980-05 or 1980-05-17, or a time such "
        "as 2026-11-23T10:00:00Z, with an optional prefix eq, gt, lt, ge or le.",
    )


_LAST_UPDATED: Final = "_lastUpdated"

ID: Final = SearchParameter(
    "_id", "token", "Logical id of the resource.", filtering(is_id)
)


def last_updated() -> SearchParameter:
    """Return the parameter that finds changes since or before a time."""
    return _last_updated(filtering(timed(_LAST_UPDATED, "updated_at")))


def updated_within(wanted: Wanted, zone: tzinfo) -> Callable[[datetime | None], bool]:
    """Return a predicate of whether a change time meets LAST_UPDATED.

    Raises InvalidInput.
    """
    return within(_LAST_UPDATED, wanted.values.get(_LAST_UPDATED, ()), zone)


def _last_updated(
    narrow: Callable[[Wanted, Sequence[str]], Wanted],
) -> SearchParameter:
    return SearchParameter(
        _LAST_UPDATED, "date", "When the resource last changed.", narrow
    )


# For searches that are no list of criteria.
LAST_UPDATED: Final = _last_updated(keeping_dates(_LAST_UPDATED))
