"""What going back would undo: in every row, and how long it is kept."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.models.integrity import RestorePreview as PreviewRow
from services.backups import BackupWindow, LogState, previews
from services.backups.previews import ChangedKind, ChangeList, ChangeSince, changes
from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.patients.records import patients
from tests.kit import backup_sets, cast
from tests.kit.audit_events import events_of
from tests.services.consultations.notes import samples as notes
from tests.services.documents.records import samples as documents
from tests.services.people.people_samples import desk

TO = backup_sets.AS_OF + timedelta(minutes=3)
LOG = LogState((BackupWindow(backup_sets.AS_OF, TO + timedelta(hours=1)),))


class Replay:
    """Returns what was read once, even if it has changed since."""

    def __init__(self, session):
        self._session = session
        self._answers = []
        self._places = None

    def __call__(self, operation):
        if self._places is not None:
            return self._answers[next(self._places)]
        self._answers.append(operation(self._session))
        return self._answers[-1]

    def again(self):
        """Return from now on what was read until now."""
        self._places = count()
        return self


@pytest.fixture
def boss():
    return cast.act_as(cast.ADAM)


@pytest.fixture
def compare(session, boss, monkeypatch):
    """Compares with the time when the fixture was made; in pieces of two rows."""
    monkeypatch.setattr(changes, "_AT_ONCE", 2)

    def live(operation):
        return operation(session)

    def remember():
        replay = Replay(session)
        assert not any(previews.list_changes(boss, replay, live)[0].changes)
        replay.again()
        return lambda: {
            each.kind: each for each in previews.list_changes(boss, replay, live)
        }

    return remember


def changes_by_id(lists, kind):
    return {
        UUID(change.id): (change.what, change.now) for change in lists[kind].changes
    }


def register(session, clerk, today, number):
    people = (cast.invent_patient() for _ in range(number))
    return [patients.register(session, clerk, who, today=today).id for who in people]


def run(session, statement, id_):
    session.execute(text(f"{statement} WHERE id = :id"), {"id": id_})


def test_patients_who_came_changed_and_went(session, clerk, today, compare):
    same, edited, archived, erased, gone = register(session, clerk, today, 5)
    since = compare()

    (new,) = register(session, clerk, today, 1)
    # By hand, without changing a version or timestamp.
    run(session, "UPDATE patients SET phone_number = '+441632960777'", edited)
    run(session, "UPDATE patients SET deleted_at = now()", archived)
    run(session, "UPDATE patients SET deleted_at = now(), erased_at = now()", erased)
    run(session, "DELETE FROM patients", gone)
    lists = since()

    assert changes_by_id(lists, ChangedKind.PATIENTS) == {
        new: ("registered", ""),
        edited: ("changed", ""),
        archived: ("archived", "archived"),
        erased: ("erased", "erased"),
        gone: ("gone", "gone"),
    }
    assert same not in changes_by_id(lists, ChangedKind.PATIENTS)
    assert all(
        change.patient_id == change.id for change in lists[ChangedKind.PATIENTS].changes
    )
    # Changes without a known time are at the end.
    assert lists[ChangedKind.PATIENTS].changes[-1].at is None
    assert lists[ChangedKind.DOCUMENTS].changes == ()


def test_documents_visits_notes_and_prescriptions(
    session, clerk, clinician, patient, compare
):
    kept, deleted, purged, held = (
        documents.file(session, clerk, of=patient, title="Letter").id for _ in range(4)
    )
    visits = [notes.visit(session, patient.id, days_ago=day) for day in range(3)]
    missed, cancelled, reminded = (visit.id for visit in visits)
    since = compare()

    filed = documents.file(session, clerk, title="=HYPERLINK").id
    gone = "deleted_at = now(), deleted_by = gen_random_uuid()"
    run(session, f"UPDATE documents SET {gone}", deleted)
    run(session, f"UPDATE documents SET {gone}, purged_at = now()", purged)
    run(
        session,
        "UPDATE documents SET held_at = now(), held_by = gen_random_uuid(), "
        "held_because = 'A lawsuit'",
        held,
    )
    booked = notes.visit(session, patient.id, days_ago=9).id
    run(session, "UPDATE appointments SET status = 'no-show'", missed)
    off = "status = 'cancelled', cancelled_at = now()"
    run(session, f"UPDATE appointments SET {off}", cancelled)
    run(session, "UPDATE appointments SET reminded_at = now()", reminded)
    record, prescription = uuid4(), uuid4()
    about = {"visit": missed, "patient": patient.id, "doctor": visits[0].doctor_id}
    for table, id_, columns, values in (
        ("medical_records", record, ", content", ", '{}'"),
        ("prescriptions", prescription, "", ""),
    ):
        session.execute(
            text(
                f"INSERT INTO {table} "
                f"(id, appointment_id, patient_id, doctor_id{columns}) "
                f"VALUES (:id, :visit, :patient, :doctor{values})"
            ),
            {"id": id_, **about},
        )
    lists = since()

    assert changes_by_id(lists, ChangedKind.DOCUMENTS) == {
        filed: ("filed", ""),
        deleted: ("deleted", "deleted"),
        purged: ("purged", "purged"),
        held: ("held", "held"),
    }
    assert kept not in changes_by_id(lists, ChangedKind.DOCUMENTS)
    assert changes_by_id(lists, ChangedKind.VISITS) == {
        # Booked since, whatever happened to it afterwards.
        booked: ("booked", "checked-in"),
        missed: ("no-show", "no-show"),
        cancelled: ("cancelled", "cancelled"),
    }
    assert changes_by_id(lists, ChangedKind.NOTES) == {record: ("written", "")}
    assert changes_by_id(lists, ChangedKind.PRESCRIPTIONS) == {
        prescription: ("issued", "")
    }
    (issued,) = lists[ChangedKind.PRESCRIPTIONS].changes
    assert issued.patient_id == str(patient.id)
    # A list contains nothing of a record's content.
    assert "HYPERLINK" not in previews.as_csv(lists[ChangedKind.DOCUMENTS])


def test_people_and_sign_ins(session, compare):
    stays, leaves, tidied = (desk(session, Role.STAFF) for _ in range(3))
    since = compare()

    newcomer = desk(session, Role.CLINICIAN)
    run(session, "UPDATE users SET deactivated_at = now()", leaves.actor.id)
    run(session, "UPDATE sessions SET ended_at = now()", leaves.session_id)
    # As by somebody who continues to work, and as by the automatic clean-up.
    run(session, "UPDATE sessions SET last_seen_at = now()", stays.session_id)
    run(session, "DELETE FROM sessions", tidied.session_id)
    lists = since()

    assert changes_by_id(lists, ChangedKind.PEOPLE) == {
        newcomer.actor.id: ("added", ""),
        leaves.actor.id: ("deactivated", "deactivated"),
    }
    assert changes_by_id(lists, ChangedKind.SIGN_INS) == {
        newcomer.session_id: ("signed in", ""),
        leaves.session_id: ("ended", "ended"),
    }
    ids = {change.person_id for change in lists[ChangedKind.SIGN_INS].changes}
    assert ids == {str(newcomer.actor.id), str(leaves.actor.id)}


def test_a_time_before_an_update_is_compared_by_what_there_was_then(
    session, clerk, today, boss
):
    (known,) = register(session, clerk, today, 1)

    def then(operation):
        with session.begin_nested() as earlier:
            session.execute(text("ALTER TABLE patients DROP COLUMN erased_at CASCADE"))
            session.execute(text("ALTER TABLE newcomers RENAME TO later"))
            rows = operation(session)
            earlier.rollback()
        return rows

    lists = previews.list_changes(boss, then, lambda operation: operation(session))

    assert not any(each.changes for each in lists)
    assert known


def change(**values):
    fields = {"patient_id": "", "person_id": "", "at": TO, "now": ""}
    return ChangeSince(**{"what": "filed", "id": "1", **fields, **values})


def test_no_spreadsheet_runs_a_cell_and_times_are_utc():
    at = TO.astimezone(timezone(timedelta(hours=2)))
    listed = ChangeList(ChangedKind.DOCUMENTS, (change(id="=1+1", at=at), change()))

    header, first, _ = csv.reader(io.StringIO(previews.as_csv(listed)))

    assert header == ["what", "id", "patient_id", "person_id", "at", "now"]
    assert first == ["filed", "'=1+1", "", "", "2026-11-25T02:03:07.000+00:00", ""]
    assert listed.counts == {"filed": 2}


def ended(session, boss, *lists, **how):
    preview = previews.request_preview(session, boss, TO, LOG)
    previews.end_preview(session, preview.id, lists=lists, **how)
    return previews.newest_preview(session, boss)


def test_it_is_asked_for_once_at_a_time_and_written_down(session, boss):
    preview = previews.request_preview(session, boss, TO, LOG)

    assert preview.is_open
    assert (preview.to, preview.requested_by_name) == (TO, boss.name)
    assert previews.open_preview(session) == preview
    with pytest.raises(previews.PreviewRequested, match="wait for the answer"):
        previews.request_preview(session, boss, TO, LOG)
    (event,) = events_of(session)
    assert (event.action, event.subject_id) == ("backup:preview", str(preview.id))
    assert event.details == {"to": "2026-11-25T02:03:07Z"}
    session.add(PreviewRow(as_of=TO, requested_by=boss.id, requested_by_name="Adam"))
    with pytest.raises(IntegrityError, match="restore_previews_open_once"):
        session.flush()


def test_a_time_that_no_backup_leads_to_is_refused(session, boss):
    for to in (backup_sets.AS_OF - timedelta(seconds=1), TO + timedelta(hours=2)):
        with pytest.raises(InvalidInput, match="No backup leads to this time") as why:
            previews.request_preview(session, boss, to, LOG)
        assert why.value.property_name == "as_of"
    assert previews.open_preview(session) is None


def test_the_newest_lists_are_kept_and_taking_one_is_written_down(session, boss):
    listed = ChangeList(ChangedKind.VISITS, (change(what="booked"),))
    empty = ChangeList(ChangedKind.NOTES, ())
    first = ended(session, boss, listed, empty, compared_at=TO)

    assert first.counts == {"visits": {"booked": 1}, "notes": {}}
    lines = previews.read_preview_list(session, boss, first.id, "visits").splitlines()
    assert lines[1] == "booked,1,,,2026-11-25T02:03:07.000+00:00,"
    (event,) = events_of(session, "backup:read-preview")
    assert event.details == {"list": "visits"}
    with pytest.raises(NotFound):
        previews.read_preview_list(session, boss, first.id, "notes")

    second = ended(session, boss, failure="There is no backup.")

    assert (second.counts, second.failure) == (None, "There is no backup.")
    with pytest.raises(NotFound, match="no longer kept"):
        previews.read_preview_list(session, boss, first.id, "visits")


def test_what_has_ended_stays_as_it_ended(session, boss):
    first = ended(session, boss, compared_at=TO)
    previews.end_preview(session, first.id, failure="Too late.")

    assert previews.newest_preview(session, boss) == first
    with pytest.raises(IntegrityError, match="restore_previews_end_says_how"):
        session.execute(text("UPDATE restore_previews SET counts = NULL"))


@pytest.mark.parametrize(
    ("typed", "hour"),
    [
        pytest.param(" 2026-11-25 14:03:07", 12, id="the clinic's clock"),
        pytest.param("2026-11-25 14:03", 12, id="no seconds"),
        pytest.param("2026-11-25T14:03:07Z", 14, id="as the command says it"),
        pytest.param("2026-11-25T14:03:07-01:00", 15, id="another zone"),
    ],
)
def test_a_time_is_read_as_it_is_typed(typed, hour):
    read = previews.read_time(typed, timezone(timedelta(hours=2)))

    assert read.astimezone(UTC).replace(second=0) == datetime(
        2026, 11, 25, hour, 3, tzinfo=UTC
    )


@pytest.mark.parametrize("typed", ["", "yesterday", "2026-11-25", "2026-11-25T14:03"])
def test_what_is_no_time_is_refused_with_an_example(typed):
    with pytest.raises(InvalidInput, match="like 2026-11-25 14:03:07"):
        previews.read_time(typed, UTC)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("named", "hour"), [("+02:00", 0), ("+01:00", 1)])
def test_of_a_time_that_came_twice_it_is_said_which_one_is_meant(named, hour):
    typed = "2026-10-25 02:30:00"
    with pytest.raises(InvalidInput, match="This time occurred twice") as refused:
        previews.read_time(typed, BERLIN)
    assert f"{typed}{named}" in str(refused.value)

    read = previews.read_time(f"{typed}{named}", BERLIN)

    meant = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    assert read == meant
    assert previews.write_time(meant.astimezone(BERLIN)) == f"{typed}{named}"


def test_a_time_that_clocks_were_set_forward_over_is_none():
    with pytest.raises(InvalidInput, match="This time did not exist"):
        previews.read_time("2026-03-29 02:30", BERLIN)
    assert previews.read_time("2026-03-29 03:00", BERLIN) == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_others_neither_ask_nor_see(session, clerk):
    for act in (
        lambda: previews.request_preview(session, clerk, TO, LOG),
        lambda: previews.newest_preview(session, clerk),
        lambda: previews.read_preview_list(session, clerk, uuid4(), "visits"),
    ):
        with pytest.raises(NotAllowed):
            act()
