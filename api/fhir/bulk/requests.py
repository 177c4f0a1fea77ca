"""The request of a bulk export, read into the services' terms."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from fastapi import Request

from api.core.dependencies import Caller
from api.fhir.bulk.operations import OF_GROUP, PARAMETERS
from api.fhir.definitions import BulkOperation
from api.fhir.searching import BESIDE, Pairs, is_lenient
from api.fhir.table import BULK_SOURCES
from services.core.actors import Permission
from services.core.errors import InvalidInput, NotAllowed
from services.fhir.bulk_exports.model import ExportRequest, NothingToExport

REASON_HEADER: Final = "X-Chartroom-Reason"
NDJSON: Final = "application/fhir+ndjson"
_FORMATS: Final = frozenset({NDJSON, "application/ndjson", "ndjson"})
_RESPOND_ASYNC: Final = re.compile(r"\brespond-async\b", re.IGNORECASE)


def read_request(
    caller: Caller,
    request: Request,
    address: str,
    pairs: Pairs,
    operation: BulkOperation,
) -> ExportRequest:
    """Read the request of an export; raises InvalidInput, NotAllowed."""
    _require_purpose(caller)
    _require_reach(caller, operation)
    caller.require(Permission.EXPORT_PATIENTS)
    if not any(map(_RESPOND_ASYNC.search, request.headers.getlist("prefer"))):
        sentence = 'Exports are asynchronous: send "Prefer: respond-async".'
        raise InvalidInput("Prefer", sentence)
    export_pairs = [(name, value) for name, value in pairs if name not in BESIDE]
    lenient = is_lenient(request.headers)
    passed_over = _unknown_in(export_pairs, is_lenient=lenient)
    given: dict[str, list[str]] = {}
    for name, value in export_pairs:
        if name in PARAMETERS and value:
            given.setdefault(name, []).append(value)
    _require_format(_value(given, "_outputFormat"))
    types, others = _types_in(given.get("_type", []), is_lenient=lenient)
    query = urlencode(export_pairs)
    return ExportRequest(
        address=f"{address}?{query}" if query else address,
        types=_allowed(caller, types, operation),
        reason=caller.export_purpose or _reason_in(request),
        since=_since(_value(given, "_since")),
        passed_over=(*passed_over, *others),
        of_patients=operation.of_patients,
    )


def _require_purpose(caller: Caller) -> None:
    if caller.resource_scopes is not None and caller.export_purpose is None:
        caller.refuse(NothingToExport())


def _require_reach(caller: Caller, operation: BulkOperation) -> None:
    if caller.is_limited_to_groups and operation is not OF_GROUP:
        caller.refuse(
            NotAllowed(
                "This system may export only the groups granted to it: use "
                "Group/{id}/$export. An administrator grants groups on the page "
                "Connected systems."
            )
        )


def _unknown_in(pairs: Pairs, *, is_lenient: bool) -> list[str]:
    unknown = sorted({name[:40] for name, _ in pairs if name not in PARAMETERS})
    if unknown and not is_lenient:
        known = ", ".join(PARAMETERS)
        raise InvalidInput(
            unknown[0],
            f'$export has no parameter "{unknown[0]}". Supported: {known}. With '
            '"Prefer: handling=lenient", unknown parameters are ignored.',
        )
    return unknown


def _types_in(values: list[str], *, is_lenient: bool) -> tuple[list[str], list[str]]:
    """Return the types asked for that can be exported here, and all others."""
    named = dict.fromkeys(kind for value in values for kind in value.split(",") if kind)
    known = [kind for kind in named if kind in BULK_SOURCES]
    others = [f"_type={kind[:40]}" for kind in named if kind not in BULK_SOURCES]
    if (others and not is_lenient) or (values and not known):
        raise InvalidInput("_type", f"_type must be one of {', '.join(BULK_SOURCES)}.")
    return known, others


def _allowed(
    caller: Caller, types: list[str], operation: BulkOperation
) -> tuple[str, ...]:
    """Return the types asked for or, without any, all that the caller may read."""
    actor, scopes = caller.actor, caller.resource_scopes
    offered = {
        kind: source
        for kind, source in BULK_SOURCES.items()
        if source.is_of_patients or not operation.of_patients
    }
    for kind in types:
        if kind not in offered:
            raise InvalidInput(
                "_type", f"{kind} is not about patients: use the system-level $export."
            )
        # First, so that a system learns which of SMART's scopes it lacks.
        _require_scope(caller, kind)
        caller.require(offered[kind].permission_of(actor))
    if types:
        return tuple(types)
    allowed = tuple(
        kind
        for kind, source in offered.items()
        if actor.may(source.permission_of(actor))
        and (scopes is None or kind in scopes.exported)
    )
    if not allowed:
        _require_scope(caller, "Patient")
        caller.require(Permission.VIEW_PATIENT)
    return allowed


def _require_scope(caller: Caller, kind: str) -> None:
    try:
        caller.require_export_of(kind)
    except NotAllowed as refusal:
        caller.refuse(refusal)


def _require_format(value: str | None) -> None:
    # A plus sign in a query string is decoded as a space.
    if value is not None and value.replace(" ", "+").lower() not in _FORMATS:
        raise InvalidInput("_outputFormat", f"_outputFormat must be {NDJSON}.")


def _since(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value.replace(" ", "+"))
        # In UTC, since PostgreSQL does not accept every valid offset.
        since = instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        since = None
    if since is None:
        raise InvalidInput(
            "_since",
            "_since must be an instant with a time zone, such as 2026-11-23T10:00:00Z.",
        )
    return since


def _value(given: dict[str, list[str]], name: str) -> str | None:
    values = given.get(name, [None])
    if len(values) > 1:
        raise InvalidInput(name, f"{name} is given more than once.")
    return values[0]


def _reason_in(request: Request) -> str:
    """Return the reason of an export: a header, since parameters are in addresses."""
    said = request.headers.get(REASON_HEADER, "")
    # Clients send non-ASCII letters either as UTF-8 or as Latin-1.
    with suppress(UnicodeDecodeError):
        said = said.encode("latin-1").decode()
    if not said.strip():
        raise InvalidInput(
            REASON_HEADER,
            f"The header {REASON_HEADER} is required: state what the export is for. "
            "The reason is recorded in the audit log.",
        )
    return said
