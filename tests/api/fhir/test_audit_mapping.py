"""How the audit log becomes AuditEvents, and search parameters become a filter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from api.fhir import audit_codes, systems
from api.fhir.resources.audit_events import audit_event_resource, filter_of
from db.mongo.audit_store import AuditFilter
from services.audit.log import Entry
from services.audit.log.events import LoggedEvent
from services.core.audit import Action
from services.core.errors import InvalidInput
from tests.api.fhir.oracles import validate

ADA, ROSA, PAPER, EVENT = (UUID(int=number) for number in range(1, 5))
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ENTRY = Entry(
    sequence=7,
    at=AT,
    who="Rosa Diaz",
    role="staff",
    action="document:change",
    outcome="done",
    details="version: 2; changed title",
    reason="As the patient asked",
    patient_id=ADA,
    subject=f"document {PAPER}",
    network="192.0.2.7",
    session_id=None,
    request_id="r-1",
    actor_id=ROSA,
)
LOGGED = LoggedEvent(
    id=EVENT,
    entry=ENTRY,
    subject_kind="document",
    subject_id=str(PAPER),
    shown=(),
    kept_at=AT + timedelta(seconds=1),
)
BERLIN = timezone(timedelta(hours=1))


def test_an_event_says_who_did_what_to_whom_and_when():
    resource = audit_event_resource(LOGGED)

    validate(resource)
    entity_type, role = systems.AUDIT_ENTITY_TYPE, systems.OBJECT_ROLE
    assert resource == {
        "resourceType": "AuditEvent",
        "id": str(EVENT),
        "meta": {"versionId": "1", "lastUpdated": "2026-11-20T12:00:01.000000+00:00"},
        "type": {
            "system": systems.DICOM,
            "code": "110110",
            "display": "Patient Record",
        },
        "subtype": [
            {
                "system": systems.AUDIT_ACTION,
                "code": "document:change",
                "display": "changed the details of a document",
            }
        ],
        "action": "U",
        "recorded": "2026-11-20T12:00:00.000000+00:00",
        "outcome": "0",
        "outcomeDesc": "version: 2; changed title",
        "purposeOfEvent": [{"text": "As the patient asked"}],
        "agent": [
            {
                "role": [
                    {
                        "coding": [{"system": systems.ROLE, "code": "staff"}],
                        "text": "staff",
                    }
                ],
                "who": {
                    "display": "Rosa Diaz",
                    "identifier": {"system": systems.USER, "value": str(ROSA)},
                },
                "requestor": True,
                "network": {"address": "192.0.2.7", "type": "2"},
            }
        ],
        "source": {
            "observer": {"display": "Chartroom"},
            "type": [{"system": systems.AUDIT_SOURCE_TYPE, "code": "4"}],
        },
        "entity": [
            {
                "what": {"reference": f"Patient/{ADA}"},
                "type": {"system": entity_type, "code": "1"},
                "role": {"system": role, "code": "1"},
            },
            {
                "what": {"reference": f"DocumentReference/{PAPER}"},
                "type": {"system": entity_type, "code": "2"},
                "role": {"system": role, "code": "3"},
            },
            {
                "what": {
                    "identifier": {"system": "urn:chartroom:request", "value": "r-1"}
                },
                "type": {"system": systems.BALP_ENTITY_TYPE, "code": "XrequestId"},
            },
        ],
    }


@pytest.mark.parametrize(
    ("kind", "id_", "what"),
    [
        ("booking", "1", {"reference": "Appointment/1"}),
        ("visit", "1", {"reference": "Encounter/1"}),
        ("doctor", "1", {"reference": "Practitioner/1"}),
        (
            "prescription",
            "1",
            {"identifier": {"system": systems.UUID_URI, "value": "urn:uuid:1"}},
        ),
        (
            "waitlist entry",
            "1",
            {"identifier": {"system": "urn:chartroom:waitlist-entry", "value": "1"}},
        ),
    ],
)
def test_what_an_event_is_about_is_a_reference_where_it_is_served(kind, id_, what):
    event = replace(LOGGED, subject_kind=kind, subject_id=id_)

    resource = audit_event_resource(event)

    validate(resource)
    assert resource["entity"][1]["what"] == what


def test_a_list_names_everybody_whom_it_showed_once():
    entry = replace(ENTRY, action="patient:list", patient_id=None, request_id="")
    event = replace(LOGGED, entry=entry, subject_kind=None, shown=(ADA, ROSA, ADA))

    resource = audit_event_resource(event)

    shown = [entity["what"]["reference"] for entity in resource["entity"]]
    assert shown == [f"Patient/{ADA}", f"Patient/{ROSA}"]
    assert (resource["action"], resource["type"]["code"]) == ("R", "110112")


def test_of_somebody_unknown_and_of_an_action_of_long_ago_the_rest_is_told():
    entry = replace(
        ENTRY,
        who="Somebody not signed in",
        role="",
        action="letter:eat",
        outcome="lost",
        reason="",
        network="",
        request_id="",
        details="",
        patient_id=None,
        actor_id=None,
    )

    resource = audit_event_resource(replace(LOGGED, entry=entry, subject_kind=None))

    validate(resource)
    assert resource["agent"] == [
        {"who": {"display": "Somebody not signed in"}, "requestor": True}
    ]
    assert (resource["action"], resource["outcome"]) == ("E", "8")
    assert resource["type"]["code"] == "110100"
    assert not {"entity", "outcomeDesc", "purposeOfEvent"} & resource.keys()


@pytest.mark.parametrize(
    ("action", "type_", "code"),
    [
        (Action.SESSION_START, "110114", "E"),
        (Action.TOKEN_ISSUE, "110113", "C"),
        (Action.TOKEN_REVOKE, "110113", "D"),
        (Action.SYSTEM_SWITCH_OFF, "110113", "U"),
        (Action.PATIENT_REGISTER, "110110", "C"),
        (Action.PATIENT_READ, "110110", "R"),
        (Action.PATIENT_PRINT_LABELS, "110110", "R"),
        (Action.PATIENT_CHANGE_OWN, "110110", "U"),
        (Action.PATIENT_ARCHIVE, "110110", "U"),
        (Action.PATIENT_ERASE, "110110", "D"),
        (Action.PATIENT_COUNT, "110112", "R"),
        (Action.PATIENT_EXPORT_IDENTIFIED, "110106", "R"),
        (Action.PATIENT_IMPORT, "110107", "C"),
        (Action.DOCUMENT_PURGE, "110110", "D"),
        (Action.PRESCRIPTION_AMEND, "110109", "U"),
        (Action.GLASS_BREAK, "110113", "E"),
        (Action.GLASS_SEARCH, "110112", "R"),
        (Action.BOOKING_HOLD, "110110", "C"),
        (Action.BOOKING_CANCEL, "110110", "D"),
        (Action.DOCUMENT_HOLD, "110110", "U"),
        (Action.ACCESS_REFUSE, "110113", "E"),
        (Action.AUDIT_EXPORT, "110101", "R"),
        (Action.CLUSTER_ADD_REPLICA, "110100", "E"),
    ],
)
def test_actions_have_a_type_and_a_code(action, type_, code):
    assert audit_codes.type_of(action)["code"] == type_
    assert audit_codes.code_of(action) == code
    assert action in audit_codes.with_type(type_)
    assert action in audit_codes.with_code(code)


def test_every_action_is_found_by_its_code_its_type_and_its_name():
    for action in Action:
        assert audit_codes.with_subtype(action) == {action}
        kind = audit_codes.type_of(action)
        assert action in audit_codes.with_type(f"{kind['system']}|{kind['code']}")
    codes = [audit_codes.with_code(code) for code in "CRUDE"]
    assert sorted(action for actions in codes for action in actions) == sorted(Action)


def test_signing_in_and_out_have_the_names_of_dicom_as_well():
    assert audit_codes.with_subtype(f"{systems.DICOM}|110122") == {"session:start"}
    assert audit_codes.with_subtype("110123") == {"session:end"}
    assert audit_codes.with_subtype(f"{systems.AUDIT_ACTION}|110123") == frozenset()


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, AuditFilter()),
        ({"_id": [str(EVENT)]}, AuditFilter(event_ids=frozenset({EVENT}))),
        ({"agent": [str(ROSA)]}, AuditFilter(actor_id=ROSA)),
        ({"agent": [f"{systems.USER}|{ROSA}"]}, AuditFilter(actor_id=ROSA)),
        ({"agent": [f"urn:other|{ROSA}"]}, None),
        ({"patient": [f"Patient/{ADA}"]}, AuditFilter(patient_id=ADA)),
        ({"patient": [str(ADA)]}, AuditFilter(patient_id=ADA)),
        ({"entity": [f"Patient/{ADA}"]}, AuditFilter(patient_id=ADA)),
        ({"entity": [f"Patient/{ADA}"], "patient": [str(ROSA)]}, None),
        (
            {"entity": [f"https://x/fhir/DocumentReference/{PAPER}"]},
            AuditFilter(subject_kind="document", subject_id=str(PAPER)),
        ),
        ({"entity": ["db-02"]}, AuditFilter(subject_id="db-02")),
        ({"entity": ["Device/1"]}, None),
        ({"outcome": ["4"]}, AuditFilter(outcome="refused")),
        (
            {"outcome": [f"{systems.AUDIT_EVENT_OUTCOME}|8"]},
            AuditFilter(outcome="failed"),
        ),
        ({"outcome": ["12"]}, None),
        (
            {"subtype": ["patient:read", "patient:list"], "action": ["R"]},
            AuditFilter(actions=frozenset({"patient:read", "patient:list"})),
        ),
        (
            {"subtype": ["patient:read", "patient:erase"], "action": ["D"]},
            AuditFilter(actions=frozenset({"patient:erase"})),
        ),
        ({"subtype": ["patient:read"], "action": ["D"]}, None),
        ({"type": ["rest"]}, None),
    ],
    ids=str,
)
def test_what_is_asked_becomes_a_filter(values, wanted):
    assert filter_of(values, UTC) == wanted


MIDNIGHT = datetime(2026, 11, 20, tzinfo=BERLIN)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOON = "2026-11-20T12:00:00Z"


@pytest.mark.parametrize(
    ("dates", "since", "until"),
    [
        (["2026-11-20"], MIDNIGHT, MIDNIGHT + DAY),
        (["eq2026-11"], MIDNIGHT.replace(day=1), datetime(2026, 12, 1, tzinfo=BERLIN)),
        (["ge2026-11-20"], MIDNIGHT, None),
        (["gt2026-11-20"], MIDNIGHT + DAY, None),
        (["lt2026-11-20"], None, MIDNIGHT),
        (["le2026-11-20"], None, MIDNIGHT + DAY),
        (["ge2026-11-20", "lt2026-11-21"], MIDNIGHT, MIDNIGHT + DAY),
        ([f"ge{NOON}"], AT, None),
        ([f"gt{NOON}"], AT + SECOND, None),
        (["gt2026-11-20T12:00Z"], AT + 60 * SECOND, None),
        # A time without a zone is by the clinic's clock, also next to one with a zone.
        (["ge2026-11-20T13:00", f"ge{NOON}"], AT, None),
        (["gt2026-11-20T12:00:00.5Z"], AT + SECOND / 2 + SECOND / 10**6, None),
    ],
    ids=str,
)
def test_days_are_the_clinic_s_and_moments_are_to_the_second(dates, since, until):
    audit_filter = filter_of({"date": dates}, BERLIN)
    shipped = filter_of({"_lastUpdated": dates}, BERLIN)

    assert audit_filter == AuditFilter(since=since, until=until)
    assert shipped == AuditFilter(shipped_since=since, shipped_until=until)


@pytest.mark.parametrize(
    "values",
    [
        {"date": ["0001"]},
        {"date": ["9999-12-31"]},
        {"date": ["yesterday"]},
        {"agent": ["1", "2"]},
        {"patient": ["1", "2"]},
        {"entity": ["1", "2"]},
        {"outcome": ["0", "4"]},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_its_name(values):
    with pytest.raises(InvalidInput) as refusal:
        filter_of(values, UTC)

    assert refusal.value.property_name == next(iter(values))
