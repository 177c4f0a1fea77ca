"""Records opened outside a clinician's own patients."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from db.models.audit import AuditEvent
from db.models.care import BreakGlassAccess
from db.models.patient import Patient
from db.models.user import UserNotification
from services.core.actors import Actor, Role
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.patients import search
from services.patients.care import break_glass, care
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit import cast
from tests.kit.cast import ada
from tests.services.patients.duplicates.merge_samples import merge, register_pair

TODAY = date(2026, 11, 20)
REASON = "Unconscious in the waiting room"


@pytest.fixture
def dora(session) -> Actor:
    return cast.add_actor(session, cast.DORA)


def let_pass(session, hours: int) -> None:
    """Make all accesses older by this many hours."""
    for column in (BreakGlassAccess.created_at, BreakGlassAccess.expires_at):
        session.execute(
            update(BreakGlassAccess).values({column: column - timedelta(hours=hours)})
        )


def test_a_record_is_open_for_eight_hours(session, dora, patient):
    access = break_glass.open_record(session, dora, patient.id, REASON)

    assert access.expires_at - access.created_at == timedelta(hours=8)
    assert break_glass.list_own(session, dora) == (access,)
    assert break_glass.list_current(session, dora, patient.id) == (access,)


def test_after_that_it_is_not_open_any_more(session, dora, patient):
    break_glass.open_record(session, dora, patient.id, REASON)

    let_pass(session, hours=8)

    assert break_glass.list_own(session, dora) == ()
    assert break_glass.list_current(session, dora, patient.id) == ()


def test_it_can_be_opened_again_once_it_is_shut(session, dora, patient):
    first = break_glass.open_record(session, dora, patient.id, REASON)
    let_pass(session, hours=8)

    second = break_glass.open_record(session, dora, patient.id, REASON)

    assert second.id != first.id


def test_administrators_are_told_once_and_neither_by_whom_nor_of_whom(
    session, dora, ines, patient
):
    for _ in range(2):
        access = break_glass.open_record(session, dora, patient.id, REASON)

    (notification,) = session.scalars(select(UserNotification))
    assert (notification.user_id, notification.topic) == (ines.id, "emergency")
    assert (notification.subject_id, notification.detail) == (access.id, "")


def test_a_second_click_opens_nothing_twice(session, dora, patient):
    first = break_glass.open_record(session, dora, patient.id, REASON)

    assert break_glass.open_record(session, dora, patient.id, REASON) == first
    assert break_glass.list_own(session, dora) == (first,)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", "at least 10"),
        ("  too   few  ", "at least 10"),
        ("x" * 501, "at most 500"),
        ("something \0 strange", "contains a character"),
    ],
    ids=["none", "only spaces make it ten", "a novel", "nothing one can keep"],
)
def test_a_reason_says_something(session, dora, patient, reason, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        break_glass.open_record(session, dora, patient.id, reason)


def test_ones_own_patients_need_no_reason(session, clerk, dora, patient):
    care.assign(session, clerk, patient.id, dora.id)

    with pytest.raises(break_glass.TreatsAlready):
        break_glass.open_record(session, dora, patient.id, REASON)


def test_who_treats_the_patient_no_more_gives_a_reason(session, clerk, dora, patient):
    care.assign(session, clerk, patient.id, dora.id)
    care.end(session, clerk, patient.id, dora.id)

    assert break_glass.open_record(session, dora, patient.id, REASON)


def test_a_patient_who_is_not_there_is_not_opened(session, dora):
    with pytest.raises(NotFound, match="no such patient"):
        break_glass.open_record(session, dora, uuid4(), REASON)


@pytest.fixture
def merged(session, clerk) -> tuple[PatientRecord, UUID]:
    """A record that was kept, and the id of the one that was merged into it."""
    pair = register_pair(session, clerk, TODAY)
    return merge(session, clerk, pair, TODAY), pair[1].id


def test_of_a_merged_record_the_one_that_was_kept_is_opened(session, dora, merged):
    kept, merged_id = merged

    access = break_glass.open_record(session, dora, merged_id, REASON)

    assert access.patient_id == kept.id
    assert break_glass.list_current(session, dora, kept.id) == (access,)
    assert break_glass.open_record(session, dora, merged_id, REASON) == access


def test_who_treats_the_kept_record_needs_no_reason_for_the_merged_one(
    session, clerk, dora, merged
):
    kept, merged_id = merged
    care.assign(session, clerk, kept.id, dora.id)

    with pytest.raises(break_glass.TreatsAlready):
        break_glass.open_record(session, dora, merged_id, REASON)


def test_an_erased_record_is_not_opened(session, dora, patient):
    session.execute(update(Patient).values(deleted_at=func.now(), erased_at=func.now()))

    with pytest.raises(NotFound):
        break_glass.open_record(session, dora, patient.id, REASON)


def test_the_front_desk_sees_who_has_a_record_open(session, clerk, dora, patient):
    access = break_glass.open_record(session, dora, patient.id, REASON)

    assert break_glass.list_current(session, clerk, patient.id) == (access,)


def test_a_clinician_sees_only_what_they_opened(session, dora, patient):
    break_glass.open_record(session, dora, patient.id, REASON)
    emil = cast.add_actor(session, cast.EMIL)

    assert break_glass.list_current(session, emil, patient.id) == ()
    assert break_glass.list_own(session, emil) == ()


def test_opening_and_reviewing_are_written_down(session, dora, ines, patient):
    access = break_glass.open_record(session, dora, patient.id, REASON)
    break_glass.review(session, ines, access.id, "An emergency, rightly opened")

    rows = session.execute(
        select(AuditEvent.action, AuditEvent.actor_id, AuditEvent.reason).where(
            AuditEvent.patient_id == patient.id, AuditEvent.action.like("glass:%")
        )
    )

    assert {tuple(row) for row in rows} == {
        ("glass:break", dora.id, REASON),
        ("glass:review", ines.id, "An emergency, rightly opened"),
    }


def test_what_nobody_has_looked_into_waits_for_review(session, dora, ines, patient):
    access = break_glass.open_record(session, dora, patient.id, REASON)

    assert break_glass.list_for_review(session, ines) == (access,)
    assert break_glass.list_for_review(session, ines, reviewed=True) == ()


def test_a_review_says_who_found_what(session, dora, ines, patient):
    access = break_glass.open_record(session, dora, patient.id, REASON)

    break_glass.review(session, ines, access.id, "  Rightly  opened ")

    (reviewed,) = break_glass.list_for_review(session, ines, reviewed=True)
    assert (reviewed.reviewer_name, reviewed.review) == (ines.name, "Rightly opened")
    assert break_glass.list_for_review(session, ines) == ()


def test_an_access_is_reviewed_once(session, dora, ines, patient):
    access = break_glass.open_record(session, dora, patient.id, REASON)
    break_glass.review(session, ines, access.id, "Rightly opened")

    with pytest.raises(break_glass.AlreadyReviewed):
        break_glass.review(session, ines, access.id, "Perhaps not")
    with pytest.raises(NotFound):
        break_glass.review(session, ines, uuid4(), "Rightly opened")


@pytest.mark.parametrize(
    "finding",
    ["", "  ", "x" * 501, "a\0b", "\u202e\u200b"],
    ids=["", "blank", "long", "no text", "invisible"],
)
def test_a_review_says_something(session, dora, ines, patient, finding):
    access = break_glass.open_record(session, dora, patient.id, REASON)

    with pytest.raises(InvalidInput):
        break_glass.review(session, ines, access.id, finding)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CLINICIAN}))
def test_only_clinicians_open_records_for_a_reason(session, patient, role):
    actor = cast.act_as_somebody(role, patient.id)

    for refused in (
        lambda: break_glass.open_record(session, actor, patient.id, REASON),
        lambda: break_glass.list_own(session, actor),
        lambda: search.identify(session, actor, str(patient.id)),
    ):
        with pytest.raises(NotAllowed):
            refused()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_only_administrators_review(session, role):
    actor = cast.act_as_somebody(role)

    with pytest.raises(NotAllowed):
        break_glass.list_for_review(session, actor)
    with pytest.raises(NotAllowed):
        break_glass.review(session, actor, uuid4(), "Rightly opened")


@pytest.mark.parametrize(
    "typed",
    ["Lovelace 1980-05-17", "17 May 1980, Ada Lovelace", "love 1980-05-17"],
)
def test_a_name_with_the_day_of_birth_finds_who_it_is(session, dora, patient, typed):
    assert search.identify(session, dora, typed) == (patient.identity(),)


def test_the_id_finds_who_it_is(session, dora, patient):
    identities = search.identify(session, dora, f" {patient.id} ")

    assert identities == (patient.identity(),)


def test_the_id_of_a_merged_record_finds_the_one_that_was_kept(session, dora, merged):
    kept, merged_id = merged

    assert search.identify(session, dora, str(merged_id)) == (kept.identity(),)


@pytest.mark.parametrize("typed", ["", "Lovelace", "1980-05-17", "ada lovelace"])
def test_nobody_leafs_through_the_clinics_patients(session, dora, patient, typed):
    with pytest.raises(InvalidInput, match="together with the date of birth"):
        search.identify(session, dora, typed)


def test_somebody_elses_day_of_birth_finds_nobody(session, dora, patient):
    assert search.identify(session, dora, "Lovelace 1980-05-18") == ()


def test_looking_for_somebody_is_written_down(session, clerk, dora, patient):
    patients.register(session, clerk, ada(last_name="King"), today=TODAY)

    search.identify(session, dora, "Lovelace 1980-05-17")

    details = session.scalars(
        select(AuditEvent.details).where(AuditEvent.action == "glass:search")
    ).one()
    assert details == {"search": "Lovelace 1980-05-17", "patients": [str(patient.id)]}


def test_the_identity_tells_nothing_of_what_is_in_the_record(patient):
    fields = set(patient.identity().__dataclass_fields__)

    assert fields == {
        "id", "record_number", "first_name", "last_name", "date_of_birth", "sex",
        "deleted_at",
    }  # fmt: skip
    assert patient.identity().age(datetime(2026, 5, 16, tzinfo=UTC).date()) == 45
