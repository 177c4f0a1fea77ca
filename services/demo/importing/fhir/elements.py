"""Elements of FHIR resources, read strictly; reasons name elements and no values."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from services.core.typed_text import without_directions
from services.demo.importing.csv_lines import Rejected
from services.demo.importing.records import (
    LONGEST_CODE,
    LONGEST_UNIT,
    RXNORM,
)
from services.patients.records import rules
from services.patients.records.entries import LOINC, SNOMED

_DAY: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_GREATEST: Final = Decimal(10) ** 9
_PLACES: Final = Decimal("0.000001")
_PREFERRED: Final = (SNOMED, RXNORM, LOINC)

Element = Mapping[str, Any]


def text_in(element: Element, name: str) -> str:
    """Return a text on one line with single spaces, "" if there is none."""
    value = element.get(name, "")
    if not isinstance(value, str):
        raise Rejected(f"{name} is no text")
    text = " ".join(without_directions(value).split())
    if _CONTROLS.search(text):
        raise Rejected(f"{name} holds control characters")
    return text


def element_in(element: Element, name: str) -> Element:
    """Return an element with elements of its own, {} if there is none."""
    value = element.get(name, {})
    if not isinstance(value, dict):
        raise Rejected(f"{name} is no element of its own")
    return value


def list_in(element: Element, name: str) -> Sequence[Element]:
    """Return a list of elements, an empty one if there is none."""
    value = element.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Rejected(f"{name} is no list of elements")
    return value


def day_in(element: Element, *names: str) -> date | None:
    """Return the day of the first of these elements that is present.

    A month or a year counts as its first day; the day of a time is that of its own
    zone.
    """
    for name in names:
        if value := text_in(element, name):
            return _day(name, value)
    return None


def whole_day_in(element: Element, name: str) -> date | None:
    """Return a day. Raises Rejected if it is only a month or a year."""
    value = text_in(element, name)
    if value and len(value) < len("1980-12-31"):
        raise Rejected(f"{name} is no whole day such as 1980-12-31")
    return _day(name, value) if value else None


def _day(name: str, value: str) -> date:
    try:
        if match := _DAY.fullmatch(value):
            year, month, day = (int(part or 1) for part in match.groups())
            return date(year, month, day)
        return datetime.fromisoformat(value).date()
    except ValueError as error:
        raise Rejected(f"{name} is no date such as 1980-12-31") from error


def coding_in(
    concept: Element, preferred: Sequence[str] = _PREFERRED
) -> tuple[str, str, str]:
    """Return system, code and display of a concept, each "" if missing.

    Of several codes it takes the first of a preferred system, else the first.
    """
    codings = list_in(concept, "coding")
    known = [
        coding
        for system in preferred
        for coding in codings
        if coding.get("system") == system
    ]
    for coding in (*known, *codings):
        if code := text_in(coding, "code"):
            if len(code) > LONGEST_CODE:
                raise Rejected(f"code is longer than {LONGEST_CODE} characters")
            return text_in(coding, "system"), code, text_in(coding, "display")
    return "", "", ""


def codes_in(concepts: Sequence[Element]) -> set[str]:
    """Return all codes of these concepts, whatever their systems."""
    return {
        text_in(coding, "code")
        for concept in concepts
        for coding in list_in(concept, "coding")
    }


def label_in(concept: Element) -> str:
    """Return a concept in words. Raises Rejected if it has none."""
    text = text_in(concept, "text") or coding_in(concept)[2]
    if not text:
        raise Rejected("code says nothing in words: text and display are missing")
    if len(text) > rules.LONGEST_ITEM:
        raise Rejected(f"text is longer than {rules.LONGEST_ITEM} characters")
    return text


def quantity_in(quantity: Element) -> tuple[str | None, str | None]:
    """Return value and unit of a Quantity; None for both if it has no number."""
    value = quantity.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, None
    if not math.isfinite(value) or abs(value) >= _GREATEST:
        raise Rejected("value is no number that can be kept")
    unit = text_in(quantity, "code") or text_in(quantity, "unit")
    if len(unit) > LONGEST_UNIT:
        raise Rejected(f"unit is longer than {LONGEST_UNIT} characters")
    # As JSON floats some values have a dozen decimals that nobody measured.
    number = Decimal(str(value)).quantize(_PLACES).normalize()
    return f"{number:f}", unit
