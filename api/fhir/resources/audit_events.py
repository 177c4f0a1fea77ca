"""AuditEvent: events of the audit log, for administrators."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import audit_codes, parameters, systems
from api.fhir.definitions import (
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
    uuid_of,
    without_empty,
)
from services.audit.log import AuditCursor, AuditFilter
from services.audit.log.events import (
    LoggedEvent,
    count_events,
    get_event,
    list_events,
)
from services.core.errors import InvalidInput
from services.lists.criteria import Direction

NAME: Final = "AuditEvent"
# The kinds of things in the log that are resources here, with their object role in
# FHIR.
_KINDS: Final = {
    "patient": ("Patient", "1"),
    "document": ("DocumentReference", "3"),
    "doctor": ("Practitioner", "15"),
    "booking": ("Appointment", "4"),
    "visit": ("Encounter", "4"),
    "slot": ("Slot", "4"),
}
# One event may name everybody whom a long list showed.
MOST_LISTED: Final = 200
_PEOPLE: Final = frozenset({"patient", "doctor", "user"})
_PERSON, _THING = (coding(systems.AUDIT_ENTITY_TYPE, code) for code in ("1", "2"))
_USER_ROLE: Final = coding(systems.OBJECT_ROLE, "11")
_REQUEST: Final = coding(systems.BALP_ENTITY_TYPE, "XrequestId")
_IP_ADDRESS: Final = "2"
_SERVER: Final = coding(systems.AUDIT_SOURCE_TYPE, "4")


def audit_event_resource(event: LoggedEvent) -> Resource:
    """Return the AuditEvent, which shows no more than the page of the audit log."""
    entry = event.entry
    return without_empty(
        {
            "resourceType": NAME,
            "id": str(event.id),
            # Events never change: the first version is the only one.
            "meta": meta(1, event.kept_at),
            "type": audit_codes.type_of(entry.action),
            "subtype": audit_codes.subtypes_of(entry.action),
            "action": audit_codes.code_of(entry.action),
            "recorded": instant(entry.at),
            # The log may contain an unknown outcome that somebody wrote into it.
            "outcome": audit_codes.OUTCOMES.get(entry.outcome, "8"),
            "outcomeDesc": entry.details,
            "purposeOfEvent": [concept(entry.reason)] if entry.reason else None,
            "agent": [_agent(event)],
            "source": {"observer": {"display": "Chartroom"}, "type": [_SERVER]},
            "entity": list(_entities(event)),
        }
    )


def _agent(event: LoggedEvent) -> Resource:
    entry = event.entry
    who = {"display": entry.who}
    role = concept(entry.role, coding(systems.ROLE, entry.role))
    network = {"address": entry.network, "type": _IP_ADDRESS}
    return without_empty(
        {
            "role": [role] if entry.role else None,
            "who": who | _identified(systems.USER, entry.actor_id),
            "requestor": True,
            "network": network if entry.network else None,
        }
    )


def _identified(system: str, value: object) -> Resource:
    if not value:
        return {}
    return {"identifier": {"system": system, "value": str(value)}}


def _entities(event: LoggedEvent) -> Iterator[Resource]:
    """Yield the patients, what else the event is about, and the request it was in."""
    patients = dict.fromkeys(filter(None, (event.entry.patient_id, *event.shown)))
    for patient_id in patients:
        yield _entity("patient", str(patient_id))
    kind, id_ = event.subject_kind, event.subject_id
    if kind and id_ and (kind != "patient" or id_ not in map(str, patients)):
        yield _entity(kind, id_)
    if event.entry.request_id:
        what = _identified(f"{systems.OF_KIND}request", event.entry.request_id)
        yield {"what": what, "type": _REQUEST}


def _entity(kind: str, id_: str) -> Resource:
    if kind in _KINDS:
        type_, role = _KINDS[kind]
        what = {"reference": f"{type_}/{id_}"}
        played = coding(systems.OBJECT_ROLE, role)
    else:
        what = _identified(f"{systems.OF_KIND}{kind.replace(' ', '-')}", id_)
        if kind == "prescription":
            what = _identified(systems.UUID_URI, f"urn:uuid:{id_}")
        played = _USER_ROLE if kind == "user" else coding(systems.OBJECT_ROLE, "4")
    type_code = _PERSON if kind in _PEOPLE else _THING
    return {"what": what, "type": type_code, "role": played}


def filter_of(values: Mapping[str, Sequence[str]], zone: tzinfo) -> AuditFilter | None:
    """Return the filter of the log for these parameters; days are those of the zone.

    None if nothing can match. Raises InvalidInput.
    """
    since, until = parameters.stretch("date", values.get("date", ()), zone)
    name = "_lastUpdated"
    shipped_since, shipped_until = parameters.stretch(name, values.get(name, ()), zone)
    wanted = AuditFilter(
        since=since,
        until=until,
        shipped_since=shipped_since,
        shipped_until=shipped_until,
        event_ids=frozenset(map(uuid_of, values.get("_id", ()))),
    )
    narrowed: AuditFilter | None = wanted
    for narrow in (_with_actions, _with_outcome, _with_people, _with_entity):
        narrowed = None if narrowed is None else narrow(narrowed, values)
    return narrowed


def _with_actions(
    wanted: AuditFilter, values: Mapping[str, Sequence[str]]
) -> AuditFilter | None:
    actions: frozenset[str] | None = None
    for name, find in _ACTIONS.items():
        if name in values:
            met = frozenset[str]().union(*map(find, values[name]))
            actions = met if actions is None else actions & met
    if actions is None:
        return wanted
    return replace(wanted, actions=actions) if actions else None


_ACTIONS: Final = {
    "type": audit_codes.with_type,
    "subtype": audit_codes.with_subtype,
    "action": audit_codes.with_code,
}


def _with_outcome(
    wanted: AuditFilter, values: Mapping[str, Sequence[str]]
) -> AuditFilter | None:
    value = _value("outcome", values)
    if value is None:
        return wanted
    outcome = next(audit_codes.outcomes_of(value), None)
    return replace(wanted, outcome=outcome) if outcome else None


def _with_people(
    wanted: AuditFilter, values: Mapping[str, Sequence[str]]
) -> AuditFilter | None:
    agent, patient = _value("agent", values), _value("patient", values)
    if agent is not None:
        system, bar, value = agent.rpartition("|")
        if bar and system != systems.USER:
            return None
        wanted = replace(wanted, actor_id=uuid_of(value))
    if patient is not None:
        id_ = parameters.reference_to("Patient", patient)
        wanted = replace(wanted, patient_id=uuid_of(id_))
    return wanted


def _with_entity(
    wanted: AuditFilter, values: Mapping[str, Sequence[str]]
) -> AuditFilter | None:
    reference = _value("entity", values)
    if reference is None:
        return wanted
    path, _, id_ = reference.rpartition("/")
    kind = path.rpartition("/")[2]
    if kind == "Patient":
        is_other = wanted.patient_id not in {None, uuid_of(id_)}
        return None if is_other else replace(wanted, patient_id=uuid_of(id_))
    kinds = {type_: kind for kind, (type_, _) in _KINDS.items()}
    if kind and kind not in kinds:
        return None
    return replace(wanted, subject_kind=kinds.get(kind), subject_id=id_)


def _value(name: str, values: Mapping[str, Sequence[str]]) -> str | None:
    given = values.get(name, ())
    if len(given) > 1:
        raise InvalidInput(name, f"Only one {name} can be given.")
    return given[0] if given else None


def _dated(name: str, documentation: str) -> SearchParameter:
    return SearchParameter(name, "date", documentation, parameters.keeping_dates(name))


def _read(session: Session, caller: Caller, id_: str) -> Resource:
    store = caller.stores.audit
    return audit_event_resource(get_event(session, store, caller.actor, uuid_of(id_)))


def _search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
    actor, store = wanted.actor, wanted.caller.stores.audit
    audit_filter = filter_of(wanted.values, page.zone)
    if audit_filter is None:
        # A filter that matches nothing: the query still runs, so that it can be
        # refused.
        audit_filter = AuditFilter(event_ids=frozenset({uuid_of("")}))
    total = None
    if page.is_counted:
        count = count_events(session, store, actor, audit_filter)
        total = count.value if count.is_exact else None
    orders, size = wanted.criteria.orders, min(page.size, MOST_LISTED)
    listed = list_events(
        session,
        store,
        actor,
        audit_filter,
        size=size or 1,
        after=_cursor_of(page.after) if page.after else None,
        oldest_first=bool(orders) and orders[0].direction is Direction.ASC,
    )
    events = listed.events[:size]
    goes_on = _text_of(listed.next) if listed.next else None
    return SearchPage(list(map(audit_event_resource, events)), goes_on, total)


def _text_of(cursor: AuditCursor) -> str:
    return f"{cursor.at.isoformat()} {cursor.sequence}"


def _cursor_of(text: str) -> AuditCursor:
    at, _, sequence = text.partition(" ")
    return AuditCursor(datetime.fromisoformat(at), int(sequence))


AUDIT_EVENT: Final = ResourceType(
    name=NAME,
    documentation="The audit log, newest events first. Administrators only.",
    read=_read,
    search=_search,
    parameters=(
        SearchParameter(
            "_id", "token", "Logical id of the resource.", parameters.keeping("_id")
        ),
        _dated("_lastUpdated", "When the event was added to the audit log."),
        _dated("date", "When the event occurred."),
        *(
            SearchParameter(name, "reference", text, parameters.keeping(name))
            for name, text in (
                ("agent", "Who acted: the id in who.identifier."),
                ("patient", "The patient concerned, also as one of several."),
                ("entity", "The resource that the event is about."),
            )
        ),
        *(
            SearchParameter(name, "token", text, parameters.keeping(name))
            for name, text in (
                ("type", "Kind of event, as a DICOM code."),
                ("subtype", "The action, as the clinic's code or a DICOM code."),
                ("action", "One of C, R, U, D and E."),
                ("outcome", "0 (done), 4 (refused) or 8 (failed)."),
            )
        ),
    ),
    sorts={"date": "at"},
)
