"""What going back would undo, on screen: requested, being made, shown, unknown."""

from datetime import UTC, datetime, timedelta

from db.postgres import SYSTEM
from services.backups import previews
from services.backups.previews import ChangedKind, ChangeList, ChangeSince
from services.core.actors import Role
from tests.kit import backup_logs, backup_sets
from tests.pages.backups.conftest import said
from tests.pages.conftest import rows_of

UNTIL = backup_sets.AS_OF + timedelta(minutes=9)
TYPED = "2026-11-25 02:03:07"


def opened(clinic):
    return clinic.open("backups", Role.ADMIN)


def keep_log(clinic, repository):
    """Make any second of nine minutes available for going back."""
    backup_sets.add_set(repository)
    archive = backup_logs.archive_of(repository, clinic.wiring.file_keys)
    backup_logs.add_piece(archive, backup_logs.FIRST, UNTIL)
    backup_logs.note(archive, UNTIL)


def compare(app, typed=TYPED):
    app.text_input(key="previews_as_of").set_value(typed)
    app.button(key="previews_do").click().run()
    return said(app)


def end(clinic, *lists, **how):
    def write(session):
        preview = previews.open_preview(session)
        previews.end_preview(session, preview.id, lists=lists, **how)
        return preview.id

    return clinic.wiring.database.write(write, identity=SYSTEM).value


def test_without_a_backup_there_is_nothing_to_compare_with(clinic, repository):
    app = opened(clinic)

    assert "Once there is a backup" in said(app)
    assert not [field for field in app.text_input if field.key == "previews_as_of"]


def test_a_time_is_asked_for_and_what_came_since_is_listed(clinic, repository):
    keep_log(clinic, repository)
    app = opened(clinic)
    # Of the times that can be reached, the nearest to an hour ago.
    assert app.text_input(key="previews_as_of").value == "2026-11-25 02:09:07"

    words = compare(app)

    assert "asked at" in words
    assert "going back to 25 Nov 2026, 02:03:07 would undo" in words
    assert app.button(key="previews_do").disabled
    event = clinic.audit("backup:preview")[-1]
    assert event.details == {"to": "2026-11-25T02:03:07Z"}

    change = ChangeSince("booked", "1", "", "", UNTIL, "")
    visits = [change, change, ChangeSince("cancelled", "2", "", "", UNTIL, "cancelled")]
    ended = end(
        clinic,
        ChangeList(ChangedKind.VISITS, tuple(visits)),
        ChangeList(ChangedKind.NOTES, ()),
        compared_at=UNTIL.astimezone(UTC),
    )
    app = opened(clinic)
    assert "Going back to 25 Nov 2026, 02:03:07 would undo" in said(app)
    assert rows_of(app, "previews_table") == [
        ["Visits", "2 booked, 1 cancelled", "visits.csv"]
    ]
    (payload,) = (
        table.proto.bytes.decode()
        for table in app.get("bidi_component")
        if table.key == "previews_table"
    )
    assert f"/files/restore-previews/{ended}/visits.csv" in payload
    assert not app.button(key="previews_do").disabled


def test_in_a_clinics_first_hour_the_time_that_is_proposed_is_one(clinic, repository):
    until = datetime.now(UTC)
    # Within a second: the text has whole seconds.
    since = until.replace(microsecond=300_000) - timedelta(minutes=10)
    backup_sets.add_set(repository, as_of=since)
    archive = backup_logs.archive_of(repository, clinic.wiring.file_keys)
    backup_logs.add_piece(archive, backup_logs.FIRST, until)
    backup_logs.note(archive, until)
    app = opened(clinic)

    words = compare(app, app.text_input(key="previews_as_of").value)

    assert "No backup leads to this time" not in words
    end(clinic, failure="The disk of /data has 50 MB free.")


def test_nothing_came_since(clinic, repository):
    keep_log(clinic, repository)
    compare(opened(clinic))
    end(clinic, ChangeList(ChangedKind.VISITS, ()), compared_at=UNTIL)

    assert "Nothing: no rows differ." in said(opened(clinic))


def test_why_nobody_knows_is_said_and_one_may_ask_again(clinic, repository):
    keep_log(clinic, repository)
    compare(opened(clinic))
    end(clinic, failure="The disk of /data has 50 MB free.")

    app = opened(clinic)

    words = said(app)
    assert "is not known. The disk of /data has 50 MB free." in words
    assert not app.button(key="previews_do").disabled


def test_a_time_that_cannot_be_is_refused_at_its_field_and_stays_typed(
    clinic, repository
):
    keep_log(clinic, repository)
    before = len(clinic.audit("backup:preview"))
    app = opened(clinic)

    assert "write day and time like 2026-11-25 14:03:07" in compare(app, "yesterday")
    assert app.text_input(key="previews_as_of").value == "yesterday"
    assert "No backup leads to this time" in compare(app, "2026-11-24 02:03:07")
    assert len(clinic.audit("backup:preview")) == before
