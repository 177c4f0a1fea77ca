"""What is imported of each type of FHIR resource; reasons: docs/decisions/0076."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from services.demo.importing import records
from services.demo.importing.csv_lines import Rejected
from services.demo.importing.fhir.bundles import BundleEntry, id_in
from services.demo.importing.fhir.elements import (
    Element,
    codes_in,
    coding_in,
    day_in,
    element_in,
    label_in,
    list_in,
    quantity_in,
    text_in,
    whole_day_in,
)
from services.demo.importing.records import Arrival, ImportedTerm
from services.patients.records import rules
from services.patients.records.entries import LOINC
from services.patients.records.model import PatientDraft, Sex

# Entered by mistake, or found not to be so.
_NEVER: Final = frozenset({"entered-in-error", "refuted"})
_ORDERED: Final = frozenset(
    {"order", "original-order", "reflex-order", "filler-order", "instance-order"}
)
_TAKEN: Final = frozenset({"active", "on-hold"})
_TAKEN_ONCE: Final = frozenset({"completed", "stopped"})
_MEASURED: Final = frozenset({"final", "amended", "corrected"})
_VISITED: Final = frozenset(
    {"arrived", "triaged", "in-progress", "onleave", "finished"}
)
# "No known allergy" and its variants, in SNOMED CT and in IPS: they are no allergies.
_NO_ALLERGIES: Final = frozenset(
    {
        "716186003",
        "409137002",
        "428607008",
        "429625007",
        "no-allergy-info",
        "no-known-allergies",
        "no-known-medication-allergies",
        "no-known-environmental-allergies",
        "no-known-food-allergies",
    }
)

_EMAIL: Final = ("email",)
_PHONES: Final = ("phone", "sms")
_UNRANKED: Final = 2**31
# The category of US Core, and of HL7: social determinants of health.
_OF_LIFE: Final = frozenset({"sdoh"})

# Returns the terms that a resource yields; none if it is left out.
ReadTerms = Callable[[BundleEntry], Sequence[ImportedTerm]]


def patient(entry: BundleEntry, today: date, *, with_contacts: bool = False) -> Arrival:
    """Read a Patient, with telecom if requested. Raises Rejected."""
    resource = entry.resource
    first, last = _name_in(resource)
    draft = PatientDraft(
        first_name=first,
        last_name=last,
        date_of_birth=_birth_in(resource),
        sex=_sex_in(resource),
        address=_address_in(resource),
        email=_contact_in(resource, _EMAIL, today) if with_contacts else None,
        phone_number=(_contact_in(resource, _PHONES, today) if with_contacts else None),
    )
    died_on = _death_in(resource)
    if died_on is not None and not draft.date_of_birth <= died_on <= today:
        raise Rejected("deceasedDateTime does not lie between birthDate and today")
    if not (id_ := id_in(resource)):
        raise Rejected("id is missing, or no id of FHIR")
    try:
        return Arrival(id_, rules.validate(draft, today), died_on)
    except rules.InvalidPatient as refusal:
        raise Rejected(str(refusal)) from refusal


def _name_in(resource: Element) -> tuple[str, str]:
    names = list_in(resource, "name")
    official = [name for name in names if name.get("use") == "official"]
    name = next(iter((*official, *names)), {})
    given = name.get("given", [])
    if not isinstance(given, list) or not all(isinstance(part, str) for part in given):
        raise Rejected("name.given is no list of texts")
    first = " ".join(text_in({"given": part}, "given") for part in given)
    last = text_in(name, "family")
    return records.without_digits(first), records.without_digits(last)


def _birth_in(resource: Element) -> date:
    born = whole_day_in(resource, "birthDate")
    if born is None:
        raise Rejected("birthDate is missing")
    return born


def _sex_in(resource: Element) -> Sex:
    try:
        return Sex(text_in(resource, "gender") or Sex.UNKNOWN)
    except ValueError as error:
        raise Rejected("gender is not male, female, other or unknown") from error


def _address_in(resource: Element) -> str | None:
    address = next(iter(list_in(resource, "address")), {})
    lines = address.get("line", [])
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise Rejected("address.line is no list of texts")
    parts = [text_in({"line": line}, "line") for line in lines]
    parts += [text_in(address, "city"), text_in(address, "postalCode")]
    return ", ".join(filter(None, parts)) or text_in(address, "text") or None


def _contact_in(resource: Element, systems: Sequence[str], today: date) -> str | None:
    """Return the best-ranked address of these systems that is in use, or None."""
    contacts = [
        contact
        for contact in list_in(resource, "telecom")
        if text_in(contact, "system") in systems and _is_used(contact, today)
    ]
    for contact in sorted(contacts, key=_rank):
        if value := text_in(contact, "value"):
            return value.removeprefix("tel:").removeprefix("mailto:")
    return None


def _is_used(contact: Element, today: date) -> bool:
    """Return whether a ContactPoint is still theirs: it may be somebody else's now."""
    until = day_in(element_in(contact, "period"), "end")
    return text_in(contact, "use") != "old" and (until is None or until >= today)


