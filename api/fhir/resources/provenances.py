"""Provenance: who made a version of a record, and when."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import parameters, systems
from api.fhir.definitions import (
    Include,
    PageWanted,
    Resource,
    ResourceType,
    SearchPage,
    SearchParameter,
    Wanted,
    coding,
    concept,
    instant,
    meta,
    page_of,
    uuid_of,
    without_empty,
)
from api.fhir.searching import COUNT
from services.audit.log import phrase_of
from services.audit.log.document_revisions import list_document_revisions
from services.audit.log.makers import Maker
from services.audit.log.patient_versions import list_patient_versions
from services.consultations.prescriptions.changes import list_changes
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound

NAME: Final = "Provenance"
# Each record's versions take a query of the log of their own.
MOST_INCLUDED: Final = 50
# Any permission to read one of these records allows asking who made them.
_READERS: Final = (
    Permission.VIEW_PATIENT,
    Permission.VIEW_OWN_RECORD,
    Permission.VIEW_DOCUMENTS,
    Permission.VIEW_OWN_DOCUMENTS,
    Permission.VIEW_PRESCRIPTIONS,
    Permission.VIEW_OWN_PRESCRIPTIONS,
)


@dataclass(frozen=True, slots=True)
class MadeVersion:
    """A version of the record with the reference `target`, and who made it, and how."""

    target: str
    number: int
    at: datetime
    maker: Maker
    action: Action


def provenance_resource(made: MadeVersion) -> Resource:
    """Return the Provenance of one version; its id is made from the version's."""
    return {
        "resourceType": NAME,
        "id": f"{made.target.replace('/', '.')}.{made.number}",
        # The origin of a version never changes.
        "meta": meta(1, made.at),
        "target": [{"reference": f"{made.target}/_history/{made.number}"}],
        "recorded": instant(made.at),
        "activity": concept(
            phrase_of(made.action),
            coding(systems.DATA_OPERATION, _operation(made)),
            coding(systems.AUDIT_ACTION, made.action),
        ),
        "agent": [_agent(made.maker)],
    }


def _operation(made: MadeVersion) -> str:
    if made.number == 1:
        return "CREATE"
    return "DELETE" if made.action is Action.DOCUMENT_DELETE else "UPDATE"


def _agent(maker: Maker) -> Resource:
    who: Resource = {"display": maker.name}
    if maker.id is not None:
        who["identifier"] = {"system": systems.USER, "value": str(maker.id)}
    role = concept(maker.role, coding(systems.ROLE, maker.role))
    return without_empty(
        {
            "type": concept("", coding(systems.PARTICIPANT_TYPE, "author")),
            "role": [role] if maker.role else None,
            "who": who,
        }
    )


def _of_patient(session: Session, caller: Caller, id_: str) -> list[MadeVersion]:
    versions = list_patient_versions(
        session, caller.stores.audit, caller.actor, uuid_of(id_)
    )
    # For imported versions nobody knows who made them.
    return [
        MadeVersion(
            f"Patient/{id_}",
            version.record.version,
            version.made_at,
            version.maker,
            version.action,
        )
        for version in versions
        if version.made_at and version.maker and version.action
    ]


def _of_document(session: Session, caller: Caller, id_: str) -> list[MadeVersion]:
    revisions = list_document_revisions(
        session, caller.stores.audit, caller.actor, uuid_of(id_)
    )
    return [
        MadeVersion(
            f"DocumentReference/{id_}",
            revision.record.revision,
            revision.made_at,
            revision.maker,
            revision.action,
        )
        for revision in revisions
        if revision.made_at and revision.maker and revision.action
    ]


def _of_prescribed_drug(
    session: Session, caller: Caller, id_: str
) -> list[MadeVersion]:
    prescription_id, _, line = id_.partition(".")
    changes = list_changes(
        session, caller.stores.audit, caller.actor, uuid_of(prescription_id)
    )
    target = f"MedicationRequest/{id_}"
    return [
        MadeVersion(target, change.number, change.made_at, change.maker, change.action)
        for change in changes
        if line in map(str, range(1, change.lines + 1))
    ]


