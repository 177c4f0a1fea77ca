"""Vital signs: their names and units, and limits that reveal mistyped values."""

import re
from dataclasses import dataclass, field
from typing import Final

from services.core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Vital:
    """One vital sign; a value outside its limits was mistyped.

    The limits are wide: they exclude what no living person has, not what is
    pathological. `usual` is the reference range of adults, ends included: the aggregate
    score 0 of NEWS2 (Royal College of Physicians, 2017) for breathing, oxygen,
    temperature; blood pressure and pulse at rest as the NHS gives them. `loinc` and
    `ucum` are its code and that of its unit, as in R4's profile of vital signs.
    """

    name: str
    label: str
    unit: str
    lowest: float
    highest: float
    decimals: int = 0
    usual: tuple[float, float] | None = None
    loinc: str = field(kw_only=True)
    ucum: str = field(kw_only=True)

    def judge(self, value: float) -> str:
        """Return "high" or "low" outside the range of adults, else ""."""
        if self.usual is None or self.usual[0] <= value <= self.usual[1]:
            return ""
        return "high" if value > self.usual[1] else "low"


ADULT_FROM_YEARS: Final = 16
VITALS: Final = (
    Vital(
        "systolic",
        "Systolic pressure",
        "mmHg",
        30,
        300,
        usual=(90, 139),
        loinc="8480-6",
        ucum="mm[Hg]",
    ),
    Vital(
        "diastolic",
        "Diastolic pressure",
        "mmHg",
        10,
        200,
        usual=(60, 89),
        loinc="8462-4",
        ucum="mm[Hg]",
    ),
    Vital(
        "pulse", "Pulse", "/min", 20, 300, usual=(60, 100), loinc="8867-4", ucum="/min"
    ),
    Vital(
        "temperature",
        "Temperature",
        "°C",
        25,
        45,
        1,
        usual=(36.1, 38.0),
        loinc="8310-5",
        ucum="Cel",
    ),
    Vital(
        "breathing_rate",
        "Respiratory rate",
        "/min",
        4,
        90,
        usual=(12, 20),
        loinc="9279-1",
        ucum="/min",
    ),
    Vital(
        "saturation",
        "Oxygen saturation",
        "%",
        30,
        100,
        usual=(96, 100),
        loinc="2708-6",
        ucum="%",
    ),
    Vital("weight", "Weight", "kg", 0.3, 500, 2, loinc="29463-7", ucum="kg"),
    Vital("height", "Height", "cm", 20, 260, 1, loinc="8302-2", ucum="cm"),
)
_NUMBER: Final = re.compile(r"(-?[0-9]{1,9})(?:[.,]([0-9]{1,4}))?")


class NotMeasured(ValueError):
    """What was typed is no such measurement; the message names the field."""


def read(vital: Vital, typed: str) -> float | None:
    """Return the number that was typed, None if empty. Raises NotMeasured."""
    text = typed.strip().removesuffix(vital.unit).strip()
    if not text:
        return None
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NotMeasured(
            _out_of_range(
                vital, "{field} must be a number from {lowest} to {highest} {unit}."
            )
        )
    whole, part = match[1], (match[2] or "").rstrip("0")
    if len(part) > vital.decimals:
        raise NotMeasured(_too_precise(vital))
    value = float(f"{whole}.{part or 0}")
    if not vital.lowest <= value <= vital.highest:
        raise NotMeasured(
            _out_of_range(
                vital, "{field} must be between {lowest} and {highest} {unit}."
            )
        )
    return value


def written(value: float) -> str:
    """Return the number as people write it, without trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _out_of_range(vital: Vital, template: str) -> Sentence:
    return Sentence(
        template,
        field=Sentence(vital.label),
        # A sentence, so that it is translated with the language's decimal mark.
        lowest=Sentence(written(vital.lowest)),
        highest=Sentence(written(vital.highest)),
        unit=vital.unit,
    )


def _too_precise(vital: Vital) -> Sentence:
    label = Sentence(vital.label)
    if vital.decimals == 0:
        return Sentence("{field} cannot have decimals.", field=label)
    if vital.decimals == 1:
        return Sentence("{field} can have at most 1 decimal.", field=label)
    return Sentence(
        "{field} can have at most {most} decimals.", field=label, most=vital.decimals
    )
