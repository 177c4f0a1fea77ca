"""Group: patients under a name, saved as a list or a cohort."""

from typing import Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import parameters
from api.fhir.definitions import (
    PageWanted,
    Resource,
    ResourceType,
    SearchPage,
    SearchParameter,
    Wanted,
    instant,
    page_of,
    uuid_of,
)
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import NothingToExport, PatientGroup

NAME: Final = "Group"


def group_resource(group: PatientGroup) -> Resource:
    """Return the Group, whose members only an export lists."""
    return {
        "resourceType": NAME,
        "id": str(group.id),
        "meta": {"lastUpdated": instant(group.created_at)},
        "active": True,
        "type": "person",
        # The members follow from the saved criteria, and change with the records.
        "actual": True,
        "code": {"text": "Cohort" if group.subject == "cohorts" else "List"},
        "name": group.name,
    }


def find_group(session: Session, caller: Caller, id_: str) -> PatientGroup:
    """Return a group of the caller's; for a connected system, one that was granted.

    Raises NoSuchGroup, GroupNotGranted, NothingToExport, NotAllowed.
    """
    find = bulk_exports.get_granted if _is_system(caller) else bulk_exports.get_group
    return find(session, caller.actor, uuid_of(id_))


def _is_system(caller: Caller) -> bool:
    """Return whether a connected system calls; raises NothingToExport."""
    # Patients' apps have such scopes as well, and may not read groups.
    if caller.resource_scopes is None:
        return False
    if caller.export_purpose is None:
        raise NothingToExport
    return True


def _read(session: Session, caller: Caller, id_: str) -> Resource:
    return group_resource(find_group(session, caller, id_))


def _search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
    is_system = _is_system(wanted.caller)
    listed = bulk_exports.list_granted if is_system else bulk_exports.list_groups
    groups = listed(session, wanted.actor)
    ids = wanted.values.get("_id")
    met = [group for group in groups if ids is None or str(group.id) in ids]
    return page_of(met, group_resource, page)


GROUP: Final = ResourceType(
    name=NAME,
    documentation=(
        "Views and cohorts that you have saved, for export; for a "
        "connected system, the groups granted to it."
    ),
    read=_read,
    search=_search,
    parameters=(
        SearchParameter(
            "_id", "token", "Logical id of the resource.", parameters.keeping("_id")
        ),
    ),
    is_versioned=False,
)
