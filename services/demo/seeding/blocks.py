"""Blocks of invented patients, written as PostgreSQL's COPY reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from db.postgres.copying import NULL
from services.demo.seeding import duplicates
from services.demo.seeding.contacts import contacts
from services.demo.seeding.health import health
from services.demo.seeding.people import Flags, Numbers, People, people
from services.demo.seeding.pools import Words, pools

# The draws of a block depend on its number alone, so that a clinic of 400 patients is
# the beginning of the clinic of 1,000,000 with the same seed number.
SIZE: Final = 5_000
# The user who registered and archived the records.
SEEDER_ID: Final = UUID("0198c0de-5eed-7000-8000-000000000001")
COLUMNS: Final = (
    "first_name",
    "last_name",
    "date_of_birth",
    "sex",
    "email",
    "phone_number",
    "address",
    "emergency_contact",
    "allergies",
    "no_known_allergies",
    "medical_history",
    "current_medications",
    "source",
    "source_id",
    "created_at",
    "updated_at",
    "deleted_at",
    "deleted_by",
)
_SLIPS: Final = ("first name", "last name", "birth")
_HAS_ADDRESS: Final = 0.97
_EDITED: Final = 0.45
_ARCHIVED: Final = 0.02
_YEARS_OF_RECORDS: Final = 10
_OPENS_AT, _SHUTS_AT = 8 * 3_600, 18 * 3_600


@dataclass(frozen=True, slots=True)
class _Timestamps:
    """When the records were created and last changed, and which were archived then."""

    created: Words
    updated: Words
    archived: Flags


def lines(seed_number: int, first: int, last: int, today: date) -> Iterator[str]:
    """Yield COPY lines for the patients numbered from `first` up to before `last`."""
    for block in range(first // SIZE, -(-last // SIZE)):
        start = block * SIZE
        written = _written(seed_number, block, today)
        yield from written[max(first - start, 0) : last - start]


def source(seed_number: int) -> str:
    """Return the source of the records; each one's source_id is its number."""
    return f"seed {seed_number}"


def source_id(number: int) -> str:
    """Return a patient's source_id, which sorts as text like the number."""
    return f"{number:08}"


def _written(seed_number: int, block: int, today: date) -> list[str]:
    rng = np.random.default_rng([seed_number, block])
    numbers = np.arange(block * SIZE, (block + 1) * SIZE)
    columns = _columns(rng, seed_number, numbers, today)
    _register_again(rng, columns)
    rows = zip(*(columns[name] for name in COLUMNS), strict=True)
    return ["\t".join(row) + "\n" for row in rows]


def _columns(
    rng: np.random.Generator, seed_number: int, numbers: Numbers, today: date
) -> dict[str, list[str]]:
    everybody = people(rng, pools(seed_number), len(numbers))
    reached = contacts(rng, everybody, numbers)
    having = health(rng, everybody)
    timestamps = _timestamps(rng, everybody, today)
    has_address = rng.random(len(numbers)) < _HAS_ADDRESS
    columns: dict[str, Words | list[str]] = {
        "first_name": everybody.first_names,
        "last_name": everybody.last_names,
        "date_of_birth": everybody.births,
        "sex": np.where(everybody.is_female, "female", "male").astype(object),
        "email": reached.emails,
        "phone_number": reached.phones,
        "address": np.where(has_address, everybody.addresses, NULL),
        "emergency_contact": reached.emergency_contacts,
        "allergies": having.allergies,
        "no_known_allergies": _booleans(having.no_known_allergies),
        "medical_history": having.medical_history,
        "current_medications": having.current_medications,
        "source": [source(seed_number)] * len(numbers),
        "source_id": list(map(source_id, numbers.tolist())),
        "created_at": timestamps.created,
        "updated_at": timestamps.updated,
        "deleted_at": np.where(timestamps.archived, timestamps.updated, NULL),
        "deleted_by": np.where(timestamps.archived, str(SEEDER_ID), NULL).astype(
            object
        ),
    }
    return {
        name: column if isinstance(column, list) else column.tolist()
        for name, column in columns.items()
    }


def _register_again(rng: np.random.Generator, columns: dict[str, list[str]]) -> None:
    """Turn a few rows into second registrations of earlier people, with a slip."""
    first_names, last_names = columns["first_name"], columns["last_name"]
    for earlier, later in duplicates.pairs(rng, len(first_names)):
        for name in ("sex", "phone_number", "address", "updated_at"):
            columns[name][later] = columns[name][earlier]
        columns["created_at"][later] = columns["updated_at"][earlier]
        slip = rng.choice(_SLIPS)
        first, last = first_names[earlier], last_names[earlier]
        first_names[later] = (
            duplicates.misspell(rng, first) if slip == "first name" else first
        )
        last_names[later] = (
            duplicates.misspell(rng, last) if slip == "last name" else last
        )
        birth = columns["date_of_birth"][earlier]
        columns["date_of_birth"][later] = (
            duplicates.mistype(birth) if slip == "birth" else birth
        )
        # The second record is one that somebody made in a hurry.
        for name in ("email", "emergency_contact", "deleted_at", "deleted_by"):
            columns[name][later] = NULL
        for name in ("allergies", "medical_history", "current_medications"):
            columns[name][later] = "{}"
        columns["no_known_allergies"][later] = "f"


def _timestamps(rng: np.random.Generator, people: People, today: date) -> _Timestamps:
    """Spread registrations over years, denser towards today, in opening hours."""
    count = len(people.ages)
    years = np.minimum(people.ages, _YEARS_OF_RECORDS)
    registered = years * 365 * rng.random(count) ** 2
    edited = np.where(rng.random(count) < _EDITED, rng.random(count), 1.0)
    changed = registered * edited
    times = rng.integers(_OPENS_AT, _SHUTS_AT, count)
    created = _written_timestamps(today, registered, times)
    updated = _written_timestamps(today, changed, times)
    archived = rng.random(count) < _ARCHIVED
    return _Timestamps(created, updated, archived)


def _written_timestamps(
    today: date, days_ago: NDArray[np.float64], seconds: Numbers
) -> Words:
    latest = np.datetime64(today - timedelta(days=1), "D")
    days = latest - days_ago.astype("timedelta64[D]")
    timestamps = days.astype("datetime64[s]") + seconds.astype("timedelta64[s]")
    return np.char.add(np.datetime_as_string(timestamps), "Z").astype(object)


def _booleans(flags: Flags) -> Words:
    return np.where(flags, "t", "f").astype(object)