def _rank(contact: Element) -> int:
    """Return the rank of a ContactPoint: 1 comes first, one without a rank last."""
    rank = contact.get("rank")
    return rank if isinstance(rank, int) and rank > 0 else _UNRANKED


def _death_in(resource: Element) -> date | None:
    if resource.get("deceasedBoolean") is True:
        # Recorded as alive the patient would be wrong, and a record cannot state a
        # death without its day.
        raise Rejected("deceasedBoolean says that the patient has died, and not when")
    return whole_day_in(resource, "deceasedDateTime")


def condition(entry: BundleEntry) -> Sequence[ImportedTerm]:
    """Read a Condition; none for social circumstances. Raises Rejected."""
    resource = entry.resource
    if codes_in([element_in(resource, "verificationStatus")]) & _NEVER:
        return ()
    onset, ended = element_in(resource, "onsetPeriod"), _abated_in(resource)
    since = (
        day_in(resource, "onsetDateTime")
        or day_in(onset, "start")
        or day_in(resource, "recordedDate")
    )
    state = codes_in([element_in(resource, "clinicalStatus")])
    if ended is None and state & {"inactive", "remission", "resolved"}:
        ended = since
    concept = element_in(resource, "code")
    if _is_how_somebody_lives(resource, concept):
        return ()
    text, kind = _label_in(concept)
    term = _term(entry, "subject", concept, since, ended)
    taken = records.condition_of(replace(term, text=text), kind)
    return () if taken is None else (taken,)


def _is_how_somebody_lives(resource: Element, concept: Element) -> bool:
    """Return whether a code or the sender's category is of social circumstances."""
    if codes_in(list_in(resource, "category")) & _OF_LIFE:
        return True
    return any(
        records.is_how_somebody_lives(
            text_in(coding, "system"), text_in(coding, "code")
        )
        for coding in list_in(concept, "coding")
    )


def _abated_in(resource: Element) -> date | None:
    period = element_in(resource, "abatementPeriod")
    return day_in(resource, "abatementDateTime") or day_in(period, "end", "start")


def allergy(entry: BundleEntry) -> Sequence[ImportedTerm]:
    """Read an AllergyIntolerance, listed unless it is over. Raises Rejected."""
    resource, concept = entry.resource, element_in(entry.resource, "code")
    if codes_in([element_in(resource, "verificationStatus")]) & _NEVER:
        return ()
    if codes_in([concept]) & _NO_ALLERGIES:
        return ()
    onset = element_in(resource, "onsetPeriod")
    since = (
        day_in(resource, "onsetDateTime")
        or day_in(onset, "start")
        or day_in(resource, "recordedDate")
    )
    state = codes_in([element_in(resource, "clinicalStatus")])
    has_passed = bool(state & {"inactive", "resolved"})
    text, _ = _label_in(concept)
    term = _term(entry, "patient", concept, since, since if has_passed else None)
    return (replace(term, text=text, is_listed=not has_passed),)


def medication_request(entry: BundleEntry) -> Sequence[ImportedTerm]:
    """Read a MedicationRequest; only orders, no plans. Raises Rejected."""
    if text_in(entry.resource, "intent") not in _ORDERED:
        return ()
    dispensed = element_in(entry.resource, "dispenseRequest")
    validity = element_in(dispensed, "validityPeriod")
    since = day_in(entry.resource, "authoredOn") or day_in(validity, "start")
    return _medication(entry, since, day_in(validity, "end"))


def medication_statement(entry: BundleEntry) -> Sequence[ImportedTerm]:
    """Read a MedicationStatement. Raises Rejected."""
    period = element_in(entry.resource, "effectivePeriod")
    since = (
        day_in(entry.resource, "effectiveDateTime")
        or day_in(period, "start")
        or day_in(entry.resource, "dateAsserted")
    )
    return _medication(entry, since, day_in(period, "end"))


