"""Two records become one, and everything filed under them follows."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    Table,
    Uuid,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from db.models.base import Base
from db.models.document import Document
from db.models.patient import ClinicalEntry, Patient, PatientMerge
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.patients.duplicates import merging, moved_entries
from services.patients.records import patients
from services.patients.records.model import Sex
from services.people import accounts
from tests.kit import cast
from tests.kit.cast import ADA, ada
from tests.services.patients.duplicates.merge_samples import merge, register_pair


@pytest.fixture
def pair(session, clerk, today):
    return register_pair(session, clerk, today)


def test_the_kept_record_gets_what_was_chosen(session, clerk, today, pair):
    chosen = ada(allergies=("Penicillin V", "Latex"))

    result = merge(session, clerk, pair, today, chosen)

    assert (result.id, result.version) == (pair[0].id, 2)
    assert result.draft() == chosen


def test_the_other_record_is_archived_and_names_the_kept_one(
    session, clerk, today, pair
):
    kept, merged = pair

    merge(session, clerk, pair, today)

    left = patients.get_patient(session, clerk, merged.id)
    assert (left.is_archived, left.merged_into_id) == (True, kept.id)
    assert left.draft() == merged.draft()


def test_what_both_looked_like_is_written_down(session, clerk, today, pair):
    kept, merged = pair

    merge(session, clerk, pair, today, ada(last_name="King"))

    trail = session.scalars(select(PatientMerge)).one()
    assert (trail.kept_id, trail.merged_id) == (kept.id, merged.id)
    assert trail.merged_by == clerk.id
    assert trail.before["kept"]["last_name"] == "Lovelace"
    assert trail.before["merged"]["allergies"] == ["Latex"]
    assert trail.before["merged"]["date_of_birth"] == "1980-05-17"


def test_a_person_who_signs_in_as_the_merged_patient_now_owns_the_kept_one(
    session, clerk, today, pair
):
    kept, merged = pair
    herself = cast.add_patient_actor(session, merged)

    merge(session, clerk, pair, today)

    assert accounts.get_actor(session, herself.id).patient_id == kept.id


@pytest.fixture
def visits(session):
    """A table in which a later release files something under patients."""
    table = Table(
        "visits_of_a_later_issue",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("patient_id", Uuid, ForeignKey(Patient.id), unique=True),
        Column("found_by_id", Uuid, ForeignKey(Patient.id)),
        CheckConstraint("id <> 3 OR patient_id <> found_by_id"),
    )
    table.create(session.connection())
    session.execute(text(f"GRANT ALL ON {table.name} TO chartroom_system"))
    yield table
    Base.metadata.remove(table)


def test_what_later_tables_file_follows_by_itself(session, clerk, today, pair, visits):
    kept, merged = pair
    session.execute(
        insert(visits).values(id=1, patient_id=merged.id, found_by_id=merged.id)
    )

    merge(session, clerk, pair, today)

    assert session.execute(select(visits)).one() == (1, kept.id, kept.id)


def test_what_only_one_patient_can_have_is_explained_and_nothing_is_merged(
    session, clerk, today, pair, visits
):
    kept, merged = pair
    session.execute(
        insert(visits),
        [{"id": 1, "patient_id": kept.id}, {"id": 2, "patient_id": merged.id}],
    )

    with (
        pytest.raises(merging.MergeConflict, match="visits of a later issue"),
        session.begin_nested(),
    ):
        merge(session, clerk, pair, today)

    assert not patients.get_patient(session, clerk, merged.id).is_archived


def test_another_violation_on_the_way_is_not_mistaken(
    session, clerk, today, pair, visits
):
    kept, merged = pair
    session.execute(
        insert(visits).values(id=3, patient_id=kept.id, found_by_id=merged.id)
    )

    with pytest.raises(IntegrityError, match="violates check constraint"):
        merge(session, clerk, pair, today)


def test_records_merged_earlier_lead_straight_to_the_last_one(
    session, clerk, today, pair
):
    middle, first = pair
    last = patients.register(session, clerk, ADA, today=today)
    middle = merge(session, clerk, (middle, first), today)

    merge(session, clerk, (last, middle), today)

    assert patients.get_patient(session, clerk, first.id).merged_into_id == last.id
    assert patients.get_patient(session, clerk, middle.id).merged_into_id == last.id


@pytest.mark.parametrize(
    ("photos", "afterwards"),
    [
        (("a.b", "c.d"), ("a.b", "c.d")),
        (("a.b", None), ("a.b", None)),
        ((None, "c.d"), ("c.d", None)),
        ((None, None), (None, None)),
    ],
)
def test_the_only_photo_moves_and_never_belongs_to_both(
    session, clerk, pair, photos, afterwards
):
    for record, photo in zip(pair, photos, strict=True):
        session.execute(
            update(Patient).where(Patient.id == record.id).values(photo_file_id=photo)
        )

    merge(session, clerk, pair, date(2026, 11, 20))

    records = [patients.get_patient(session, clerk, record.id) for record in pair]
    assert tuple(record.photo_file_id for record in records) == afterwards


def test_a_record_is_not_merged_with_itself(session, clerk, today, pair):
    with pytest.raises(merging.SameRecord, match="the same record"):
        merge(session, clerk, (pair[0], pair[0]), today)


def test_a_record_is_not_merged_twice(session, clerk, today, pair):
    kept, merged = pair
    kept = merge(session, clerk, pair, today)
    merged = patients.get_patient(session, clerk, merged.id)

    with pytest.raises(patients.PatientArchived, match="merged into another one"):
        merge(session, clerk, (kept, merged), today)


def test_an_archived_record_is_restored_before_it_is_merged(
    session, clerk, today, pair
):
    kept, merged = pair
    archived = patients.archive(session, clerk, kept.id, version=1)

    with pytest.raises(patients.PatientArchived, match="restore it first"):
        merge(session, clerk, (archived, merged), today)


def test_a_merged_record_cannot_be_restored(session, clerk, today, pair):
    merge(session, clerk, pair, today)

    with pytest.raises(patients.PatientArchived, match="merged into another one"):
        patients.restore(session, clerk, pair[1].id, version=2)


@pytest.mark.parametrize("edited", [0, 1], ids=["kept", "merged"])
def test_a_merge_of_what_somebody_just_edited_is_refused(
    session, clerk, today, pair, edited
):
    current = patients.edit(
        session, clerk, pair[edited].id, ada(last_name="King"), version=1, today=today
    )

    with pytest.raises(patients.StaleVersion) as refused:
        merge(session, clerk, pair, today)

    assert refused.value.current == current


def test_an_invalid_draft_merges_nothing(session, clerk, today, pair):
    with pytest.raises(patients.InvalidPatient):
        merge(session, clerk, pair, today, ada(first_name=""))

    assert session.scalars(select(PatientMerge)).all() == []


def test_an_unknown_record_is_not_found(session, clerk, pair):
    with pytest.raises(patients.NoSuchPatient):
        merging.preview(session, clerk, pair[0].id, uuid4())


def test_an_archived_record_is_not_even_previewed(session, clerk, pair):
    patients.archive(session, clerk, pair[1].id, version=1)

    with pytest.raises(patients.PatientArchived):
        merging.preview(session, clerk, pair[0].id, pair[1].id)


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ANALYST, Role.ADMIN])
def test_only_the_front_desk_merges(session, today, pair, role):
    nobody = cast.act_as_somebody(role)

    with pytest.raises(NotAllowed, match="merge patients"):
        merge(session, nobody, pair, today)
    with pytest.raises(NotAllowed, match="merge patients"):
        merging.preview(session, nobody, pair[0].id, pair[1].id)


def test_every_table_that_follows_says_what_it_holds_or_that_it_says_nothing():
    tables = {column.table.name for column in merging.repointed_columns()}

    assert set(moved_entries.WORDS) == tables


def pneumonia_of(patient):
    """Return a dated entry, as an import passes it."""
    return ClinicalEntry(
        patient_id=patient.id,
        kind="condition",
        term="Pneumonia",
        started_on=date(2001, 4, 2),
        source="synthea",
        source_key=uuid4(),
    )


def test_what_would_move_is_counted_by_kind(session, clerk, today, pair):
    kept, merged = pair
    titles = ("Letter", "X-ray", "Thrown away")
    filed = {"created_by": clerk.id, "created_by_name": clerk.name}
    papers = [Document(patient_id=merged.id, title=title, **filed) for title in titles]
    session.add_all([*papers, Document(patient_id=kept.id, title="Kept", **filed)])
    cast.add_patient_actor(session, merged)
    session.add(pneumonia_of(merged))
    papers[2].deleted_at, papers[2].deleted_by = func.now(), clerk.id
    session.flush()

    following = moved_entries.list_moved_entries(session, clerk, merged.id)

    assert [(kind.number, kind.words) for kind in following] == [
        (2, "documents"),
        (1, "dated entry"),
        (1, "sign-in"),
    ]


def test_only_the_front_desk_is_told_what_would_move(session, pair):
    with pytest.raises(NotAllowed, match="merge patients"):
        moved_entries.list_moved_entries(
            session, cast.act_as_somebody(Role.ADMIN), pair[1].id
        )


def test_the_preview_shows_what_differs_and_changes_nothing(session, clerk, pair):
    kept, merged = pair

    shown = merging.preview(session, clerk, kept.id, merged.id)

    assert (shown.kept, shown.merged) == (kept, merged)
    assert [difference.property_name for difference in shown.differences] == [
        "first_name",
        "address",
        "allergies",
    ]
    assert shown.suggestion.allergies == ("Penicillin V", "Latex")
    assert patients.get_patient(session, clerk, merged.id) == merged


@pytest.mark.parametrize(
    ("kept", "merged", "suggested"),
    [
        ({"email": None}, {"email": "b@c.org"}, {"email": "b@c.org"}),
        ({"email": "a@b.org"}, {"email": "b@c.org"}, {"email": "a@b.org"}),
        ({"sex": Sex.UNKNOWN}, {"sex": Sex.MALE}, {"sex": Sex.MALE}),
        ({"sex": Sex.FEMALE}, {"sex": Sex.MALE}, {"sex": Sex.FEMALE}),
        (
            {"allergies": ("Nuts", "latex")},
            {"allergies": ("Latex", "Dust")},
            {"allergies": ("Nuts", "latex", "Dust")},
        ),
        (
            {"allergies": (), "no_known_allergies": True},
            {"allergies": ("Nuts",)},
            {"allergies": ("Nuts",), "no_known_allergies": False},
        ),
        (
            {"allergies": ()},
            {"allergies": (), "no_known_allergies": True},
            {"allergies": (), "no_known_allergies": True},
        ),
    ],
    ids=str,
)
def test_the_suggestion_loses_nothing_of_either(kept, merged, suggested):
    assert merging.suggest(ada(**kept), ada(**merged)) == ada(**kept | suggested)


def test_dated_entries_follow(session, clerk, today, pair):
    kept, merged = pair
    entry = pneumonia_of(merged)
    session.add(entry)
    session.flush()

    merge(session, clerk, pair, today)

    session.refresh(entry)
    assert entry.patient_id == kept.id
