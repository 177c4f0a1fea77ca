"""The arguments of an operation, from its address or from a Parameters resource."""

from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, HTTPException, Request

from api.core.bodies import parse_json, read_bounded
from api.core.dependencies import Caller, program
from api.core.outcomes import FHIR_JSON
from api.fhir.definitions import Arguments, DocumentOperation, Operation
from api.fhir.searching import BESIDE, Pairs
from services.core.errors import InvalidInput
from services.core.typed_text import is_storable

_TYPES: Final = frozenset({FHIR_JSON, "application/json"})
# The types of a parameter's value; of a Reference, its `reference` is used.
_VALUES: Final = (
    "valueString",
    "valueDateTime",
    "valueInstant",
    "valueDate",
    "valueCode",
    "valueUri",
    "valueCanonical",
    "valueInteger",
    "valueReference",
)


async def parameters_sent(
    request: Request, _: Annotated[Caller, Depends(program)]
) -> Pairs:
    """Return the names and values of the Parameters sent, once the caller is known."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() not in _TYPES:
        raise HTTPException(415, f"Send a Parameters resource as {FHIR_JSON}.")
    try:
        sent = parse_json(await read_bounded(request))
    except orjson.JSONDecodeError as error:
        raise InvalidInput("body", "The body is not JSON.") from error
    if not isinstance(sent, dict) or sent.get("resourceType") != "Parameters":
        raise InvalidInput("body", "Send a Parameters resource.")
    parameters = sent.get("parameter", [])
    if not isinstance(parameters, list):
        raise InvalidInput("parameter", "parameter must be a list.")
    return [*request.query_params.multi_items(), *map(_pair_of, parameters)]


def _pair_of(parameter: Any) -> tuple[str, str]:
    if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
        raise InvalidInput("parameter", "Each parameter must have a name and a value.")
    name = parameter["name"][:40]
    values = [parameter[key] for key in _VALUES if key in parameter]
    if len(values) != 1:
        raise InvalidInput(
            name, f"{name} must have exactly one value, as one of {_OFFERED}."
        )
    [value] = values
    if isinstance(value, dict):
        value = value.get("reference")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidInput(name, f"The value of {name} cannot be read.")
    return name, str(value)


def read_arguments(
    operation: Operation | DocumentOperation, pairs: Pairs, base: str
) -> Arguments:
    """Return the values of each parameter; raises InvalidInput for an unknown one.

    `base` is the base URL of FHIR here.
    """
    arguments: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in BESIDE:
            continue
        if name not in operation.parameters:
            known = ", ".join(operation.parameters)
            raise InvalidInput(
                name[:40],
                f'${operation.name} has no parameter "{name[:40]}". Supported: '
                f"{known}.",
            )
        if not is_storable(value):
            raise InvalidInput(
                name, f"{name} contains a character that cannot be stored."
            )
        is_reference = name.endswith("-reference")
        known_here = _local(name, value, base) if is_reference else value
        arguments.setdefault(name, []).append(known_here)
    return arguments


def _local(name: str, value: str, base: str) -> str:
    """Return what a reference names on this server; raises InvalidInput.

    What is booked must not become a visit of a patient who has the same id here as
    another one has elsewhere, such as in a copy of the clinic for trying things out.
    """
    local = value.removeprefix(f"{base}/")
    if "://" in local:
        raise InvalidInput(name, f"{name} must be on this server, given as type/id.")
    return local


_OFFERED: Final = ", ".join(_VALUES)
