"""Administrators read who did what, and nothing of what a record says."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.audit_store import AuditStore
from services.audit import log
from services.audit.log import AuditFilter
from services.core.actors import Role
from services.core.errors import NotAllowed
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
    """Ship, then read the newest page of the log."""

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
    key = views.remember(session, rosa, Criteria(search="Lovelace"), subject=PATIENTS)
    views.save_view(session, rosa, "Lovelace and kin", key, subject=PATIENTS)
    search.find_similar(session, rosa, "Lovelase")
    patients.archive(session, rosa, patient.id, version=1)

    text = " ".join(f"{entry.details} {entry.subject}" for entry in page().entries)
    for secret in ("Love", "Ada", "1980", "Penicillin", "example.org", "Measles"):
        assert secret not in text


@pytest.fixture
def looked_at(session, rosa, patient):
    """Let a patient be opened and listed; return by whom, and who it was."""
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


def test_older_entries_follow_on_the_next_page(session, rosa, patient, page):
    for _ in range(60):
        patients.get_patient(session, rosa, patient.id)

    first = page()
    second = page(replace(EVERYTHING, actor_id=rosa.id), first.next)

    assert len(first.entries) == 50
    assert second.next is None
    seen = [entry.sequence for entry in (*first.entries, *second.entries)]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 61


def test_reading_the_log_is_itself_in_the_log(rosa, page, admin):
    page(AuditFilter(actor_id=rosa.id))

    (entry,) = page(AuditFilter(actions=frozenset({"audit:read"}))).entries
    assert entry.details == f"actor id: {rosa.id}"
    assert entry.who == f"admin {admin.id}"


@pytest.fixture
def export(session, store, admin, ship):
    """Ship, then export what a filter finds."""

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


@pytest.mark.parametrize("role", set(Role) - {Role.ADMIN})
def test_only_administrators_read_the_log(session, store, role, rosa):
    curious = replace(rosa, role=role)

    for read in (log.list_entries, log.export_csv):
        with pytest.raises(NotAllowed):
            read(session, store, curious, EVERYTHING)
    with pytest.raises(NotAllowed):
        log.list_people(session, curious)
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

    assert page().entries[0].details == "whole: False; Broken."
