"""Going back in time on screen: offered, refused, ordered, under way, ended."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dashboard.web.front.going_back_socket import GoingBackServer
from db.backups.requested_restore import (
    RequestedRestore,
    lock_requests,
    note_requested,
    read_requested,
)
from db.embedded import DataFolder
from db.postgres import SYSTEM
from services.backups import previews
from services.backups.previews import ChangedKind, ChangeList
from services.core.actors import Role
from tests.pages.backups.conftest import said
from tests.pages.backups.test_restore_preview import keep_log

REASON = "A table was dropped by hand"
TO = "25 Nov 2026, 02:03:07"


@pytest.fixture
def opened(at_desk, clinic, repository):
    """Open the page of a clinic that has just been compared with a time."""
    keep_log(clinic, repository)

    def open_page(**how):
        return at_desk("backups", Role.ADMIN, **how)

    app = open_page()
    app.text_input(key="previews_as_of").set_value("2026-11-25 02:03:07")
    app.button(key="previews_do").click().run()

    def end(session):
        lists = [ChangeList(ChangedKind.VISITS, ())]
        preview = previews.open_preview(session)
        previews.end_preview(
            session, preview.id, lists=lists, compared_at=datetime.now(UTC)
        )

    clinic.wiring.database.write(end, identity=SYSTEM)
    return open_page


@pytest.fixture
def data(clinic, repository):
    folder = clinic.wiring.settings.data
    DataFolder(folder).prepare()
    return folder


@pytest.fixture
def launcher(data):
    """A launcher that begins and does nothing; a list of the times it began."""
    begun, stopping = [], threading.Event()
    with GoingBackServer(data) as server:

        def run():
            while not stopping.wait(0.01):
                server.answer(lambda: begun.append(1))

        thread = threading.Thread(target=run)
        thread.start()
        yield begun
        stopping.set()
        thread.join()


def order(app, clinic, reason=REASON, typed=None):
    name = clinic.wiring.settings.clinic_name
    app.text_input(key="go_back_reason").set_value(reason)
    app.text_input(key="go_back_typed").set_value(name if typed is None else typed)
    app.button(key="go_back_do").click().run()
    return said(app)


def test_what_it_means_is_said_and_the_launcher_is_asked(
    opened, clinic, data, launcher
):
    app = opened()
    words = said(app)
    assert f"The clinic closes for about a minute and opens as it was at {TO}." in words
    assert "Everybody is signed out, including you." in words
    assert "this page says how it went, and so does the audit log" in words

    words = order(app, clinic)

    assert launcher == [1]
    assert f"is taking the clinic back to {TO}." in words
    requested = read_requested(data)
    assert (requested.is_open, requested.reason) == (True, REASON)
    assert clinic.audit("backup:request-go-back")[-1].reason == REASON
    # Nobody can order a second one meanwhile.
    assert "go_back_do" not in [button.key for button in app.button]
    assert app.button(key="previews_do").disabled


def test_who_orders_at_the_same_time_as_a_colleague_is_refused(
    opened, clinic, data, launcher
):
    app, locked, now = opened(), threading.Event(), datetime.now(UTC)
    recorded = len(clinic.audit("backup:request-go-back"))
    colleagues = RequestedRestore(now, REASON, UUID(int=7), "Adam", now)

    def order_as_colleague():
        with lock_requests(data):
            locked.set()
            time.sleep(0.5)
            note_requested(data, colleagues)

    thread = threading.Thread(target=order_as_colleague)
    thread.start()
    locked.wait()
    words = order(app, clinic)
    thread.join()

    # The page may show the order itself, if it looks for one after the refusal.
    refused = "The clinic is already going back in time: wait until that has ended."
    assert refused in words or "Adam is taking the clinic back to" in words
    assert (launcher, read_requested(data)) == ([], colleagues)
    assert len(clinic.audit("backup:request-go-back")) == recorded


def test_without_a_passkey_it_leads_to_one_and_nothing_is_done(
    opened, clinic, launcher, data
):
    app = opened(method="code")

    assert "Going back in time needs a passkey" in said(app)
    assert "needs a confirmation from the last 5 minutes" in order(app, clinic)
    assert (launcher, read_requested(data)) == ([], None)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"typed": "yes"}, "to go back. Nothing was changed."),
        ({"reason": "oops"}, "Enter a reason of at least 10 characters"),
    ],
)
def test_what_is_typed_wrong_is_refused_and_stays(opened, clinic, data, how, sentence):
    app = opened()

    assert sentence in order(app, clinic, **how)
    assert app.text_input(key="go_back_reason").value == how.get("reason", REASON)
    assert read_requested(data) is None


def test_without_a_launcher_the_page_says_what_to_do(opened, clinic, data):
    words = order(opened(), clinic)

    assert "The launcher does not answer, so the clinic stays as it is." in words
    assert not read_requested(data).is_open
    assert f"The clinic did not go back to {TO}" in said(opened())


def test_how_far_it_is_and_how_it_ended_is_told(opened, clinic, launcher, data):
    order(opened(), clinic)
    begun = read_requested(data)
    note_requested(data, replace(begun, stage="The clinic is closed"))
    assert f"back to {TO}. The clinic is closed. It closes" in said(opened())

    ended = replace(begun, ended_at=datetime.now(UTC))
    note_requested(data, replace(ended, failure="The disk has 50 MB free."))
    assert f"did not go back to {TO}, as " in said(opened())
    assert "The disk has 50 MB free." in said(opened())

    note_requested(data, ended)
    (message,) = [part.value for part in opened().success]
    assert f"The clinic went back to {TO}, which" in message
    assert message.endswith(REASON)
    week = timedelta(days=8)
    note_requested(data, replace(ended, ended_at=ended.ended_at - week))
    assert not opened().success


def test_what_was_compared_long_ago_is_compared_once_more(opened, clinic):
    clinic.write(
        lambda session: session.connection().exec_driver_sql(
            "UPDATE restore_previews SET ended_at = ended_at - interval '16 minutes'"
        )
    )
    app = opened()

    assert "Compare again before you go back: people have worked since." in said(app)
    assert "go_back_do" not in [button.key for button in app.button]
