"""Typed text, parsed into the values that a field is compared with."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NoReturn
from uuid import UUID

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import is_storable
from services.lists.criteria.dates import read_date, read_year
from services.lists.criteria.model import (
    MAX_CHOICES,
    MAX_TEXT_LENGTH,
    SEVERAL,
    Field,
    Filter,
    Kind,
    Operator,
    Value,
)

OLDEST_AGE: Final = 150
_YEAR: Final = re.compile("(?:19|20)[0-9]{2}")
_SIZE: Final = re.compile(
    r"(?P<number>[0-9]{1,9}(?:[.,][0-9]{1,3})?)\s*(?P<unit>|b|bytes|kb|mb|gb)",
    re.IGNORECASE,
)
# As the pages show sizes, and the field for files beside them.
_BYTES: Final = MappingProxyType(
    {"": 1, "b": 1, "bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
)
_SPAN: Final = re.compile(
    "(?P<count>[0-9]{1,4}) *(?P<unit>day|week|month|year)s?", re.IGNORECASE
)
_LONGEST_SPAN: Final = 1_000
# The smallest difference between two decimals in a record.
STEP: Final = Decimal("0.000001")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]{1,6})?")
_MONTHS: Final = MappingProxyType({"month": 1, "year": 12})
_DAYS: Final = MappingProxyType({"day": 1, "week": 7})
_WIDEST_OFFSET: Final = timedelta(hours=16)


@dataclass(frozen=True, slots=True)
class Span:
    """A number of days, weeks, months or years that end with today."""

    count: int
    unit: str

    def first_day(self, today: date) -> date:
        """Return the first of the days; for one day it is today itself."""
        if self.unit in _DAYS:
            return today - timedelta(self.count * _DAYS[self.unit] - 1)
        months = today.year * 12 + today.month - 1 - self.count * _MONTHS[self.unit]
        year, month = divmod(months, 12)
        _, longest = calendar.monthrange(year, month + 1)
        day_before = date(year, month + 1, min(today.day, longest))
        return day_before + timedelta(1)

    def __str__(self) -> str:
        return self.unit if self.count == 1 else f"{self.count} {self.unit}s"


def day_interval(read: object) -> tuple[date, date]:
    """Return the begin and end of a day, or of a year given instead of a day.

    The last day of the calendar, which stands for no end, has no day after it.
    """
    if isinstance(read, date):
        return read, read + timedelta(1) if read < date.max else read
    year = int(str(read))
    return date(year, 1, 1), date(year + 1, 1, 1)


def read_timestamp(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the begin and end of a typed day, year or time, in `now`'s zone."""
    try:
        if year := read_year(text):
            first, end = day_interval(year)
            return _midnight(first, now), _midnight(end, now)
        if day := read_date(text):
            return _midnight(day, now), _midnight(day + timedelta(days=1), now)
        timestamp = datetime.fromisoformat(text.strip())
        timestamp = (
            timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=now.tzinfo)
        )
        in_utc = timestamp.astimezone(UTC)
        # PostgreSQL knows no offsets of 16 hours and more; a clinic's zone has none.
        is_known = abs(timestamp.utcoffset() or timedelta()) < _WIDEST_OFFSET
        begin = timestamp if is_known else in_utc
        return begin, in_utc + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def birth_interval(age: int, today: date) -> tuple[date, date]:
    """Return the first day of birth of people this old, and the day after the last.

    People born on 29 February grow older on 1 March, as in PatientRecord.age.
    """
    after = timedelta(days=1)
    return _years_before(today, age + 1) + after, _years_before(today, age) + after


def read(field: Field, filter_: Filter) -> tuple[object, ...]:
    """Return the filter's values, or raise InvalidInput that says what to type.

    Days for TIMESTAMP stay text and years for AGE stay numbers: their meaning depends
    on the time of the query.
    """
    if filter_.operator is Operator.IS_EMPTY:
        return (_read_flag(field, filter_.value),)
    typed = _typed(field, filter_)
    if filter_.operator is Operator.IN_THE_LAST:
        return (_read_span(field, typed[0]),)
    values = tuple(_read_one(field, text) for text in typed)
    if filter_.operator is Operator.BETWEEN:
        _require_order(field, values)
    return values


def _typed(field: Field, filter_: Filter) -> tuple[str, ...]:
    value = filter_.value
    if filter_.operator not in SEVERAL:
        if isinstance(value, tuple):
            raise InvalidInput(
                field.name,
                Sentence("{label} takes one value here.", label=Sentence(field.label)),
            )
        return (_clean(field, value),)
    listed = value if isinstance(value, tuple) else str(value).split(",")
    if filter_.operator is Operator.BETWEEN and (
        len(listed) != 2 or not all(map(str.strip, listed))  # noqa: PLR2004
    ):
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: enter both ends, the lower one first.",
                label=Sentence(field.label),
            ),
        )
    typed = tuple(_clean(field, text) for text in listed)
    if not 1 <= len(typed) <= MAX_CHOICES:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: enter 1 to {most} values.",
                label=Sentence(field.label),
                most=MAX_CHOICES,
            ),
        )
    return typed


