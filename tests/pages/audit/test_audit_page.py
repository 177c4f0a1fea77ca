"""Administrators read and verify the log; patients see who has read their record."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import wiring
from db.files.seal_keys import NewSealKey
from db.postgres import SYSTEM
from db.settings import Settings
from services.audit import chain
from services.audit.log import entries
from services.core.actors import Role
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records import patients
from tests.pages.conftest import NETWORK, Clinic, rows_of


@pytest.fixture
def patient(clinic: Clinic):
    """Somebody whose record the front desk has opened."""
    patient = clinic.register()
    clinic.read(lambda s: patients.get_patient(s, clinic.clerk, patient.id))
    return patient


@pytest.fixture
def shipped(clinic: Clinic, patient):
    """The same patient, with the events shipped to the log."""
    ship(clinic)
    return patient


@pytest.fixture
def keys(clinic: Clinic, tmp_path) -> Iterator[None]:
    """A data folder in which the worker has made the key of the seals."""
    own = replace(clinic.wiring, settings=Settings(data=tmp_path))
    own.seal_keys.read_or_make()
    wiring.use(own)
    yield
    wiring.use(clinic.wiring)


def now() -> datetime:
    return datetime.now(UTC)


def lines_of(app: AppTest, key: str) -> list[list[str]]:
    """Return the lines of text of a table, row by row."""
    (table,) = (table for table in app.get("bidi_component") if table.key == key)
    return [
        [
            "".join(piece["text"] for piece in line)
            for cell in row["cells"]
            for line in cell.get("lines", ())
        ]
        for row in json.loads(table.proto.bytes)["rows"]
    ]


def ship(clinic: Clinic) -> None:
    store = clinic.wiring.audit
    while clinic.wiring.database.write(
        lambda session: chain.ship(session, store), identity=SYSTEM
    ).value:
        pass


def test_an_administrator_sees_who_did_what(clinic: Clinic, shipped):
    app = clinic.open("audit", Role.ADMIN)

    newest = rows_of(app, "audit_table")[0]
    assert newest[1] == f"{clinic.clerk.name} (staff) viewed a patient's record"
    assert lines_of(app, "audit_table")[0] == [f"patient {shipped.id}", "version: 1"]


def test_nothing_of_a_record_is_shown(clinic: Clinic, shipped):
    app = clinic.open("audit", Role.ADMIN)

    shown = str(rows_of(app, "audit_table"))
    assert shipped.last_name not in shown
    assert shipped.email not in shown


def test_the_address_carries_the_question(clinic: Clinic, shipped):
    app = clinic.open("audit", Role.ADMIN, patient=shipped.id, actions="patient:read")

    assert len(rows_of(app, "audit_table")) == 1
    assert app.text_input(key="audit_patient").value == str(shipped.id)
    assert app.multiselect(key="audit_actions").value == ["patient:read"]


def test_a_question_typed_into_the_form_becomes_the_address(clinic: Clinic, shipped):
    app = clinic.open("audit", Role.ADMIN)
    app.text_input(key="audit_patient").set_value(str(shipped.id))
    app.selectbox(key="audit_person").set_value(clinic.clerk.id)
    app.button(key="audit_apply").click().run()

    assert dict(app.query_params) == {
        "patient": str(shipped.id),
        "person": str(clinic.clerk.id),
    }
    assert {row[1] for row in rows_of(app, "audit_table")} == {
        f"{clinic.clerk.name} (staff) registered a patient",
        f"{clinic.clerk.name} (staff) viewed a patient's record",
    }


def test_an_id_that_is_none_is_explained_beside_the_form(clinic: Clinic):
    app = clinic.open("audit", Role.ADMIN)
    app.text_input(key="audit_patient").set_value("1234")
    app.button(key="audit_apply").click().run()

    assert "copy all 36 characters" in app.error[0].value


def test_no_entry_is_said_in_words(clinic: Clinic):
    app = clinic.open("audit", Role.ADMIN, patient=uuid4())

    assert any("No entries match" in shown.value for shown in app.markdown)


def test_older_entries_are_a_click_away(
    clinic: Clinic, patient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(entries, "PAGE_SIZE", 1)
    ship(clinic)
    app = clinic.open("audit", Role.ADMIN, patient=patient.id)

    app.button(key="audit_older").click().run()
    older = rows_of(app, "audit_table")
    app.button(key="audit_newest").click().run()

    (row,), (newest,) = older, rows_of(app, "audit_table")
    assert row[1].endswith("registered a patient")
    assert newest[1].endswith("viewed a patient's record")


@pytest.mark.parametrize(
    "broken", [{"actions": "x:y"}, {"from": "2026-13-40"}, {"person": "nobody"}]
)
def test_a_broken_address_says_so_and_shows_the_whole_log(
    clinic: Clinic, patient, broken
):
    ship(clinic)

    app = clinic.open("audit", Role.ADMIN, **broken)

    assert len(app.error) == 1
    assert rows_of(app, "audit_table")
    assert not app.query_params


def test_of_different_details_the_newest_stand_below_the_sentence_that_they_share(
    clinic: Clinic,
):
    for count in (1, 2, 3, 4, 5, 6, 6):
        verification = partial(
            entries.record_verification,
            actor=clinic.cast[Role.ADMIN],
            is_whole=count != 5,
            sentence=f"Entries checked: {count}.",
        )
        clinic.write(verification)
    ship(clinic)

    app = clinic.open("audit", Role.ADMIN, actions="audit:verify")

    (row,) = rows_of(app, "audit_table")
    assert row[1].endswith("verified the audit log, 7 times today")
    assert lines_of(app, "audit_table") == [
        [
            "whole: true; Entries checked: 6.",
            "whole: false; Entries checked: 5.",
            "whole: true; Entries checked: 4.",
            "and 3 others",
        ]
    ]


def test_what_is_done_again_on_a_day_is_one_sentence(clinic: Clinic, patient):
    for _ in range(13):
        clinic.read(lambda s: patients.get_patient(s, clinic.clerk, patient.id))
    ship(clinic)

    app = clinic.open("audit", Role.ADMIN, patient=patient.id, actions="patient:read")

    (row,) = rows_of(app, "audit_table")
    assert row[1].endswith("viewed a patient's record, 14 times today")
    # From when to when, as the two differ.
    since, _to, until = row[0].partition(" to ")
    assert since[-5:] != until


def test_lists_are_shown_to_who_ticks_them(clinic: Clinic, patient):
    clinic.read(lambda s: search.list_patients(s, clinic.clerk, Criteria(), now=now()))
    ship(clinic)
    app = clinic.open("audit", Role.ADMIN, person=clinic.clerk.id)
    before = str(rows_of(app, "audit_table"))

    app.checkbox(key="audit_lists").check()
    app.button(key="audit_apply").click().run()

    assert "listed patients" not in before
    assert "listed patients" in str(rows_of(app, "audit_table"))
    assert app.query_params["lists"] in ("yes", ["yes"])


def test_the_entries_of_a_day_are_drawn_by_hour(clinic: Clinic, shipped):
    app = clinic.open("audit", Role.ADMIN, patient=shipped.id)

    (chart,) = app.get("vega_lite_chart")
    assert chart.proto.alt == "Entries by hour: 2 in 24 hours, most 2 at once"


@pytest.mark.usefixtures("keys", "shipped")
def test_a_whole_log_is_verified_in_words(clinic: Clinic):
    app = clinic.open("audit", Role.ADMIN)
    app.button(key="audit_verify").click().run()

    assert "The audit log is whole" in app.success[0].value
    assert clinic.audit("audit:verify")[-1].details["whole"] is True


@pytest.mark.usefixtures("keys", "shipped")
def test_a_log_whose_key_was_lost_is_no_success(clinic: Clinic):
    wired = wiring.current()
    former = chain.seal(wired.database, wired.audit, wired.seal_keys.read())
    wired.seal_keys.path.unlink()
    wired.seal_keys.replace_lost(NewSealKey(), [former.key_id])

    app = clinic.open("audit", Role.ADMIN)
    app.button(key="audit_verify").click().run()

    assert not app.success
    assert "cannot be checked any more" in app.warning[0].value


def test_what_an_administrator_asks_comes_from_their_place(clinic: Clinic):
    clinic.open("audit", Role.ADMIN)

    event = clinic.audit("audit:read")[-1]
    assert (event.actor_id, event.network) == (clinic.cast[Role.ADMIN].id, NETWORK)
    assert event.request_id


def test_a_kept_page_is_written_down_once(clinic: Clinic):
    app = clinic.open("audit", Role.ADMIN)
    before = len(clinic.audit("audit:read"))

    app.run()

    assert len(clinic.audit("audit:read")) == before


def test_a_patient_sees_who_looked_at_their_record(clinic: Clinic):
    maya = clinic.cast[Role.PATIENT]
    clinic.read(lambda s: patients.get_patient(s, clinic.clerk, maya.patient_id))
    ship(clinic)

    app = clinic.open("accesses", Role.PATIENT)

    sentence = rows_of(app, "accesses_table")[0][1]
    assert sentence.startswith(f"{clinic.clerk.name} (staff) viewed your record")


def test_a_patient_sees_lists_only_when_they_want_to(clinic: Clinic):
    maya = clinic.cast[Role.PATIENT]
    clinic.read(lambda s: search.list_patients(s, clinic.clerk, Criteria(), now=now()))
    assert maya.patient_id
    ship(clinic)
    app = clinic.open("accesses", Role.PATIENT)
    before = str(rows_of(app, "accesses_table"))

    app.toggle(key="accesses_lists").set_value(True).run()

    assert "saw you in a list" not in before
    assert "saw you in a list" in str(rows_of(app, "accesses_table"))


def test_opening_a_patient_twice_in_a_moment_is_one_look(clinic: Clinic, monkeypatch):
    patient = clinic.register()
    # However long opening it takes on a busy machine.
    timestamp = time.time()
    monkeypatch.setattr(time, "time", lambda: timestamp)
    app = clinic.open("patient", patient=patient.id)
    app.run()

    looks = [
        event
        for event in clinic.audit("patient:read")
        if event.patient_id == patient.id
    ]
    assert len(looks) == 1
