"""Quantities of patients as they are read: one number for each, and its hash."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.analytics.cohorts.statements import PATIENT_SHIFT
from services.analytics.cohorts.suppression import Key
from services.analytics.cohorts.tables import PATIENT_VALUE, CellMembers
from services.analytics.figures.distributions import Values
from services.analytics.figures.model import Quantity
from services.analytics.members import Members

COLUMNS: Final[Mapping[Quantity, str]] = {
    Quantity.AGE: "age",
    Quantity.VALUE: "value",
    Quantity.WAITING: "waiting_minutes",
    Quantity.BOOKED_AHEAD: "days_booked_ahead",
}
# Multiplied by an odd number near the golden section, similar numbers get unlike bits.
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class PatientValues:
    """Patients, as hashes, and the number of each."""

    patients: Members
    numbers: Values


def by_unit(rows: Iterable[Sequence[Any]]) -> Mapping[str, Mapping[Key, CellMembers]]:
    """Return the groups of each unit: numbers in several are not one distribution.

    In each group, the patients are also what is counted.
    """
    units: dict[str, dict[Key, CellMembers]] = {}
    for *values, unit, read in rows:
        pairs: Any = np.frombuffer(read, dtype=PATIENT_VALUE)
        members = np.sort(pairs["patient"].astype(np.int64))
        units.setdefault(str(unit), {})[tuple(values)] = CellMembers(
            members, members, pairs
        )
    return units


def in_commonest_unit(
    rows: Iterable[Sequence[Any]],
) -> tuple[str, Mapping[Key, CellMembers]]:
    """Return the unit that most patients are measured in, and its groups."""
    units = by_unit(rows)
    sizes = {
        unit: sum(len(each.patients) for each in groups.values())
        for unit, groups in units.items()
    }
    usual = max(sizes, key=lambda unit: (sizes[unit], unit), default="")
    return usual, units.get(usual, {})


def patient_values(pairs: Any) -> PatientValues:
    """Return a single number for each patient, the mean where there are several."""
    if not len(pairs):
        return PatientValues(np.empty(0, dtype=np.int64), np.empty(0))
    patients, which = np.unique(pairs["patient"].astype(np.int64), return_inverse=True)
    sums = np.bincount(which, weights=pairs["number"].astype(np.float64))
    return PatientValues(patients, sums / np.bincount(which))


def value_hashes(quantity: Quantity, own: PatientValues) -> Members:
    """Return a hash of each patient's number, which begins with the patient's hash.

    What the number is of, apart from the quantity, does not matter: two means of the
    same patients that differ in the numbers of few reveal these, whatever was asked.
    """
    salt = np.uint64(list(Quantity).index(quantity) + 1)
    bits = np.round(own.numbers, 6).view(np.uint64) ^ salt
    mixed = (bits ^ (bits >> np.uint64(29))) * _GOLDEN
    rest = (mixed >> np.uint64(64 - PATIENT_SHIFT)).astype(np.int64)
    return np.sort(own.patients >> PATIENT_SHIFT << PATIENT_SHIFT | rest)
