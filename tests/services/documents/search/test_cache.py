"""Cached lists of documents: dropped in every process when a document changes."""

import time
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM, Lsn
from services.core.actor_database import ActorDatabase
from services.core.errors import NotAllowed
from services.documents.search.cache import DocumentListCache
from services.lists.criteria import Count, Criteria
from services.lists.pages import MAX_SIZE, PagePosition
from services.patients.records import patients
from tests.kit import cast
from tests.kit.change_listening import FakeChangeListener, await_change, listening
from tests.kit.commanding import commanded
from tests.kit.waiting import eventually
from tests.services.documents.search.samples import NOW, filed
from tests.services.patients.clinic_samples import TODAY

FIRST = PagePosition()


@pytest.fixture
def listener() -> FakeChangeListener:
    """A listener that hears what the test sends."""
    return FakeChangeListener()


def _look(clinic, document_lists, actor=None, at=FIRST, **options):
    on_behalf = ActorDatabase(clinic.database, actor or clinic.cleo)
    return document_lists.look(on_behalf, Criteria(), at, now=NOW, **options)


def _file(clinic, title="New"):
    """File a document; return its position in the log."""
    cleo = clinic.cleo
    on_behalf = ActorDatabase(clinic.database, cleo)
    return on_behalf.write(lambda s: filed(s, cleo, title)).lsn


def test_a_list_is_kept_until_something_is_told(clinic, listener):
    document_lists = DocumentListCache(listener)
    first = _look(clinic, document_lists)
    lsn = _file(clinic)

    assert _look(clinic, document_lists) == first
    listener.receive(lsn)
    second = _look(clinic, document_lists).value
    assert len(second.page.rows) == len(first.value.page.rows) + 1
    assert second.count.value == first.value.count.value + 1


def test_what_is_read_anew_comes_from_a_server_that_shows_what_was_told(
    clinic, listener
):
    document_lists = DocumentListCache(listener)
    lsn = _file(clinic, "Told of")
    listener.receive(lsn)

    assert "Told of" in [
        row.title for row in _look(clinic, document_lists).value.page.rows
    ]


def test_who_has_just_written_is_shown_it_whatever_is_kept(clinic, listener):
    document_lists = DocumentListCache(listener)
    _look(clinic, document_lists)
    lsn = _file(clinic, "My own")

    shown = _look(clinic, document_lists, after=lsn).value.page.rows
    assert "My own" in [row.title for row in shown]


def test_nothing_is_kept_while_nothing_can_be_heard(clinic, listener):
    document_lists = DocumentListCache(listener)
    listener.mark = None
    first = _look(clinic, document_lists)
    lsn = _file(clinic)

    assert _look(clinic, document_lists, after=lsn) != first


def test_what_is_told_during_the_reading_keeps_it_from_being_found(clinic, listener):
    class Interrupted(ActorDatabase):
        def read(self, *given, **how):
            read = super().read(*given, **how)
            listener.receive(Lsn(0))
            return read

    document_lists = DocumentListCache(listener)
    interrupted = Interrupted(clinic.database, clinic.cleo)

    first = document_lists.look(interrupted, Criteria(), PagePosition(), now=NOW)

    assert _look(clinic, document_lists) != first


def test_a_list_is_not_kept_for_longer_than_said(clinic, listener, monkeypatch):
    document_lists = DocumentListCache(listener)
    first = _look(clinic, document_lists)
    begun = time.time()

    monkeypatch.setattr(time, "time", lambda: begun + 299)
    assert _look(clinic, document_lists) == first
    monkeypatch.setattr(time, "time", lambda: begun + 301)
    assert _look(clinic, document_lists) != first


def test_what_a_clinician_sees_is_not_kept(clinic, listener):
    document_lists = DocumentListCache(listener)

    assert _look(clinic, document_lists, clinic.dora) != _look(
        clinic, document_lists, clinic.dora
    )


def test_every_look_is_written_down(clinic, listener):
    document_lists = DocumentListCache(listener)
    count = select(AuditEvent.action, func.count()).group_by(AuditEvent.action)

    def counts():
        rows = clinic.database.read_latest(
            lambda s: dict(s.execute(count).all()), identity=SYSTEM
        ).value
        return rows.get("document:list", 0), rows.get("document:count", 0)

    before = counts()
    for _ in range(3):
        _look(clinic, document_lists)

    assert counts() == (before[0] + 3, before[1] + 3)


def test_a_list_on_one_page_is_counted_however_long_counting_takes(
    clinic, listener, monkeypatch
):
    monkeypatch.setattr("services.lists.counting.run_within", lambda *_, **__: None)
    document_lists = DocumentListCache(listener)
    for _ in range(2):
        _file(clinic)

    whole = _look(clinic, document_lists, at=PagePosition(MAX_SIZE)).value
    part = _look(clinic, document_lists, at=PagePosition(1)).value

    assert whole.count == Count(len(whole.page.rows))
    assert part.count.is_estimate


def test_nobody_is_shown_what_was_kept_for_others(clinic, listener):
    document_lists = DocumentListCache(listener)
    _file(clinic)
    _look(clinic, document_lists)

    with pytest.raises(NotAllowed):
        _look(clinic, document_lists, clinic.ana)
    assert _look(clinic, document_lists, clinic.emil).value.page.rows == ()


def test_of_two_patients_neither_is_shown_what_was_kept_for_the_other(clinic, listener):
    def invite(session, patient):
        filed(session, clinic.cleo, f"Of {patient.first_name}", of=patient)
        return cast.add_patient_actor(session, patient)

    document_lists = DocumentListCache(listener)
    two = [
        clinic.database.write(partial(invite, patient=patient), identity=SYSTEM)
        for patient in (clinic.ada, clinic.grace)
    ]

    shown = [
        _look(clinic, document_lists, invited.value, after=two[-1].lsn)
        for invited in two
    ]

    titles = [[row.title for row in look.value.page.rows] for look in shown]
    assert titles == [["Of Ada"], ["Of Grace"]]


def test_a_listener_hears_of_documents_and_of_names(clinic, module_endpoints):
    def rename(session):
        draft = replace(clinic.grace.draft(), last_name="Murray")
        version = clinic.grace.version
        patients.edit(
            session, clinic.cleo, clinic.grace.id, draft, version=version, today=TODAY
        )

    with listening(module_endpoints, "documents") as listener:
        for change in (
            lambda: _file(clinic),
            lambda: clinic.write(clinic.cleo, rename),
        ):
            lsn, after = await_change(listener, change)
            assert after.position >= (lsn or Lsn(0))


def _process(clinic, endpoints):
    return commanded("tests.services.documents.search.looking", endpoints, clinic.cleo)


def test_what_is_filed_or_deleted_in_one_process_shows_in_the_other_at_once(
    clinic, module_endpoints
):
    with (
        _process(clinic, module_endpoints) as first,
        _process(clinic, module_endpoints) as second,
    ):
        eventually(lambda: second("hears"))
        kept = second("look")
        assert second("look") == kept

        document_id = first("file", "Fresh")
        eventually(lambda: "Fresh" in second("look")["titles"])
        first("delete", document_id)
        eventually(lambda: "Fresh" not in second("look")["titles"])
        again = second("look")
        assert second("look") == again
