"""Every file is read within a week, and whatever changed in the store is found."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import bson
import pytest
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from sqlalchemy import func, text, true, update
from sqlalchemy.dialects import postgresql

from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable
from db.models.consultation import Prescription
from db.models.document import DocumentVersion
from jobs.documents import integrity, purge
from services.core.audit import Action
from services.documents import records
from services.documents.integrity import checking, file_references, runs
from services.documents.integrity.checking import NothingVerifies, State
from services.documents.integrity.runs import Job
from tests.jobs.conftest import CLERK, Killed, killed_at_each_step
from tests.kit import cast

PHOTOS = Bucket.PATIENT_PHOTOS


def check_all(house):
    return integrity.check_all(house.database, house.files)


def check_share(house):
    return integrity.check_share(house.database, house.files)


def damaged(house):
    return {version.document_id for version in house.versions() if version.damaged_at}


def checked(house):
    return [version.document_id for version in house.versions() if version.checked_at]


def findings(house):
    return house.write(lambda session: runs.find_run(session, Job.CHECK)).results


def let_days_pass(house, days):
    checked_at = DocumentVersion.checked_at - timedelta(days=days)
    house.write(
        lambda s: s.execute(update(DocumentVersion).values(checked_at=checked_at))
    )


def test_what_was_never_checked_is_found_without_sorting_all_of_it(house):
    wanted = checking._unchecked_first(true(), 10).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )

    def plan(session):
        # As PostgreSQL plans it if there are too many rows for any other way.
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort"):
            session.execute(text(f"SET LOCAL enable_{way} = off"))
        return "\n".join(session.scalars(text(f"EXPLAIN {wanted}")))

    query_plan = house.write(plan)

    assert "document_versions_to_check" in query_plan
    assert "Sort" not in query_plan


def test_whole_files_are_whole(house):
    for size in (1, 300_000, 2_000_000):
        house.file(b"%PDF-1.7" + bytes(size))
    house.picture()

    report = check_all(house)

    assert (report.checked, report.bad, report.stopped) == (4, [], "")
    assert len(checked(house)) == 3
    assert house.events(Action.DOCUMENT_DAMAGED) == []


def test_a_flipped_bit_in_any_chunk_of_any_file_is_found(house):
    """One bit per file, in each of the chunks in turn; another file stays whole."""
    whole = house.file(b"%PDF-1.7 whole")
    broken = [house.file(b"%PDF-1.7" + bytes(700_000)) for _ in range(4)]
    chunks = house.raw["documents.chunks"]
    for number, document in enumerate(broken):
        at = {"files_id": ObjectId(document.version.file_id), "n": number % 3}
        data = bytearray(chunks.find_one(at)["data"])
        data[number * 1000] ^= 1 << number
        chunks.update_one(at, {"$set": {"data": bytes(data)}})

    report = check_all(house)

    assert damaged(house) == {document.id for document in broken}
    assert whole.id not in damaged(house)
    assert {finding.state for finding in report.bad} == {State.DAMAGED}
    assert len(house.events(Action.DOCUMENT_DAMAGED)) == 4


def test_a_flipped_bit_in_any_byte_of_an_entry_is_found(house):
    house.file(b"%PDF-1.7 whole")
    entries = house.raw["documents.files"]
    victim = house.file(b"%PDF-1.7 victim")
    original = entries.find_one({"_id": ObjectId(victim.version.file_id)})
    named = _named(house, victim)
    raw = bson.encode(original)
    states = {}
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1
        try:
            entry = bson.decode(bytes(changed))
        except (bson.errors.InvalidBSON, UnicodeDecodeError):
            continue
        entries.delete_one({"_id": original["_id"]})
        entries.replace_one({"_id": entry.get("_id", position)}, entry, upsert=True)
        states[position] = checking.check(house.files, named).state
        entries.delete_one({"_id": entry.get("_id", position)})

    assert len(states) > 200
    assert State.WHOLE not in states.values()


def test_an_entry_that_cannot_even_be_read_does_not_end_the_walk(house):
    house.file(b"%PDF-1.7 whole")
    broken = house.file(b"%PDF-1.7 broken")
    at = {"_id": ObjectId(broken.version.file_id)}
    entries = house.raw["documents.files"]
    entry = bytearray(bson.encode(entries.find_one(at)))
    entry[entry.index(b"uploadDate")] ^= 0x80
    entries.delete_one(at)
    entries.insert_one(RawBSONDocument(bytes(entry)))

    report = check_all(house)

    assert report.checked == 2
    assert damaged(house) == {broken.id}


def _named(house, document):
    wanted = file_references.versions().where(
        DocumentVersion.document_id == document.id
    )
    (named,) = house.write(lambda s: file_references.list_versions(s, wanted))
    return named


@pytest.mark.parametrize("column", ["sha256", "filesize"])
def test_a_row_that_says_something_else_is_found(house, column):
    house.file(b"%PDF-1.7 whole")
    other = house.file()
    wrong = {"sha256": b"x" * 32, "filesize": 99}[column]
    row = update(DocumentVersion).where(DocumentVersion.document_id == other.id)
    house.write(lambda s: s.execute(row.values({column: wrong})))

    check_all(house)

    assert damaged(house) == {other.id}


def test_two_files_that_were_exchanged_are_found(house):
    house.file(b"%PDF-1.7 whole")
    first, second = house.file(b"%PDF-1.7 one"), house.file(b"%PDF-1.7 two")
    swap = {first.id: second.version.file_id, second.id: first.version.file_id}
    for document_id, file_id in swap.items():
        row = update(DocumentVersion).where(DocumentVersion.document_id == document_id)
        house.write(lambda s: s.execute(row.values(file_id=file_id)))  # noqa: B023

    check_all(house)

    assert damaged(house) == set(swap)


def test_damage_is_told_once_with_the_version_and_no_name(house):
    house.file(b"%PDF-1.7 whole")
    document = house.file(title="Letter about Ada")
    house.flip(document.version.file_id)

    for _ in range(2):
        report = check_all(house)

    (event,) = house.events(Action.DOCUMENT_DAMAGED)
    assert event.subject_id == str(document.id)
    assert event.details == {"version": 1, "found": "damaged"}
    assert [finding.named.words for finding in report.bad] == [
        f"document {document.id}, version 1"
    ]
    assert findings(house) == {"checked": 2, "not_whole": 1}


def test_what_was_brought_back_is_whole_again(house):
    house.file(b"%PDF-1.7 whole")
    document = house.file()
    house.flip(document.version.file_id)
    check_all(house)

    house.flip(document.version.file_id)
    check_all(house)

    assert damaged(house) == set()
    states = [event.details["found"] for event in house.events(Action.DOCUMENT_DAMAGED)]
    assert states == ["damaged", "whole"]


def test_every_version_is_checked_also_those_that_share_a_file(house):
    house.file(b"%PDF-1.7 whole")
    document = house.file()
    second = house.content(b"%PDF-1.7 two")
    house.write(
        lambda s: records.add_version(s, CLERK, document.id, second, revision=1)
    )
    house.write(lambda s: records.restore_version(s, CLERK, document.id, 1, revision=2))
    house.flip(document.version.file_id)

    check_all(house)

    bad = {version.number for version in house.versions() if version.damaged_at}
    assert bad == {1, 3}


def test_a_missing_file_is_found_and_marked(house):
    house.file(b"%PDF-1.7 whole")
    document = house.file()
    house.files.delete(Bucket.DOCUMENTS, document.version.file_id)

    (finding,) = check_all(house).bad

    assert finding.state is State.MISSING
    assert damaged(house) == {document.id}


def test_a_damaged_photo_is_found_by_the_patients_id(house):
    house.file()
    patient = house.picture()
    house.flip(patient.photo_file_id.split(".")[1], PHOTOS)

    (finding,) = check_all(house).bad

    assert finding.named.words == f"photo {patient.id}"
    (event,) = house.events(Action.PHOTO_DAMAGED)
    assert (event.patient_id, event.details) == (patient.id, {"found": "damaged"})


def test_a_sound_prescription_is_whole(house):
    house.prescribe()

    report = check_all(house)

    assert (report.checked, report.bad) == (1, [])
    assert house.events(Action.PRESCRIPTION_DAMAGED) == []


def test_a_damaged_prescription_is_told_of_its_patient_and_by_its_own_id(house):
    house.file()
    version = house.prescribe()
    house.flip(version.file_id, Bucket.PRESCRIPTION_FILES)

    (finding,) = check_all(house).bad

    issued = house.write(lambda s: s.get(Prescription, version.prescription_id))
    assert finding.named.words == f"prescription {issued.id}, version 1"
    (event,) = house.events(Action.PRESCRIPTION_DAMAGED)
    assert (event.patient_id, event.subject_id) == (issued.patient_id, str(issued.id))
    assert event.details == {"version": 1, "found": "damaged"}


def test_a_damaged_photo_of_a_doctor_is_told_of_no_patient(house):
    house.file()
    photo = house.store(b"picture", Bucket.DOCTOR_PHOTOS)

    doctor_id = house.write(
        lambda s: cast.add_doctor(s, photo_file_id=f"{photo}.{photo}").id
    )
    house.flip(photo, Bucket.DOCTOR_PHOTOS)

    check_all(house)

    (event,) = house.events(Action.PHOTO_DAMAGED)
    assert (event.patient_id, event.subject_id) == (None, str(doctor_id))


def test_with_the_wrong_key_file_nothing_is_marked(house, addresses, tmp_path):
    for _ in range(3):
        house.file()
    check_all(house)
    let_days_pass(house, 6)
    keys = FileKeys(tmp_path / "other.keys", may_be_made=True)
    name = house.files._database.name

    with (
        closing(FileStore(addresses.mongo.admin_url, name, keys=keys)) as stranger,
        pytest.raises(NothingVerifies, match="This is probably not the key file"),
    ):
        integrity.check_share(house.database, stranger)

    assert damaged(house) == set()
    assert "nothing was marked" in findings(house)["stopped"]


def test_a_file_whose_key_was_lost_is_reported_but_not_marked(
    house, addresses, tmp_path
):
    keys = FileKeys(tmp_path / "other.keys", may_be_made=True)
    name = house.files._database.name
    house.file(b"%PDF-1.7 whole")
    with closing(FileStore(addresses.mongo.admin_url, name, keys=keys)) as stranger:
        house.files, own = stranger, house.files
        document = house.file()
        house.files = own

    (finding,) = check_all(house).bad

    assert (finding.named.subject_id, finding.state) == (document.id, State.UNREADABLE)
    assert damaged(house) == set()


def test_a_single_file_is_marked_if_others_are_known_to_be_whole(house):
    house.file(b"%PDF-1.7 whole")
    check_all(house)
    document = house.file()
    house.flip(document.version.file_id)

    check_share(house)

    assert damaged(house) == {document.id}


def test_a_store_that_does_not_answer_marks_nothing(house):
    house.file()

    class Away:
        def open(self, *_):
            raise FileStoreUnavailable("MongoDB does not answer.")

    with pytest.raises(FileStoreUnavailable):
        integrity.check_all(house.database, Away())

    assert damaged(house) == set()
    assert checked(house) == []


def test_what_is_purged_while_it_is_read_is_not_damaged(house):
    house.file(b"%PDF-1.7 whole")
    house.file_for_long()

    class Purging:
        def __getattr__(self, name):
            purge.purge(house.database, house.files)
            return getattr(house.files, name)

    report = integrity.check_all(house.database, Purging())

    assert report.bad == []
    assert damaged(house) == set()


@pytest.mark.parametrize(
    ("count", "share"), [(0, 0), (1, 1), (720, 1), (721, 2), (100_000, 139)]
)
def test_a_share_is_such_that_all_are_checked_in_five_days(
    session, monkeypatch, count, share
):
    monkeypatch.setattr(checking, "count_references", lambda *_: count)

    assert checking.share_of(session, Bucket.DOCUMENTS) == share


def test_a_share_takes_what_was_never_checked_and_then_the_longest_unchecked(house):
    first, second, third = (house.file() for _ in range(3))

    for _ in range(3):
        check_share(house)
    assert len(checked(house)) == 3
    for document, days in ((first, 5.5), (second, 6), (third, 4)):
        checked_at = func.now() - timedelta(days=days)
        row = update(DocumentVersion).where(DocumentVersion.document_id == document.id)
        house.write(lambda s: s.execute(row.values(checked_at=checked_at)))  # noqa: B023

    taken = []
    for _ in range(3):
        before = {
            version.document_id: version.checked_at for version in house.versions()
        }
        check_share(house)
        taken += [
            version.document_id
            for version in house.versions()
            if version.checked_at != before[version.document_id]
        ]
    # The third is left for its own day.
    assert taken == [second.id, first.id]


def test_a_damaged_file_is_looked_at_again_the_next_day(house):
    house.file(b"%PDF-1.7 whole")
    document = house.file()
    house.flip(document.version.file_id)
    check_all(house)
    house.flip(document.version.file_id)
    let_days_pass(house, 1.1)

    check_share(house)

    assert damaged(house) == set()


def test_photos_take_their_turn_where_the_last_share_ended(house):
    patients = [house.picture() for _ in range(3)]
    seen = []

    class Watching:
        def __getattr__(self, name):
            return getattr(house.files, name)

        def open(self, bucket, file_id):
            seen.append(file_id)
            return house.files.open(bucket, file_id)

    # One share reaches the end, and the next begins again.
    for _ in range(5):
        integrity.check_share(house.database, Watching())

    turns = [
        photo for patient in patients for photo in patient.photo_file_id.split(".")
    ]
    assert seen == turns + turns[:2]


def test_a_share_ends_when_its_minute_is_over(house, monkeypatch):
    for _ in range(2):
        house.file()
    house.picture()
    monkeypatch.setattr(integrity, "_SECONDS", 0.0)

    assert check_share(house).checked == 0


def test_a_walk_killed_at_any_step_leaves_nothing_unseen(house):
    house.file(b"%PDF-1.7 whole")
    document = house.file()
    house.flip(document.version.file_id)

    for _ in killed_at_each_step(house, integrity.check_all):
        check_all(house)
        assert damaged(house) == {document.id}

    assert len(house.events(Action.DOCUMENT_DAMAGED)) == 1


def test_what_a_killed_walk_had_not_noted_is_still_to_be_checked(house):
    house.file()

    class Dying:
        def open(self, *_):
            raise Killed

    with pytest.raises(Killed):
        integrity.check_share(house.database, Dying())

    assert checked(house) == []


def test_two_walks_at_once_tell_of_damage_once(house):
    house.file(b"%PDF-1.7 whole")
    for _ in range(10):
        house.flip(house.file().version.file_id)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda _: check_all(house), range(2)))

    assert len(damaged(house)) == 10
    assert len(house.events(Action.DOCUMENT_DAMAGED)) == 10