def _medication(
    entry: BundleEntry, since: date | None, ended: date | None
) -> Sequence[ImportedTerm]:
    """Return the drug, listed as long as it is taken."""
    status = text_in(entry.resource, "status")
    if status not in _TAKEN | _TAKEN_ONCE:
        return ()
    concept = element_in(entry.resource, "medicationCodeableConcept")
    if not concept:
        reference = entry.resource.get("medicationReference")
        named = entry.bundle.find(reference, inside=entry.resource)
        if named is None:
            raise Rejected("medicationReference is of no Medication of the bundle")
        concept = element_in(named, "code")
    is_taken = status in _TAKEN
    until = None if is_taken else ended or since
    term = _term(entry, "subject", concept, since, until)
    return (replace(term, is_listed=is_taken),)


def observation(entry: BundleEntry) -> Sequence[ImportedTerm]:
    """Read an Observation: only vital signs, each part of one. Raises Rejected."""
    resource = entry.resource
    if "vital-signs" not in codes_in(list_in(resource, "category")):
        return ()
    if text_in(resource, "status") not in _MEASURED:
        return ()
    period = element_in(resource, "effectivePeriod")
    measured = (
        day_in(resource, "effectiveDateTime", "effectiveInstant")
        or day_in(period, "start")
        or day_in(resource, "issued")
    )
    if measured is None:
        raise Rejected("effectiveDateTime is missing")
    components = list_in(resource, "component")
    parts = [part for part in (resource, *components) if "valueQuantity" in part]
    return [_measurement(entry, part, measured) for part in parts]


def _measurement(entry: BundleEntry, part: Element, measured: date) -> ImportedTerm:
    concept = element_in(part, "code")
    # The profile of vital signs requires a LOINC code, and allows others beside it.
    system, code, _ = coding_in(concept, (LOINC,))
    if system != LOINC:
        raise Rejected("code is none of LOINC")
    value, unit = quantity_in(element_in(part, "valueQuantity"))
    term = _term(entry, "subject", concept, measured, measured)
    return replace(term, system=system, code=code, value=value, unit=unit)


def encounter(entry: BundleEntry) -> Sequence[ImportedTerm]:
    """Read an Encounter that took place. Raises Rejected."""
    resource = entry.resource
    if text_in(resource, "status") not in _VISITED:
        return ()
    period = element_in(resource, "period")
    concept = next(iter(list_in(resource, "type")), {})
    if not concept:
        class_ = element_in(resource, "class")
        concept = {"coding": [class_], "text": class_.get("display", "")}
    if (since := day_in(period, "start")) is None:
        raise Rejected("period.start is missing")
    text, _ = _label_in(concept)
    term = _term(entry, "subject", concept, since, day_in(period, "end"))
    return (replace(term, text=text),)


def _label_in(concept: Element) -> tuple[str, str | None]:
    """Return a concept's words without SNOMED's kind, and the kind. Raises Rejected."""
    text, kind = records.split_label(label_in(concept))
    if not text:
        raise Rejected("code says nothing but its kind")
    return text, kind


def _term(
    entry: BundleEntry,
    whose: str,
    concept: Element,
    since: date | None,
    until: date | None,
) -> ImportedTerm:
    """Return a term that is in no list yet."""
    patient_id = entry.bundle.id_of(entry.resource.get(whose), "Patient")
    if not patient_id:
        raise Rejected(f"{whose} is no Patient")
    system, code, _ = coding_in(concept)
    # What has an end but no beginning was there at least on its last day; without a
    # first day it would be read as still going on.
    since = since or until
    return ImportedTerm(
        patient=patient_id,
        text=label_in(concept),
        since=since,
        # Some systems have ends before the beginnings.
        until=max(since, until) if since and until else None,
        system=system,
        code=code,
        is_listed=False,
    )


# By type: the kind of its terms while they wait, and how they are read.
TERMS: Final[Mapping[str, tuple[str, ReadTerms]]] = {
    "AllergyIntolerance": ("allergies", allergy),
    "Condition": ("medical_history", condition),
    "MedicationRequest": ("current_medications", medication_request),
    "MedicationStatement": ("current_medications", medication_statement),
    "Observation": ("observations", observation),
    "Encounter": ("encounters", encounter),
}
