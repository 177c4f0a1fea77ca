"""Going back in time requested on the page: by whom, what is typed and recorded."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.models.integrity import RestorePreview as PreviewRow
from services.backups import BackupWindow, LogState, going_back, previews
from services.backups.going_back import GoingBackAlready, NotCompared
from services.core.actors import CONSOLE
from services.core.errors import InvalidInput, NotAllowed, Unavailable
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import backup_sets

TO = backup_sets.AS_OF
REASON = "A table was dropped by hand"


@pytest.fixture
def seen(session, admin):
    """A preview that an administrator has just looked at."""
    log = LogState((BackupWindow(TO, TO),))
    preview = previews.request_preview(session, admin, TO, log)
    previews.end_preview(session, preview.id, compared_at=datetime.now(UTC))
    return preview.id


def order(session, preview_id, actor=CONSOLE, **changes):
    how = {"reason": REASON, "typed": " The Clinic ", "clinic_name": "The Clinic"}
    how |= {"before": None, "session_id": None}
    return going_back.request_going_back(session, actor, preview_id, **how | changes)


def test_it_is_ordered_to_the_time_that_was_seen_and_written_down(session, seen):
    made = order(session, seen)

    assert made.is_open
    assert (made.to, made.reason, made.requested_by_name) == (TO, REASON, CONSOLE.name)
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert (event.action, event.reason) == ("backup:request-go-back", REASON)
    assert event.details == {"to": "2026-11-25T02:00:07Z"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"typed": "the clinic"}, "typed"), ({"reason": "Because"}, "reason")],
)
def test_what_is_typed_wrong_is_refused_at_its_field(session, seen, changes, field):
    with pytest.raises(InvalidInput) as refusal:
        order(session, seen, **changes)

    assert refusal.value.property_name == field


def test_nobody_goes_back_without_a_passkey_or_without_the_right(
    session, seen, admin, clerk
):
    with pytest.raises(NotConfirmed):
        order(session, seen, admin)
    with pytest.raises(NotAllowed):
        order(session, seen, clerk)
    with pytest.raises(NotAllowed):
        going_back.read_going_back(clerk, Path())


def test_nobody_goes_back_who_has_not_just_seen_what_it_would_undo(
    session, admin, seen
):
    row = session.get(PreviewRow, seen)
    row.ended_at -= timedelta(minutes=16)
    session.flush()
    with pytest.raises(NotCompared, match="compare again"):
        order(session, seen)

    log = LogState((BackupWindow(TO, TO),))
    other = previews.request_preview(session, admin, TO, log)
    for preview_id in (seen, other.id):
        with pytest.raises(NotCompared):
            order(session, preview_id)
    previews.end_preview(session, other.id, failure="There is no backup.")
    with pytest.raises(NotCompared):
        order(session, other.id)


def test_one_at_a_time(session, seen):
    with pytest.raises(GoingBackAlready, match="wait until that has ended"):
        order(session, seen, before=SimpleNamespace(is_open=True))


def test_of_two_at_once_the_second_learns_of_the_first(session, seen, tmp_path):
    made = order(session, seen)

    def order_as_well():
        with going_back.ordering(tmp_path) as before:
            return before

    with ThreadPoolExecutor(1) as aside:
        with going_back.ordering(tmp_path) as before:
            second = aside.submit(order_as_well)
            wait([second], timeout=0.2)
            with going_back.ordered(tmp_path, made):
                pass

        assert (before, second.result()) == (None, made)


def test_what_no_launcher_begins_is_over(session, admin, seen, tmp_path):
    made = order(session, seen)
    with going_back.ordered(tmp_path, made):
        assert going_back.read_going_back(admin, tmp_path) == made
    assert (tmp_path / "going-back.json").stat().st_mode & 0o077 == 0

    with pytest.raises(Unavailable), going_back.ordered(tmp_path, made):
        raise Unavailable("The launcher does not answer.")

    request = going_back.read_going_back(admin, tmp_path)
    assert (request.is_open, request.failure) == (
        False,
        "The launcher does not answer.",
    )
    with (
        pytest.raises(Unavailable, match="no such file or directory"),
        going_back.ordered(tmp_path / "gone", made),
    ):
        pass
    with (
        pytest.raises(Unavailable, match="no such file or directory"),
        going_back.ordering(tmp_path / "gone"),
    ):
        pass


def test_what_cannot_be_read_was_never_asked_for(admin, tmp_path):
    assert going_back.read_going_back(admin, tmp_path) is None
    (tmp_path / "going-back.json").write_text("{")
    assert going_back.read_going_back(admin, tmp_path) is None
