"""Schedule and Slot: a doctor's times, and which of them are free."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import parameters, systems
from api.fhir.definitions import (
    PageWanted,
    Resource,
    ResourceType,
    SearchPage,
    SearchParameter,
    Wanted,
    instant,
    meta,
    page_of,
    uuid_of,
    without_empty,
)
from api.fhir.resources.practitioners import doctor_type
from services.core.errors import InvalidInput
from services.visits.schedule import slots
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.slots.records import SlotRecord

_STATUS: Final = {"free": "free", "held": "busy-tentative", "booked": "busy"}
# The standard's codes, also those that no slot has here.
_STATUSES: Final = (*_STATUS.values(), "busy-unavailable", "entered-in-error")
MOST_DAYS: Final = 62
_ASK: Final = (
    "Give a range such as start=ge2026-11-23&start=lt2026-11-30, or a day; at most "
    f"{MOST_DAYS} days."
)


def schedule_resource(doctor: DoctorRecord) -> Resource:
    """Return the container of a doctor's slots; its id is the doctor's."""
    practitioner = {"reference": f"Practitioner/{doctor.id}", "display": doctor.name}
    return without_empty(
        {
            "resourceType": "Schedule",
            "id": str(doctor.id),
            "meta": meta(doctor.revision, doctor.updated_at),
            "active": doctor.is_active,
            "specialty": [{"text": doctor.speciality}],
            "actor": [practitioner],
        }
    )


def slot_resource(slot: SlotRecord) -> Resource:
    """Return a doctor's slot; one that is held is tentatively busy."""
    return {
        "resourceType": "Slot",
        "id": str(slot.id),
        "meta": meta(slot.version, slot.changed_at),
        "schedule": {"reference": f"Schedule/{slot.doctor_id}"},
        "status": _STATUS[slot.state],
        "start": instant(slot.starts_at),
        "end": instant(slot.ends_at),
    }


def _read(session: Session, caller: Caller, id_: str) -> Resource:
    return slot_resource(slots.get_slot(session, caller.actor, uuid_of(id_)))


def _search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
    """Find the slots of a schedule that begin within some days, ordered by id."""
    schedules = wanted.values.get("schedule", ())
    if len(schedules) != 1:
        raise InvalidInput("schedule", "Exactly one schedule is required.")
    begin, end = _stretch(wanted.values.get("start", ()), page.zone)
    listed = slots.list_slots(
        session,
        wanted.actor,
        uuid_of(parameters.reference_to("Schedule", schedules[0])),
        begin,
        end,
        with_versions=True,
    )
    states = wanted.values.get("status", tuple(_STATUS.values()))
    is_meant = parameters.updated_within(wanted, page.zone)
    rows = [
        slot
        for slot in listed
        if _STATUS[slot.state] in states and is_meant(slot.changed_at)
    ]
    return page_of(rows, slot_resource, page)


def _stretch(values: Sequence[str], zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the bounds between which slots begin; raises InvalidInput."""
    first, last = parameters.stretch("start", values, zone)
    if first is None or last is None:
        raise InvalidInput("start", _ASK)
    if last - first > timedelta(days=MOST_DAYS, hours=1):
        raise InvalidInput("start", _ASK)
    return first, last


SCHEDULE: Final = doctor_type(
    "Schedule",
    "A doctor's schedule. The id is the doctor's.",
    schedule_resource,
    [
        SearchParameter(
            "actor",
            "reference",
            "The doctor whose schedule it is.",
            parameters.keeping("actor"),
        )
    ],
)
SLOT: Final = ResourceType(
    name="Slot",
    documentation="A doctor's slots: free, held or booked.",
    read=_read,
    search=_search,
    parameters=(
        SearchParameter(
            "schedule",
            "reference",
            "The schedule; required.",
            parameters.keeping("schedule"),
        ),
        SearchParameter(
            "start",
            "date",
            f"When the slot begins. {_ASK}",
            parameters.keeping_dates("start"),
        ),
        SearchParameter(
            "status",
            "token",
            f"One of {', '.join(_STATUS.values())}.",
            parameters.keeping_codes("status", _STATUSES, systems.SLOT_STATUS),
        ),
        parameters.LAST_UPDATED,
    ),
)