_VERSIONS: Final[dict[str, Callable[[Session, Caller, str], list[MadeVersion]]]] = {
    "Patient": _of_patient,
    "DocumentReference": _of_document,
    "MedicationRequest": _of_prescribed_drug,
}
_KIND: Final = "|".join(_VERSIONS)
_TARGET: Final = re.compile(
    rf"(?:.*/)?(?P<kind>{_KIND})/(?P<id>[A-Za-z0-9.-]{{1,64}})"
    r"(?:/_history/(?P<number>[0-9]{1,9}))?"
)
_ID: Final = re.compile(
    rf"(?P<kind>{_KIND})\.(?P<id>[A-Za-z0-9.-]+)\.(?P<number>[0-9]{{1,9}})"
)


def _made(
    session: Session, caller: Caller, named: re.Match[str]
) -> Sequence[MadeVersion]:
    """Return the origin of the named version, or of all versions if none is named."""
    versions = _versions(session, caller, named["kind"], named["id"])
    number = named["number"]
    return [version for version in versions if number in {None, str(version.number)}]


def _versions(
    session: Session, caller: Caller, kind: str, id_: str
) -> list[MadeVersion]:
    # Knowing who made a record reveals something about the record.
    caller.require_type(kind)
    return _VERSIONS[kind](session, caller, id_)


def _require(actor: Actor) -> None:
    if not any(map(actor.may, _READERS)):
        actor.require(Permission.VIEW_PATIENT)


def _read(session: Session, caller: Caller, id_: str) -> Resource:
    _require(caller.actor)
    named = _ID.fullmatch(id_)
    made = _made(session, caller, named) if named else ()
    if not made:
        raise NotFound("There is no such Provenance.")
    return provenance_resource(made[0])


def _search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
    caller = wanted.caller
    _require(caller.actor)
    ids, targets = wanted.values.get("_id", ()), wanted.values.get("target", ())
    if bool(ids) == bool(targets) or len(targets) > 1:
        raise InvalidInput("target", "Give either one target or _id.")
    if ids:
        resources = []
        for id_ in dict.fromkeys(ids):
            with suppress(NotFound):
                resources.append(_read(session, caller, id_))
        return page_of(resources, dict, page)
    named = _TARGET.fullmatch(targets[0])
    if named is None:
        raise InvalidInput(
            "target",
            "target must be a reference with its type, such as Patient/id; "
            f"supported: {_known()}.",
        )
    return page_of(_made(session, caller, named), provenance_resource, page)


def _known() -> str:
    return ", ".join(_VERSIONS)


def _include(
    session: Session, caller: Caller, resources: Sequence[Resource]
) -> list[Resource]:
    """Return the origins of all versions of the resources of a page."""
    caller.require_type(NAME)
    if len(resources) > MOST_INCLUDED:
        raise InvalidInput(
            COUNT,
            f"A page with {NAME} has at most {MOST_INCLUDED} resources: set a "
            "lower _count.",
        )
    return [
        provenance_resource(made)
        for resource in resources
        for made in _versions(session, caller, resource["resourceType"], resource["id"])
    ]


# The `_revinclude` of types that have Provenances.
BY_TARGET: Final[dict[str, Include]] = {f"{NAME}:target": _include}
PROVENANCE: Final = ResourceType(
    name=NAME,
    documentation=f"Who made each version of {_known()}.",
    read=_read,
    search=_search,
    parameters=(
        SearchParameter(
            "_id",
            "token",
            "Logical id of the resource; required unless target is given.",
            parameters.keeping("_id"),
        ),
        SearchParameter(
            "target",
            "reference",
            "The resource, or one version of it; required unless _id is given.",
            parameters.keeping("target"),
        ),
    ),
)
