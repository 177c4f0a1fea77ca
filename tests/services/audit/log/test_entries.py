"""Administrators read who did what, and nothing of a record's content."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.mongo.audit_store import AuditStore
from services.audit import log
from services.audit.log import AuditFilter, AuditQuery
from services.audit.log.reading import PAGE_SIZE
from services.audit.log.sentences import LISTINGS
from services.core import audit
from services.core.actors import CONSOLE, FHIR_IMPORTER, KEEPER, Role
from services.core.audit import Action, Origin
from services.core.errors import InvalidInput, NotAllowed
from services.lists import views
from services.lists.criteria import Combine, Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.records import patients
from services.patients.search.fields import PATIENTS
from tests.kit import cast

EVERYTHING = AuditFilter()
NOWHERE = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"


@pytest.fixture
def page(session, store, admin, ship):
    """Ships, then reads the newest page of the log."""

    def read(wanted=EVERYTHING, after=None):
        ship()
        return log.list_entries(session, store, admin, wanted, after=after)

    return read


def test_the_newest_action_comes_first_with_the_name_of_whoever_did_it(
    session, rosa, patient, page
):
    patients.get_patient(session, rosa, patient.id)

    newest, oldest = page().entries
    assert (newest.who, newest.role, newest.action) == (
        "Rosa Lindqvist",
        "staff",
        "patient:read",
    )
    assert newest.patient_id == patient.id
    assert oldest.action == "patient:register"


def test_a_change_is_told_by_the_fields_names_alone(
    session, rosa, patient, today, page
):
    draft = cast.ada(last_name="Byron", allergies=("Latex",))
    patients.edit(session, rosa, patient.id, draft, version=1, today=today)

    sentence = page().entries[0].details
    assert sentence == "changed allergies, last name; version: 2"


def test_a_search_is_told_by_what_was_asked_for_not_by_the_values(
    session, rosa, patient, page
):
    group = Group(Combine.AND, (Filter("allergies", Operator.HAS, "Penicillin V"),))
    search.list_patients(session, rosa, Criteria(group, search="Lovelace"))

    sentence = page().entries[0].details
    assert "asked for patients by the search box, allergies" in sentence
    assert "showed 1 patient" in sentence
    assert "Penicillin" not in sentence
    assert "Lovelace" not in sentence


def test_no_value_of_a_record_is_told_whatever_was_done_with_it(
    session, rosa, patient, today, page
):
    key = views.store_criteria(
        session, rosa, Criteria(search="Lovelace"), subject=PATIENTS
    )
    views.save_view(session, rosa, "Lovelace and kin", key, subject=PATIENTS)
    search.find_similar(session, rosa, "Lovelase")
    patients.archive(session, rosa, patient.id, version=1)

    text = " ".join(f"{entry.details} {entry.subject}" for entry in page().entries)
    for secret in ("Love", "Ada", "1980", "Penicillin", "example.org", "Measles"):
        assert secret not in text


@pytest.fixture
def looked_at(session, rosa, patient):
    """Open and list a patient; return the ids of the reader and the patient."""
    patients.get_patient(session, rosa, patient.id)
    search.list_patients(session, rosa, Criteria())
    return rosa.id, patient.id


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"action": "patient:read"}, ["patient:read"]),
        ({"actor": True}, ["patient:list", "patient:read", "patient:register"]),
        ({"patient": True}, ["patient:list", "patient:read", "patient:register"]),
        ({"outcome": "refused"}, []),
        ({"until": -1}, []),
        ({"since": 1}, []),
    ],
    ids=str,
)
def test_the_log_is_filtered(looked_at, page, wanted, expected):
    who, whom = looked_at
    now = datetime.now(UTC)
    filter_ = AuditFilter(
        actor_id=who if "actor" in wanted else None,
        patient_id=whom if "patient" in wanted else None,
        actions=frozenset({wanted["action"]} if "action" in wanted else ()),
        outcome=wanted.get("outcome"),
        since=now + timedelta(hours=wanted["since"]) if "since" in wanted else None,
        until=now + timedelta(hours=wanted["until"]) if "until" in wanted else None,
    )

    assert [entry.action for entry in page(filter_).entries] == expected


def test_lists_are_left_out_unless_they_are_asked_for(looked_at, page):
    def actions(**query):
        wanted = AuditQuery(person_id=looked_at[0], **query).filter(UTC)
        return [entry.action for entry in page(wanted).entries]

    assert actions(has_lists=False) == ["patient:read", "patient:register"]
    assert "patient:list" in actions()
    by_name = frozenset({Action.PATIENT_LIST})
    assert actions(has_lists=False, actions=by_name) == ["patient:list"]


@pytest.mark.parametrize("has_lists", [True, False])
def test_an_address_keeps_whether_lists_are_wanted(has_lists):
    audit_query = AuditQuery(has_lists=has_lists)

    assert log.from_query(audit_query.query()) == audit_query


def test_what_is_no_answer_about_lists_is_refused():
    with pytest.raises(InvalidInput, match="yes or no"):
        log.from_query({"lists": "perhaps"})


@pytest.mark.parametrize("action", Action)
def test_every_action_is_said_in_words(action):
    assert log.phrase_of(action) != action
    assert ":" not in log.phrase_of(action)


def test_no_list_is_a_look_into_a_record():
    assert not LISTINGS & {Action.PATIENT_READ, Action.RECORD_READ, Action.GLASS_BREAK}


def test_an_entry_is_a_sentence_without_any_id(session, rosa, patient, page):
    patients.get_patient(session, rosa, patient.id)

    sentence = page().entries[0].sentence

    assert sentence == "Rosa Lindqvist (staff) viewed a patient's record"


def test_entries_are_counted_by_the_hour_of_the_last_day(
    session, store, admin, looked_at, ship
):
    ship()
    now = datetime.now(UTC)
    wanted = AuditFilter(actor_id=looked_at[0])

    hours = log.count_by_hour(session, store, admin, wanted, now=now)

    assert len(hours) == 24
    assert hours[-1].begins_at <= now < hours[-1].begins_at + timedelta(hours=1)
    assert sum(hour.entries for hour in hours[-2:]) == 3
    assert not any(hour.entries for hour in hours[:-2])
    yesterday = replace(wanted, until=now - timedelta(days=1))
    before = log.count_by_hour(session, store, admin, yesterday, now=now)
    assert not any(hour.entries for hour in before)


def test_older_entries_follow_on_the_next_page(session, rosa, patient, page):
    for _ in range(PAGE_SIZE + 10):
        patients.get_patient(session, rosa, patient.id)

    first = page()
    second = page(replace(EVERYTHING, actor_id=rosa.id), first.next)

    assert len(first.entries) == PAGE_SIZE
    assert second.next is None
    seen = [entry.sequence for entry in (*first.entries, *second.entries)]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == PAGE_SIZE + 11


def test_reading_the_log_is_itself_in_the_log(rosa, page, admin):
    page(AuditFilter(actor_id=rosa.id))

    (entry,) = page(AuditFilter(actions=frozenset({"audit:read"}))).entries
    assert entry.details == f"actor id: {rosa.id}"
    # The test's administrator has no account, so the id has no name.
    assert entry.sentence == "A program or former account (admin) viewed the audit log"
    assert entry.actor_id == admin.id


@pytest.mark.parametrize(
    ("actor", "action", "sentence"),
    [
        (None, Action.SLOT_ADD, "Chartroom added a slot"),
        (KEEPER, Action.AUDIT_VERIFY, "Chartroom verified the audit log"),
    ],
    ids=["start", "rule"],
)
def test_what_chartroom_does_itself_is_its_own_act(
    session, page, actor, action, sentence
):
    audit.record(session, actor, action)

    (entry,) = page().entries
    assert entry.sentence == sentence


def test_whoever_has_not_signed_in_came_from_somewhere(session, page):
    with audit.with_origin(Origin(request_id="r-1")):
        audit.record(session, None, Action.SESSION_START, outcome="failed")
    with audit.with_origin(Origin(network="192.0.2.7")):
        audit.record(session, None, Action.CODE_REQUEST)

    assert {entry.who for entry in page().entries} == {"Somebody not signed in"}


@pytest.mark.parametrize(
    ("actor", "action"),
    [
        (CONSOLE, Action.AUDIT_VERIFY),
        (FHIR_IMPORTER, Action.PATIENT_IMPORT),
        # As the log has imports of FHIR from before they had an id of their own.
        (KEEPER, Action.PATIENT_IMPORT),
    ],
    ids=["console", "import", "earlier import"],
)
def test_what_is_done_at_the_server_itself_is_told_as_such(
    session, page, actor, action
):
    audit.record(session, actor, action)

    (entry,) = page().entries
    assert (entry.who, entry.role) == ("The command line", "admin")


@pytest.fixture
def export(session, store, admin, ship):
    """Ships, then exports what a filter finds."""

    def read(wanted=EVERYTHING):
        ship()
        return "".join(log.export_csv(session, store, admin, wanted))

    return read


def test_a_csv_holds_what_the_filter_finds_and_is_written_down(looked_at, export, page):
    text = export(AuditFilter(actions=frozenset({"patient:read"})))

    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["who"], row["patient_id"]) == ("Rosa Lindqvist", str(looked_at[1]))
    assert datetime.fromisoformat(row["at"]).tzinfo is not None
    assert page().entries[0].action == "audit:export"


def test_a_name_in_a_csv_is_no_formula(session, patient, export):
    eve = cast.add_actor(session, cast.CLEO, name="=HYPERLINK(1)")
    patients.get_patient(session, eve, patient.id)

    assert "'=HYPERLINK(1)" in export()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_only_administrators_read_the_log(session, store, role, rosa):
    curious = replace(rosa, role=role)

    for read in (log.list_entries, log.export_csv):
        with pytest.raises(NotAllowed):
            read(session, store, curious, EVERYTHING)
    with pytest.raises(NotAllowed):
        log.list_people(session, curious)
    with pytest.raises(NotAllowed):
        log.count_by_hour(session, store, curious, EVERYTHING, now=datetime.now(UTC))
    with pytest.raises(NotAllowed):
        log.record_verification(session, curious, is_whole=True, sentence="")


def test_a_log_that_does_not_answer_says_so_before_anything_is_sent(session, admin):
    away = AuditStore(NOWHERE)

    for read in (log.list_entries, log.export_csv):
        with pytest.raises(log.AuditLogUnavailable, match="cannot be read"):
            read(session, away, admin, EVERYTHING)
    away.close()


def test_a_verification_is_written_down_with_its_result(session, admin, page):
    log.record_verification(session, admin, is_whole=False, sentence="Broken.")

    assert page().entries[0].details == "whole: false; Broken."
