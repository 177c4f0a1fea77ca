"""A clinic's own lists: imported from files, chosen, and used from then on."""

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from services.consultations import chart, code_lists, notes
from services.consultations.code_lists import ListKind, ListSource
from services.consultations.code_lists.model import (
    ListChangedMeanwhile,
    UnreadableList,
)
from services.consultations.notes import Diagnosis
from services.consultations.prescriptions.allergies import (
    NOT_RECOGNISED,
    find_warning,
)
from services.core.actors import Role
from services.core.errors import InvalidInput
from tests.kit import cast
from tests.services.consultations.notes import samples

ICPC = "http://hl7.org/fhir/sid/icpc-2"
ZYRAFEN = "Zyrafen,tablets,400 mg,Ibuprofen"
MOPEN = "Mopen,capsules,500 mg,Amoxicillin"


@pytest.fixture
def boss(session):
    return cast.add_actor(session, Role.ADMIN)


def drugs(*lines: str) -> code_lists.CodeFile:
    text = "\n".join(("name,form,strength,active_ingredients", *lines))
    return code_lists.parse(ListKind.DRUGS, text.encode())


def diagnoses(*lines: str) -> code_lists.CodeFile:
    text = "\n".join(("code,term,system", *lines))
    return code_lists.parse(ListKind.DIAGNOSES, text.encode())


def take(session, boss, file, source: ListSource | None = None):
    seen = code_lists.compare(session, boss, file)
    taken = code_lists.import_list(session, boss, file, version=seen.version)
    assert taken == seen
    if source is not None:
        code_lists.choose(session, boss, file.kind, source)
    return taken


def test_a_file_says_what_is_new_changed_and_gone_before_it_is_taken(session, boss):
    first = take(session, boss, drugs(ZYRAFEN, MOPEN))
    second = take(
        session, boss, drugs(f"{ZYRAFEN}; Codeine", "Metformin,tablets,500 mg,")
    )
    third = take(session, boss, drugs(ZYRAFEN, MOPEN))

    assert first.new == ("Zyrafen 400 mg tablets", "Mopen 500 mg capsules")
    assert second.new == ("Metformin 500 mg tablets",)
    assert second.changed == (
        "Zyrafen 400 mg tablets (ingredients: Ibuprofen becomes Ibuprofen; Codeine)",
    )
    assert second.gone == ("Mopen 500 mg capsules",)
    assert "Mopen 500 mg capsules (offered again)" in third.changed
    assert third.gone == ("Metformin 500 mg tablets",)
    assert take(session, boss, drugs(ZYRAFEN, MOPEN)).is_empty


def test_nothing_is_used_before_it_is_chosen(session, boss):
    take(session, boss, drugs(ZYRAFEN))
    before = code_lists.drugs(session)
    code_lists.choose(session, boss, ListKind.DRUGS, ListSource.BOTH)
    both = code_lists.drugs(session)
    code_lists.choose(session, boss, ListKind.DRUGS, ListSource.OWN)
    own = code_lists.drugs(session)

    assert "Zyrafen" not in before.offered
    assert {"Zyrafen", "Metformin"} <= set(both.offered)
    assert own.offered == ("Zyrafen", "Zyrafen 400 mg tablets")
    assert find_warning("Zyrafen", ("Naproxen",), own).endswith("same class: NSAIDs.")
    assert find_warning("Metformin", (), own) == NOT_RECOGNISED


def test_a_retired_drug_is_offered_no_longer_and_still_known(session, boss):
    take(session, boss, drugs(ZYRAFEN, MOPEN), ListSource.OWN)
    take(session, boss, drugs(ZYRAFEN))
    listed = code_lists.drugs(session)

    assert "Mopen" not in listed.offered
    assert "allergic to Penicillin V" in find_warning(
        "Mopen", ("Penicillin V",), listed
    )


def test_a_file_with_a_bad_line_is_not_taken_at_all(session, boss):
    bad = drugs(ZYRAFEN, "Unheardof,,,")

    with pytest.raises(
        UnreadableList, match="1 of the file's lines cannot be imported"
    ):
        take(session, boss, bad)


def test_what_somebody_else_changed_meanwhile_is_looked_at_anew(session, boss):
    seen = code_lists.compare(session, boss, drugs(MOPEN))
    take(session, boss, drugs(ZYRAFEN))

    with pytest.raises(ListChangedMeanwhile):
        code_lists.import_list(session, boss, drugs(MOPEN), version=seen.version)
    with pytest.raises(ListChangedMeanwhile):
        code_lists.choose(
            session, boss, ListKind.DRUGS, ListSource.OWN, version=seen.version
        )


def test_an_empty_list_of_ones_own_cannot_be_chosen(session, boss):
    with pytest.raises(InvalidInput, match="no drugs of its own yet"):
        code_lists.choose(session, boss, ListKind.DRUGS, ListSource.OWN)


def test_it_is_written_down_who_imported_and_chose(session, boss):
    take(session, boss, drugs(ZYRAFEN), ListSource.OWN)

    events = session.execute(
        select(AuditEvent.action, AuditEvent.subject_id, AuditEvent.details)
        .where(AuditEvent.action.startswith("codes:"))
        .order_by(AuditEvent.position)
    ).all()
    assert [tuple(event) for event in events] == [
        (
            "codes:import",
            "drugs",
            {"new": 1, "changed": 0, "gone": 0, "unchanged": 0},
        ),
        ("codes:choose", "drugs", {"changed": {"source": ["built-in", "own"]}}),
    ]
    state = code_lists.list_states(session, boss)[0]
    assert (state.source, state.offered, state.retired) == (ListSource.OWN, 1, 0)
    assert state.imported_by_name == boss.name


def test_notes_are_coded_by_the_clinics_list_and_keep_what_they_were_coded_by(
    session, boss, clinician, patient
):
    visit = samples.visit(session, patient.id)
    old = samples.save(session, clinician, visit, diagnoses="K86 Pancreatitis")
    take(session, boss, diagnoses("K86,Hypertension,ICPC-2"), ListSource.OWN)
    both = samples.save(
        session, clinician, visit, 1, diagnoses="K86 Pancreatitis\nK86 Hypertension"
    )
    # Retired, and the built-in list chosen again: existing notes are read as before.
    take(session, boss, diagnoses("A98,Prevention,ICPC-2"), ListSource.BUILT_IN)
    again = samples.save(
        session, clinician, visit, 2, diagnoses="K86 Pancreatitis\nK86 Hypertension"
    )

    assert old.latest.notes.diagnoses == (Diagnosis("K86", "Pancreatitis"),)
    assert both.latest.notes.diagnoses == (
        Diagnosis("K86", "Pancreatitis"),
        Diagnosis("K86", "Hypertension", ICPC),
    )
    assert again == both
    assert notes.find(session, clinician, visit.id) == both


def test_a_code_without_words_is_read_by_the_list_that_it_is_of(
    session, boss, clinician, patient
):
    take(session, boss, diagnoses("K86,Hypertension,ICPC-2"), ListSource.BOTH)
    visit = samples.visit(session, patient.id)
    samples.save(session, clinician, visit, diagnoses="K86\nI10")
    take(session, boss, diagnoses("A98,Prevention,ICPC-2"))

    known = chart.list_diagnoses(session, clinician, patient.id)

    assert {(each.diagnosis.system, each.term) for each in known} == {
        (ICPC, "Hypertension"),
        ("", "Essential (primary) hypertension"),
    }
