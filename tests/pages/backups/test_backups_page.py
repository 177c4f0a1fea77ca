"""Backups on screen: none, one that is old and unproven, one that is being made."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from db.backups.copies.copy_notes import CopyNote, write_copy_note
from db.backups.repository import Repository
from db.backups.strays import FileSweep, note_sweep
from db.cluster.site_position import SitePosition, SiteReader
from services import backups
from services.core.actors import Role
from tests.kit import backup_logs, backup_sets
from tests.pages.backups.conftest import said
from tests.pages.conftest import Clinic, rows_of


def opened(clinic: Clinic) -> AppTest:
    return clinic.open("backups", Role.ADMIN)


def test_where_servers_are_ones_own_their_tools_are_named(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    own = clinic.wiring.settings.model_copy(update={"database_url": "postgresql://"})
    monkeypatch.setattr(clinic.wiring, "settings", own)

    assert "These are your own: back them up with their own tools" in said(
        opened(clinic)
    )


def test_at_a_standby_site_the_page_says_where_backups_are_and_offers_none(
    clinic: Clinic, repository, monkeypatch: pytest.MonkeyPatch
):
    now = datetime.now(UTC)
    site = SitePosition("north", ("10.0.0.1:5432",), now, now)
    monkeypatch.setattr(SiteReader, "position", lambda _: site)
    monkeypatch.setattr(SiteReader, "is_following", True)

    app = opened(clinic)

    assert "the standby site north: nothing is backed up here until it leads" in said(
        app
    )
    assert not any((button.key or "").startswith("backups_") for button in app.button)
    labels = {metric.label for metric in clinic.start(Role.ADMIN).metric}
    assert labels
    assert "Newest backup" not in labels


def test_without_a_backup_the_page_says_when_the_first_is_made(
    clinic: Clinic, repository, monkeypatch: pytest.MonkeyPatch
):
    app = opened(clinic)

    words = said(app)
    assert "There is no backup yet. The worker makes the first within" in words
    assert not app.button(key="backups_now").disabled
    never = {"backup_every_hours": 0}
    changed = clinic.wiring.settings.model_copy(update=never)
    monkeypatch.setattr(clinic.wiring, "settings", changed)
    assert "None is made automatically" in said(opened(clinic))
    backup_sets.add_set(repository)
    assert "No log is kept between two backups" in said(opened(clinic))


def test_home_says_how_old_the_newest_is_and_whether_one_was_ever_restored(
    clinic: Clinic, repository
):
    (none,) = [m for m in clinic.start(Role.ADMIN).metric if m.label == "Newest backup"]
    assert none.value == "None yet"

    backup_sets.add_set(repository, as_of=datetime.now(UTC) - timedelta(hours=3))
    app = clinic.start(Role.ADMIN)

    (newest,) = [m for m in app.metric if m.label == "Newest backup"]
    assert newest.value == "3 h ago"
    links = [link.proto.label for link in app.get("page_link")]
    assert "Never proven by a restore" in links
    assert len(app.metric) == 8


def test_one_is_asked_for_by_a_button_and_its_end_is_told(clinic: Clinic, repository):
    app = opened(clinic)
    app.button(key="backups_now").click().run()

    assert "asked for a backup at" in said(app)
    assert app.button(key="backups_now").disabled
    (event,) = clinic.audit("backup:request")
    request = UUID(event.subject_id)
    clinic.write(
        lambda session: backups.end_request(
            session, request, failure="The disk of /backups is full."
        )
    )
    app = opened(clinic)
    assert "failed. The disk of /backups is full." in said(app)
    assert not app.button(key="backups_now").disabled
    # A later backup makes up for it.
    later = datetime.now(UTC)
    backup_sets.add_set(repository, as_of=later)
    assert "The disk of /backups is full." not in said(opened(clinic))


def test_how_often_and_how_long_and_how_much_room(
    clinic: Clinic, repository, monkeypatch: pytest.MonkeyPatch
):
    backup_sets.add_set(repository)
    newer = backup_sets.AS_OF + timedelta(days=1)
    backup_sets.add_set(
        repository, set_id="20261126T020000Z-0001", as_of=newer, began_at=newer
    )

    words = said(opened(clinic))
    assert "One is made every hour, and a full one every 7 days. " in words
    assert "The next incremental one is due at 26 Nov 2026, 03:00" in words
    assert "the next full one at 3 Dec 2026, 02:00" in words
    assert "Each is kept for 2 days, and one of each day for 35 days" in words
    assert "In that time they will grow by about 948 MB." in words
    assert "will be full before" not in words

    monkeypatch.setattr(Repository, "free_bytes", 5_000_000)
    assert "will be full before the oldest are removed" in said(opened(clinic))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"backup_kept_days": 3}, "Each is kept for 2 days, and one of each day"),
        ({"backup_kept_days": 2}, "Each is kept for 2 days. The newest"),
        ({"backup_kept_days": 1}, "Each is kept for one day. The newest"),
        (
            {"backup_every_hours": 0},
            "Each is kept for 35 days. They are not thinned out to one of each day",
        ),
    ],
)
def test_one_of_a_day_stands_in_for_others_where_a_log_leads_on_from_it(
    clinic: Clinic, repository, monkeypatch: pytest.MonkeyPatch, changed, words
):
    backup_sets.add_set(repository)
    settings = clinic.wiring.settings.model_copy(update=changed)
    monkeypatch.setattr(clinic.wiring, "settings", settings)

    shown = said(opened(clinic))

    assert words in shown
    assert ("2 days, and one of each day" in shown) is (
        changed == {"backup_kept_days": 3}
    )
    assert "the last that was proven, and any that another is based on" in shown


def test_a_backup_says_of_when_it_is_and_that_nobody_has_restored_it(
    clinic: Clinic, repository
):
    backup_sets.add_set(repository)

    app = opened(clinic)

    words = said(app)
    assert "The newest backup is from 25 Nov 2026, 02:00" in words
    assert "56.0 MB of rows, 12.0 MB sealed; 60 files, 1.5 MB; 985 entries" in words
    assert "No backup has ever been restored" in words
    assert "on the same disk as the clinic" in words
    (row,) = rows_of(app, "backups_table")
    first, last = ["25 Nov 2026, 02:00", "Full"], ["12.0 MB", "60 (1.5 MB)", "985"]
    assert row == [*first, "9.0 s", "56.0 MB", *last]


def test_how_many_there_are_is_said_where_not_all_are_listed(
    clinic: Clinic, repository
):
    def add(hour):
        at = backup_sets.AS_OF + timedelta(hours=hour)
        backup_sets.add_set(repository, set_id=f"{at:%Y%m%dT%H%M%SZ}-0001", as_of=at)

    for hour in range(31):
        add(hour)
    assert "The newest 31 of" not in said(opened(clinic))

    add(31)
    app = opened(clinic)

    assert "The newest 31 of 32 backups:" in said(app)
    assert len(rows_of(app, "backups_table")) == 31


def test_an_incremental_one_says_with_which_it_is_restored(clinic: Clinic, repository):
    base = backup_sets.add_set(repository)
    for hours in (1, 2):
        at = backup_sets.AS_OF + timedelta(hours=hours)
        base = backup_sets.add_set(
            repository,
            set_id=f"{at:%Y%m%dT%H%M%SZ}-0001",
            as_of=at,
            based_on=backup_sets.based_on(base),
        )

    app = opened(clinic)

    sentence = (
        "restored together with the full one of 25 Nov 2026, 02:00 and the 1 between"
    )
    assert sentence in said(app)
    kinds = [row[1] for row in rows_of(app, "backups_table")]
    assert kinds == ["Incremental", "Incremental", "Full"]
    repository.remove(base.based_on.set_id)
    words = said(opened(clinic))
    assert f"Backup {base.set_id} has only what changed since another, which" in words
    assert "The newest backup is from 25 Nov 2026, 02:00" in words


def test_why_it_is_a_full_one_is_told(clinic: Clinic, repository):
    backup_sets.add_set(repository, full_because="WAL summaries are required.")

    words = said(opened(clinic))

    assert "although an incremental one was due. WAL summaries are required." in words


def test_where_each_is_a_full_one_that_is_said(
    clinic: Clinic, repository, monkeypatch: pytest.MonkeyPatch
):
    backup_sets.add_set(repository)
    full = clinic.wiring.settings.model_copy(
        update={"backup_every_hours": 24, "backup_full_every_days": 0}
    )
    monkeypatch.setattr(clinic.wiring, "settings", full)

    words = said(opened(clinic))

    assert (
        "One is made every 24 hours. The next full one is due at 26 Nov 2026" in words
    )


def test_from_when_to_when_one_can_go_back_and_what_is_wrong_with_the_log(
    clinic: Clinic, repository
):
    backup_sets.add_set(repository)
    assert "The log does not lead to any time yet" in said(opened(clinic))
    archive = backup_logs.archive_of(repository, clinic.wiring.file_keys)
    until = backup_sets.AS_OF + timedelta(minutes=9)
    backup_logs.add_piece(archive, backup_logs.FIRST, until)
    backup_logs.note(archive, until)

    words = said(opened(clinic))

    window = "any second from 25 Nov 2026, 02:00:07 to 25 Nov 2026, 02:09:07**"
    assert f"**You can go back to {window}" in words
    assert "restore --look --to 2026-11-25T02:09:07Z" in words
    assert "gaps in the log" not in words

    # A gap: the next backup begins a new window.
    later, place = backup_sets.AS_OF + timedelta(hours=1), "0/5000100"
    backup_sets.add_set(
        repository, set_id="20261125T030000Z-0001", as_of=later, reached_lsn=place
    )
    until = later + timedelta(minutes=2)
    backup_logs.add_piece(archive, 5, until)
    backup_logs.note(archive, until, failure="Its disk is full.", is_cut_off=True)

    words = said(opened(clinic))

    assert "any second from 25 Nov 2026, 03:00:07 to 25 Nov 2026, 03:02:07" in words
    assert f"Before gaps in the log, also: {window.rstrip('*')}." in words
    assert "Its disk is full." in words
    assert "There is a gap in the log after the newest backup" in words


def test_a_log_that_does_not_open_is_told_of(clinic: Clinic, repository):
    backup_sets.add_set(repository)
    archive = backup_logs.archive_of(repository, clinic.wiring.file_keys)
    backup_logs.add_piece(archive, backup_logs.FIRST, backup_sets.AS_OF, timeline=2)

    assert "The log's 00000002.history is missing." in said(opened(clinic))


def test_the_last_proven_restore_is_told_and_of_which_backup_it_was(
    clinic: Clinic, repository
):
    backup_sets.add_set(repository)
    repository.add_proof(backup_sets.PROOF)

    words = said(opened(clinic))

    assert "Last proven restore: 25 Nov 2026, 03:00**, of the newest backup" in words
    assert "59,189 rows of 71 tables, each the same as a replica had shown" in words

    newer = backup_sets.AS_OF + timedelta(days=1)
    backup_sets.add_set(repository, set_id="20261126T020000Z-0001", as_of=newer)
    assert "of an older backup" in said(opened(clinic))

    along_the_log = replace(
        backup_sets.PROOF,
        is_compared=False,
        log_segments=2,
        proved_at=newer + timedelta(hours=1),
    )
    repository.add_proof(along_the_log)
    assert "all of them read, at a time between two backups" in said(opened(clinic))


def test_where_the_data_of_before_lie_once_the_clinic_went_back(
    clinic: Clinic, repository
):
    backup_sets.add_set(repository)
    data = clinic.wiring.settings.data
    before = data / "postgres.before-20261125T130429Z"
    before.mkdir()

    text = said(opened(clinic))
    before.rmdir()

    assert "The clinic went back in time at 25 Nov 2026, 13:04" in text
    assert f"What its servers had before is in {before}, until" in text
    assert "The clinic went back in time" not in said(opened(clinic))


def test_what_is_wrong_stands_first(clinic: Clinic, repository):
    manifest = backup_sets.add_set(repository, unreadable_files=("documents/1",))
    other = repository.set_folder("20261124T020000Z-0001")
    other.mkdir()
    (other / "manifest.json").write_text("{}")
    for _ in range(2):
        repository.note_failure("The disk of /backups has 5 MB free.")

    words = said(opened(clinic))

    assert "failed (2 attempts in a row). The disk of /backups has" in words
    assert f"The manifest of backup {other.name} cannot be read" in words
    assert "could not be read and are not in it: 1" in words
    assert manifest.set_id in {each.set_id for each in repository.survey().sets}


@pytest.mark.parametrize("language", ["en", "de"])
def test_times_that_nothing_leads_to_any_more_are_named(
    clinic: Clinic, repository, language
):
    backup_sets.add_set(repository)
    since, minute = backup_sets.AS_OF, timedelta(minutes=1)
    lost = [{"since": since + 5 * minute, "until": since + 9 * minute}]
    note = repository.folder / "known-windows.json"
    note.write_text(json.dumps(lost, default=datetime.isoformat))
    if language == "de":
        clinic.speak_german(Role.ADMIN)

    app = opened(clinic)

    words = said(app)
    if language == "de":
        assert "kann niemand mehr zurück: WAL" in words
    else:
        assert f": log that led there is gone from {repository.folder}" in words
        assert "02:05:07" in words


def test_what_a_backup_lacks_and_what_belongs_to_none_is_named_with_what_to_do(
    clinic: Clinic, repository, monkeypatch: pytest.MonkeyPatch
):
    manifest = backup_sets.add_set(repository)
    whole = said(opened(clinic))
    assert "cannot be restored" not in whole
    assert "belongs to no backup" not in whole

    gone = backup_sets.add_set(repository, set_id="20261124T020000Z-0001").set_id
    shutil.rmtree(repository.set_folder(gone))
    (repository.set_folder(manifest.set_id) / "base").unlink()
    for number in range(7):
        (repository.folder / "sets" / f"notes {number}.txt").touch()
    note_sweep(repository.folder, FileSweep(backup_sets.AS_OF, 2))
    strays = ("letters/7.pdf",)
    copied = CopyNote("s3://clinic/chartroom", backup_sets.AS_OF, strays=strays)
    write_copy_note(repository.folder, copied)
    words = said(opened(clinic))

    assert f"Backup {manifest.set_id} cannot be restored. It lacks: base." in words
    assert f"Backup {gone} is gone from {repository.folder}, and Chartroom" in words
    assert "run `python -m dashboard backup --full`" in words
    assert f"2 files that backups name are gone from {repository.folder}" in words
    assert "sets/notes 4.txt and 2 more. Nothing restores from them" in words
    assert "letters/7.pdf" not in words
    copied = {"backup_s3_url": "s3://clinic/chartroom"}
    changed = clinic.wiring.settings.model_copy(update=copied)
    monkeypatch.setattr(clinic.wiring, "settings", changed)
    words = said(opened(clinic))
    assert (
        "In the copy in s3://clinic/chartroom there are things that belong to no"
        in words
    )
    assert "letters/7.pdf" in words


def test_the_page_says_up_to_when_the_copy_is_whole_and_why_no_further(
    clinic: Clinic, repository, monkeypatch: pytest.MonkeyPatch
):
    backup_sets.add_set(repository)
    assert "No copy of the backups is kept elsewhere" in said(opened(clinic))
    copied = {"backup_s3_url": "s3://clinic-backups/of-us"}
    changed = clinic.wiring.settings.model_copy(update=copied)
    monkeypatch.setattr(clinic.wiring, "settings", changed)
    assert "the worker begins within a minute" in said(opened(clinic))

    until = datetime(2026, 11, 25, 13, 4, 7, tzinfo=UTC)
    note = CopyNote("s3://clinic-backups/of-us", until, until, 3, 412, 5_000_000)
    write_copy_note(repository.folder, note)
    words = said(opened(clinic))
    assert "The copy in s3://clinic-backups/of-us is whole up to 25 Nov 2026" in words
    assert "13:04:07" in words
    assert "3 backups, 5.0 MB in 412 objects, sealed" in words
    failing = replace(
        note,
        failure="It cannot be reached.",
        mended=2,
        waiting=7,
        purged=3,
        purged_until=datetime(2026, 12, 30, tzinfo=UTC),
    )
    write_copy_note(repository.folder, failing)
    words = said(opened(clinic))
    assert "The copy of the backups does not go on" in words
    assert "It cannot be reached." in words
    assert "were sent again since the worker began: 2" in words
    assert "7 objects there are too old, and are removed once their lock ends" in words
    assert "3 purged files are locked in the copy until 30 Dec 2026" in words


def test_while_one_is_made_the_page_says_so(clinic: Clinic, repository):
    repository.claim(backup_sets.SYSTEM_ID)
    with repository.held():
        assert "being made right now" in said(opened(clinic))


def test_others_do_not_see_backups(clinic: Clinic, repository):
    app = clinic.go_to_address("backups", Role.STAFF)

    assert "backup" not in said(app).lower().replace("see the state", "")


def test_backups_whose_key_is_missing_are_told_of_once(clinic: Clinic, repository):
    for number in (1, 2):
        at = backup_sets.AS_OF + number * timedelta(hours=1)
        set_id = f"{at:%Y%m%dT%H%M%SZ}-0001"
        backup_sets.add_set(repository, set_id=set_id, as_of=at, key_ids=(7,))

    words = said(opened(clinic))

    assert "The key file lacks a key of these backups" in words
    assert "20261125T030007Z-0001, 20261125T040007Z-0001" in words
    # Another full backup would not bring that key back.
    assert "which makes one that needs no other" not in words
