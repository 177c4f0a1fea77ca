"""The sections of a summary, in resources and in words.

An empty section states why: nobody has recorded anything (`notasked`), or the caller
may not read it (`withheld`). Neither means that there is nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import chain
from typing import Final

from api.fhir import systems
from api.fhir.definitions import Resource, coding, without_empty
from api.fhir.resources.allergies import allergy_resources
from api.fhir.resources.conditions import condition_resources
from api.fhir.resources.medication_requests import medication_resources
from api.fhir.resources.observations import observation_resources
from api.fhir.summary.record_terms import (
    imported_observation,
    listed_condition,
    medication_statement,
)
from services.consultations.summaries import PatientSummary

_REASONS: Final = {
    "notasked": "Nothing recorded.",
    "withheld": "Not disclosed to the requester of this summary.",
}
_NAMESPACE: Final = "http://www.w3.org/1999/xhtml"
#: Of the titles and of what is said in words.
LANGUAGE: Final = "en"

# Returns whether the caller's token opens a type.
Opens = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource of the document, and the address by which others refer to it."""

    url: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its entries; `reason` is why there are none."""

    title: str
    code: str
    display: str
    entries: Sequence[Entry]
    reason: str

    def described(self) -> Resource:
        """Return the section of the Composition."""
        code = coding(systems.LOINC, self.code) | {"display": self.display}
        return without_empty(
            {
                "title": self.title,
                "code": {"coding": [code]},
                "text": _narrative(self._lines()),
                "entry": [{"reference": entry.url} for entry in self.entries],
                "emptyReason": None if self.entries else self._empty_reason(),
            }
        )

    def _lines(self) -> list[str]:
        if not self.entries:
            return [_REASONS[self.reason]]
        return [_line(entry.resource) for entry in self.entries]

    def _empty_reason(self) -> Resource:
        return {
            "coding": [coding(systems.EMPTY_REASON, self.reason)],
            "text": _REASONS[self.reason],
        }


def sections_of(summary: PatientSummary, base: str, opens: Opens) -> list[Section]:
    """Return the sections: those that IPS requires, then vital signs."""
    about = f"{base}/Patient/{summary.patient.id}"
    notes_are_shown = summary.written is not None
    contents = (
        (
            ("Problems", "11450-4", "Problem list - Reported"),
            "Condition",
            list(_problems(summary, base, about)),
            notes_are_shown,
        ),
        (
            ("Medications", "10160-0", "History of Medication use Narrative"),
            "MedicationRequest",
            list(_medications(summary, base, about)),
            True,
        ),
        (
            (
                "Allergies and intolerances",
                "48765-2",
                "Allergies and adverse reactions Document",
            ),
            "AllergyIntolerance",
            _served(allergy_resources(summary.patient), base),
            True,
        ),
        (
            ("Vital signs", "8716-3", "Vital signs"),
            "Observation",
            list(_vital_signs(summary, base, about)),
            notes_are_shown,
        ),
    )
    return [
        Section(
            *names,
            entries=entries if opens(kind) else [],
            reason="notasked" if opens(kind) and is_all else "withheld",
        )
        for names, kind, entries, is_all in contents
    ]


def _problems(summary: PatientSummary, base: str, about: str) -> Iterator[Entry]:
    for visit in summary.written or ():
        yield from _served(condition_resources(visit, summary.listed), base)
    for term in summary.problems:
        yield _alone(listed_condition(summary.patient, term, about))


def _medications(summary: PatientSummary, base: str, about: str) -> Iterator[Entry]:
    for drug in summary.drugs:
        if drug.prescription is None:
            yield _alone(medication_statement(summary.patient, drug, about))
        else:
            lines = medication_resources(drug.prescription)
            yield from _served([lines[drug.number - 1]], base)


def _vital_signs(summary: PatientSummary, base: str, about: str) -> Iterator[Entry]:
    written = map(observation_resources, summary.written or ())
    yield from _served(list(chain.from_iterable(written)), base)
    for entry in summary.measured:
        yield _alone(imported_observation(entry, about))


def _served(resources: Sequence[Resource], base: str) -> list[Entry]:
    return [served(resource, base) for resource in resources]


def served(resource: Resource, base: str) -> Entry:
    """Return the entry of a resource that has an address here."""
    return Entry(f"{base}/{resource['resourceType']}/{resource['id']}", resource)


def _alone(resource: Resource) -> Entry:
    return Entry(f"urn:uuid:{resource['id']}", resource)


def _narrative(lines: Sequence[str]) -> Resource:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    # In the language of the Composition, as both XHTML and XML state it.
    spoken = f'xmlns="{_NAMESPACE}" lang="{LANGUAGE}" xml:lang="{LANGUAGE}"'
    div = f"<div {spoken}><ul>{items}</ul></div>"
    return {"status": "generated", "div": div}


def _line(resource: Resource) -> str:
    """Return an entry in words: what, how much, and when."""
    named = resource.get("code") or resource["medicationCodeableConcept"]
    what = named.get("text") or named["coding"][0]["code"]
    said = [what, *_values(resource), *_dosages(resource)]
    day = _DAYS[resource["resourceType"]](resource)
    return ", ".join(said) + (f" ({day})" if day else "")


def _values(resource: Resource) -> Iterator[str]:
    measured = [resource, *resource.get("component", ())]
    for measurement in measured:
        if quantity := measurement.get("valueQuantity"):
            label = "" if measurement is resource else f"{measurement['code']['text']} "
            yield f"{label}{quantity['value']:g} {quantity.get('unit', '')}".strip()


def _dosages(resource: Resource) -> Iterator[str]:
    for dosage in resource.get("dosageInstruction", ()):
        yield dosage.get("text", "")


def _day_of(name: str) -> Callable[[Resource], str]:
    def day(resource: Resource) -> str:
        value = resource.get(name)
        return date.fromisoformat(value[:10]).isoformat() if value else ""

    return day


def _day_of_condition(resource: Resource) -> str:
    since, until = _day_of("onsetDateTime"), _day_of("abatementDateTime")
    days = filter(None, (since(resource), until(resource)))
    return " to ".join(days) or _day_of("recordedDate")(resource)


_DAYS: Final[Mapping[str, Callable[[Resource], str]]] = {
    "AllergyIntolerance": lambda _: "",
    "Condition": _day_of_condition,
    "MedicationRequest": _day_of("authoredOn"),
    "MedicationStatement": lambda resource: resource["effectivePeriod"].get(
        "start", ""
    ),
    "Observation": _day_of("effectiveDateTime"),
}
