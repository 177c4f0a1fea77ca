"""Third-party libraries that know the elements of R4's resources, and their rules."""

import atexit
import json
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Final

import fhirkit
from fhir.resources.R4B import get_fhir_model_class
from fhirclient.models.fhirelementfactory import FHIRElementFactory
from fhirpathpy import compile as compile_fhirpath
from fhirpathpy.models import models
from playwright._impl._driver import compute_driver_executable

_VERIFICATION: Final = (
    "verificationStatus.coding.where(system = 'http://terminology.hl7.org/CodeSystem/"
    "{}' and code = 'entered-in-error')"
)
_ALLERGY: Final = _VERIFICATION.format("allergyintolerance-verification")
_CONDITION: Final = _VERIFICATION.format("condition-ver-status")
# The invariants of R4 that what is served here could break, by their keys:
# http://hl7.org/fhir/R4, each on the page of its type.
INVARIANTS: Final[dict[str, dict[str, str]]] = {
    "AllergyIntolerance": {
        "ait-1": f"{_ALLERGY}.exists() or clinicalStatus.exists()",
        "ait-2": f"{_ALLERGY}.empty() or clinicalStatus.empty()",
    },
    "Appointment": {
        "app-1": "participant.all(type.exists() or actor.exists())",
        "app-2": "start.exists() = end.exists()",
        "app-3": "(start.exists() and end.exists()) or "
        "(status in ('proposed' | 'cancelled' | 'waitlist'))",
        "app-4": "cancelationReason.exists() implies "
        "(status = 'no-show' or status = 'cancelled')",
    },
    "AuditEvent": {"sev-1": "entity.all(name.empty() or query.empty())"},
    "Bundle": {
        "bdl-1": "total.empty() or (type = 'searchset') or (type = 'history')",
        "bdl-2": "entry.search.empty() or (type = 'searchset')",
        "bdl-3": "entry.all(request.exists() = (%resource.type = 'batch' or "
        "%resource.type = 'transaction' or %resource.type = 'history'))",
        "bdl-4": "entry.all(response.exists() = (%resource.type = 'batch-response' or "
        "%resource.type = 'transaction-response' or %resource.type = 'history'))",
        "bdl-5": "entry.all(resource.exists() or request.exists() or "
        "response.exists())",
        "bdl-7": "(type = 'history') or entry.where(fullUrl.exists())"
        ".select(fullUrl & resource.meta.versionId).isDistinct()",
    },
    "CapabilityStatement": {
        "cpb-1": "rest.exists() or messaging.exists() or document.exists()",
        "cpb-2": "(description | software | implementation).count() > 0",
        "cpb-9": "rest.all(resource.select(type).isDistinct())",
        "cpb-12": "rest.resource.all(searchParam.select(name).isDistinct())",
        "cpb-14": "(kind != 'instance') or implementation.exists()",
    },
    "Condition": {
        "con-4": "abatement.empty() or clinicalStatus.exists()",
        "con-5": f"{_CONDITION}.empty() or clinicalStatus.empty()",
    },
    "Observation": {
        "obs-6": "dataAbsentReason.empty() or value.empty()",
        "obs-7": "value.empty() or component.code.where("
        "coding.intersect(%resource.code.coding).exists()).empty()",
        "vs-2": "(component.empty() and hasMember.empty()) implies "
        "(dataAbsentReason.exists() or value.exists())",
    },
    "Patient": {
        "pat-1": "contact.all(name.exists() or telecom.exists() or address.exists() "
        "or organization.exists())",
        "cpt-2": "telecom.all(value.empty() or system.exists())",
    },
}


# Where script/setup puts the packages of node/package.json, if there is an npm.
_PACKAGES: Final = Path(__file__).resolve().parents[3] / ".venv" / "fhir"
HAS_NODE: Final = (_PACKAGES / ".installed").exists()


def validate(resource: dict[str, Any]) -> None:
    """Raise an error if any of the libraries rejects the resource."""
    kind = resource["resourceType"]
    get_fhir_model_class(kind).model_validate(resource)
    FHIRElementFactory.instantiate(kind, resource)
    # The only one of the three made for R4 itself, not for R4B or a draft of R4.
    if problems := fhirkit.validate(resource):
        raise ValueError("; ".join(map(str, problems)))
    for key in INVARIANTS.get(kind, ()):
        if _invariant(kind, key)(resource, {"resource": resource}) != [True]:
            raise ValueError(f"{kind} breaks {key}")
    if HAS_NODE and (problems := find_problems_with_node(resource)):
        raise ValueError("; ".join(problems))


def find_problems_with_node(resource: dict[str, Any]) -> list[str]:
    """Return what JavaScript's libraries find wrong with a resource, a sentence each.

    They know the codes of required value sets, and US Core 5.0.1's profiles of
    patients, blood pressures and prescriptions, which Python's do not.
    """
    stdin, answers = _node()
    stdin.write(json.dumps(resource) + "\n")
    stdin.flush()
    return json.loads(answers.readline())


@cache
def _node() -> tuple[Any, Any]:
    # Playwright brings its own Node.js; loading the definitions takes a second.
    node, _ = compute_driver_executable()
    script = Path(__file__).parent / "node" / "validate.js"
    process = Popen([node, script, _PACKAGES], stdin=PIPE, stdout=PIPE, text=True)
    atexit.register(process.kill)
    return process.stdin, process.stdout


@cache
def _invariant(kind: str, key: str) -> Any:
    return compile_fhirpath(INVARIANTS[kind][key], models["r4"])
