"""Backups that administrators request: one at a time, and each ends somehow."""

import pytest
from sqlalchemy.exc import IntegrityError

from db.models.integrity import BackupRequest as RequestRow
from services import backups
from services.backups import BackupRequested
from services.core.errors import NotAllowed
from tests.kit.audit_events import events_of


def test_one_is_asked_for_and_written_down(session, admin):
    request = backups.request_backup(session, admin)

    assert request.is_open
    assert request.requested_by_name == admin.name
    assert backups.newest_request(session, admin) == request
    assert backups.open_request(session) == request
    (event,) = events_of(session)
    assert (event.action, event.subject_id) == ("backup:request", str(request.id))


def test_a_second_is_refused_until_the_first_has_ended(session, admin):
    first = backups.request_backup(session, admin)
    with pytest.raises(BackupRequested, match="already been asked for"):
        backups.request_backup(session, admin)

    backups.end_request(session, first.id, set_id="20261125T020000Z-0001")

    assert backups.open_request(session) is None
    assert backups.request_backup(session, admin).id != first.id


def test_what_has_ended_stays_as_it_ended(session, admin):
    request = backups.request_backup(session, admin)
    backups.end_request(session, request.id, failure="The disk is full.")
    backups.end_request(session, request.id, set_id="20261125T020000Z-0001")

    ended = backups.newest_request(session, admin)
    assert (ended.set_id, ended.failure) == (None, "The disk is full.")


def test_an_end_without_a_word_is_refused_by_the_database(session, admin):
    request = backups.request_backup(session, admin)

    with pytest.raises(IntegrityError, match="backup_requests_end_says_how"):
        backups.end_request(session, request.id)


def test_the_database_itself_keeps_a_second_out(session, admin):
    backups.request_backup(session, admin)
    session.add(RequestRow(requested_by=admin.id, requested_by_name=admin.name))

    with pytest.raises(IntegrityError, match="backup_requests_open_once"):
        session.flush()


def test_others_neither_ask_nor_see(session, clerk):
    for act in (backups.request_backup, backups.newest_request):
        with pytest.raises(NotAllowed):
            act(session, clerk)