def _clean(field: Field, value: str | bool) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else value.strip()
    if not text:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: the value to compare with is missing.",
                label=Sentence(field.label),
            ),
        )
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: type at most {most} characters.",
                label=Sentence(field.label),
                most=MAX_TEXT_LENGTH,
            ),
        )
    if not is_storable(text):
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: the value contains a character that cannot be stored.",
                label=Sentence(field.label),
            ),
        )
    return text


def _read_one(field: Field, text: str) -> object:  # noqa: C901, PLR0911, PLR0912 - a table
    match field.kind:
        case Kind.LIST if field.choices:
            return _read_choice(field, text)
        case Kind.TEXT | Kind.LIST:
            return text
        case Kind.PHONE:
            return _read_phone(field, text)
        case Kind.DATE:
            return read_date(text) or read_year(text) or _refuse_date(field)
        case Kind.TIMESTAMP:
            if read_timestamp(text, datetime.now(UTC)) is None:
                _refuse_date(field)
            return text
        case Kind.AGE:
            return _read_age(field, text)
        case Kind.YEAR:
            return _read_year(field, text)
        case Kind.CHOICE:
            return _read_choice(field, text)
        case Kind.FLAG:
            return _read_flag(field, text)
        case Kind.ID:
            return _read_id(field, text)
        case Kind.NUMBER:
            return _read_number(field, text)
        case Kind.DECIMAL:
            return _read_decimal(field, text)
        case Kind.SIZE:
            return _read_bytes(field, text)


def _refuse_date(field: Field) -> NoReturn:
    raise InvalidInput(
        field.name,
        Sentence(
            "{label} is not a valid date, or could be two; enter it as "
            "year-month-day, for example 1980-01-31, or a year such as 1980.",
            label=Sentence(field.label),
        ),
    )


def _read_span(field: Field, text: str) -> Span:
    typed = _SPAN.fullmatch(text)
    if typed is None or not 1 <= int(typed["count"]) <= _LONGEST_SPAN:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: enter a whole number from 1 to {most:,} and days, weeks, "
                "months or years, for example 30 days.",
                label=Sentence(field.label),
                most=_LONGEST_SPAN,
            ),
        )
    return Span(int(typed["count"]), typed["unit"].lower())


def _require_order(field: Field, ends: tuple[object, ...]) -> None:
    (begin, _), (_, end) = (_bounds(field, typed) for typed in ends)
    if begin >= end:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: the first is greater than the second; swap them.",
                label=Sentence(field.label),
            ),
        )


def _bounds(field: Field, end: object) -> tuple[float, float]:
    """Return the begin and end of one end of a range, as numbers."""
    if field.kind is Kind.TIMESTAMP:
        now = datetime.now(UTC)
        first, last = read_timestamp(str(end), now) or _refuse_date(field)
        return first.timestamp(), last.timestamp()
    if field.kind is Kind.DATE:
        begin, after = day_interval(end)
        return begin.toordinal(), after.toordinal()
    if isinstance(end, Decimal):
        return float(end), float(end + STEP)
    return int(str(end)), int(str(end)) + 1


def _read_phone(field: Field, text: str) -> str:
    digits = re.sub(r"[^0-9]", "", text)
    if not digits or re.search(r"[^\d\s+()./-]", text):
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must be digits, like +49 30 123456.",
                label=Sentence(field.label),
            ),
        )
    return digits


def _read_age(field: Field, text: str) -> int:
    if not re.fullmatch("[0-9]{1,3}", text) or int(text) > OLDEST_AGE:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must be a whole number from 0 to {most}.",
                label=Sentence(field.label),
                most=OLDEST_AGE,
            ),
        )
    return int(text)


def _read_year(field: Field, text: str) -> int:
    if not _YEAR.fullmatch(text):
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must have four digits, for example 1980.",
                label=Sentence(field.label),
            ),
        )
    return int(text)


def _read_choice(field: Field, text: str) -> str:
    known = {choice.lower(): choice for choice in field.choices}
    if text.lower() not in known:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must be one of: {choices}.",
                label=Sentence(field.label),
                choices=", ".join(field.choices),
            ),
        )
    return known[text.lower()]


def _read_flag(field: Field, value: Value) -> bool:
    flag = {"true": True, "false": False}.get(str(value).strip().lower())
    if flag is None:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label}: the value must be true or false.", label=Sentence(field.label)
            ),
        )
    return flag


def _read_id(field: Field, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must be an identifier like "
                "01890a5d-ac96-774b-bcce-b302099a8057.",
                label=Sentence(field.label),
            ),
        ) from None


def _read_number(field: Field, text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must be a whole number, for example 12.",
                label=Sentence(field.label),
            ),
        )
    return int(text)


def _read_decimal(field: Field, text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must be a number, for example 12.5.",
                label=Sentence(field.label),
            ),
        )
    return Decimal(text.replace(",", "."))


def _read_bytes(field: Field, text: str) -> int:
    typed = _SIZE.fullmatch(text)
    if typed is None:
        raise InvalidInput(
            field.name,
            Sentence(
                "{label} must be a number of bytes, kB, MB or GB, for example 2.5 MB.",
                label=Sentence(field.label),
            ),
        )
    return int(float(typed["number"].replace(",", ".")) * _BYTES[typed["unit"].lower()])


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time.min, now.tzinfo)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)
