"""What the International Patient Summary (IPS 2) requires of a document, as FHIRPath.

Of its profiles (http://hl7.org/fhir/uv/ips), what they add to R4, by element or
invariant: no available library has them. Preferred codes are not checked, because they
are only preferred.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from fhirpathpy import compile as compile_fhirpath
from fhirpathpy.models import models

_LOINC: Final = "coding.where(system = 'http://loinc.org' and code = '{}').exists()"
# The types of the resources in the required sections, and in others.
SECTIONS: Final[dict[str, frozenset[str]]] = {
    "10160-0": frozenset(
        {
            "MedicationStatement",
            "MedicationRequest",
            "MedicationAdministration",
            "MedicationDispense",
        }
    ),
    "48765-2": frozenset({"AllergyIntolerance"}),
    "11450-4": frozenset({"Condition"}),
    "8716-3": frozenset({"Observation"}),
}
_REQUIRED: Final = ("10160-0", "48765-2", "11450-4")
_SUBJECT: Final = {"subject.reference": "subject.reference.exists()"}
RULES: Final[dict[str, dict[str, str]]] = {
    "Bundle": {
        "identifier": "identifier.system.exists() and identifier.value.exists()",
        "type": "type = 'document'",
        "timestamp": "timestamp.exists()",
        "entry.fullUrl": "entry.all(fullUrl.exists())",
        "entry.search": "entry.all(search.empty())",
        "entry.request": "entry.all(request.empty() and response.empty())",
        "entry:composition": "entry.first().resource.ofType(Composition).exists()",
        "entry:patient": "entry.resource.ofType(Patient).count() = 1",
        "bdl-ips-1": "entry.tail().resource.ofType(Composition).empty()",
    },
    "Composition": {
        "type": f"type.{_LOINC.format('60591-5')}",
        "subject": "subject.reference.exists()",
        "author": "author.exists()",
        "title": "title.exists()",
        "date": "date.exists()",
        "section.text": "section.all(text.exists())",
        "section.section": "section.section.empty()",
        "section.title": "section.all(title.exists() and code.exists())",
        **{
            f"section:{code}": f"section.where(code.{_LOINC.format(code)}).count() = 1"
            for code in _REQUIRED
        },
        "ips-comp-1": "section.all(entry.reference.exists() or emptyReason.exists())",
        # R4's own rule: a section that gives a reason for being empty has no entries.
        "cmp-2": "section.all(emptyReason.empty() or entry.empty())",
    },
    "Patient": {
        "name": "name.exists()",
        "ips-pat-1": "name.all(family.exists() or given.exists() or text.exists())",
        "birthDate": "birthDate.exists()",
    },
    "AllergyIntolerance": {
        "code": "code.exists()",
        "patient.reference": "patient.reference.exists()",
        "verificationStatus": "verificationStatus.coding"
        ".where(code = 'entered-in-error').empty()",
    },
    "Condition": {"code": "code.exists()", **_SUBJECT},
    "MedicationRequest": {
        "medication": "medication.exists()",
        "status": "status != 'entered-in-error'",
        **_SUBJECT,
    },
    "MedicationStatement": {
        "medication": "medication.exists()",
        "status": "status != 'entered-in-error'",
        # Or the reason why it is unknown.
        "effective": "effective.exists()",
        **_SUBJECT,
    },
    # R4's profile of vital signs, which IPS uses.
    "Observation": {
        "category": "category.coding.where(system = 'http://terminology.hl7.org/"
        "CodeSystem/observation-category' and code = 'vital-signs').exists()",
        "code": "code.coding.exists()",
        "effective": "effective.exists()",
        "vs-1": "effective.toString().length() >= 10",
        "vs-2": "(component.empty() and hasMember.empty()) implies "
        "(dataAbsentReason.exists() or value.exists())",
        "vs-3": "component.all(value.exists() or dataAbsentReason.exists())",
        "value": "(value | component.value).all(system = 'http://unitsofmeasure.org' "
        "and code.exists())",
        **_SUBJECT,
    },
    "Organization": {"name": "name.exists()"},
    "Practitioner": {
        "name": "name.all(family.exists() or given.exists() or text.exists())"
    },
}


def problems_of(bundle: dict[str, Any]) -> list[str]:
    """Return which rules of IPS a document breaks, by type and rule."""
    return [*_problems(bundle)]


def _problems(bundle: dict[str, Any]) -> Iterator[str]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    for resource in (bundle, *resources):
        kind = resource["resourceType"]
        for key in RULES.get(kind, ()):
            if _rule(kind, key)(resource, {"resource": resource}) != [True]:
                yield f"{kind} breaks {key}"
    by_url = {
        entry["fullUrl"]: entry["resource"]
        for entry in bundle["entry"]
        if "fullUrl" in entry
    }
    yield from _dangling(by_url)
    yield from _misplaced(by_url)


def _dangling(by_url: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield broken references from resources that have no address of their own.

    The Composition refers only to resources in the document, as R4 requires; a relative
    reference means nothing next to a URN.
    """
    for url, resource in by_url.items():
        if url.startswith("urn:"):
            for reference in _references(resource):
                if reference not in by_url:
                    yield f"{resource['resourceType']} refers to {reference}"


def _references(element: Any) -> Iterator[str]:
    if isinstance(element, dict):
        if isinstance(element.get("reference"), str):
            yield element["reference"]
        for value in element.values():
            yield from _references(value)
    elif isinstance(element, list):
        for value in element:
            yield from _references(value)


def _misplaced(by_url: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the resources in sections that are for other types."""
    for resource in by_url.values():
        for section in resource.get("section", ()):
            code = section["code"]["coding"][0]["code"]
            for entry in section.get("entry", ()):
                kind = by_url.get(entry["reference"], {}).get("resourceType", "Nothing")
                if kind not in SECTIONS[code]:
                    yield f"{kind} is nothing for the section {code}"


@cache
def _rule(kind: str, key: str) -> Any:
    return compile_fhirpath(RULES[kind][key], models["r4"])
