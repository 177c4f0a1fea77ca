"""`$export` by Bulk Data Access 2.0: where it can be called, with which parameters.

https://hl7.org/fhir/uv/bulkdata/STU2/. The OperationDefinitions are made from the same
table by which requests are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir.definitions import BulkOperation, Resource, ResourceType
from services.core.errors import NotFound

_DEFINED: Final = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
IMPLEMENTS: Final = (
    "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data|2.0.0"
)
EXPORT: Final = "export"


@dataclass(frozen=True, slots=True)
class _Parameter:
    type: str
    most: str
    documentation: str


PARAMETERS: Final[Mapping[str, _Parameter]] = {
    "_outputFormat": _Parameter(
        "string",
        "1",
        "application/fhir+ndjson, application/ndjson or ndjson; all are equivalent.",
    ),
    "_since": _Parameter(
        "instant",
        "1",
        "Only resources changed after this instant.",
    ),
    "_type": _Parameter(
        "string",
        "*",
        "Comma-separated resource types; by default all that you may read.",
    ),
}
OF_ALL: Final = BulkOperation(
    id="export",
    base=f"{_DEFINED}/export",
    documentation="All resources that you may read.",
    of_patients=False,
)
OF_PATIENTS: Final = BulkOperation(
    id="patient-export",
    base=f"{_DEFINED}/patient-export",
    documentation="All resources that you may read about patients.",
    of_patients=True,
)
OF_GROUP: Final = BulkOperation(
    id="group-export",
    base=f"{_DEFINED}/group-export",
    documentation="All resources that you may read about the patients of a "
    "view or a cohort.",
    of_patients=True,
)
_CALLED_ON: Final[tuple[tuple[BulkOperation, dict[str, Any]], ...]] = (
    (OF_ALL, {"system": True, "type": False, "instance": False}),
    (
        OF_PATIENTS,
        {"resource": ["Patient"], "system": False, "type": True, "instance": False},
    ),
    (
        OF_GROUP,
        {"resource": ["Group"], "system": False, "type": False, "instance": True},
    ),
)


def definition_of(operation: BulkOperation, called_on: Mapping[str, Any]) -> Resource:
    """Return the OperationDefinition of an export."""
    return {
        "resourceType": "OperationDefinition",
        "id": operation.id,
        "name": operation.id.title().replace("-", ""),
        "status": "active",
        "kind": "operation",
        "affectsState": False,
        "description": operation.documentation,
        "code": EXPORT,
        "base": operation.base,
        **called_on,
        "parameter": [
            {
                "name": name,
                "use": "in",
                "min": 0,
                "max": parameter.most,
                "documentation": parameter.documentation,
                "type": parameter.type,
            }
            for name, parameter in PARAMETERS.items()
        ],
    }


def _read(_: Session, __: Caller, id_: str) -> Resource:
    for operation, called_on in _CALLED_ON:
        if operation.id == id_:
            return definition_of(operation, called_on)
    raise NotFound("There is no such operation.")


OPERATION_DEFINITION: Final = ResourceType(
    name="OperationDefinition",
    documentation="Definitions of $export: export, patient-export and group-export.",
    read=_read,
    is_versioned=False,
)
