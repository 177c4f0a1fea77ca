"""Backups made by a clinic's own backup tool, on the page and on Home."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.language.recorded_sentences import translate_recorded
from db.backups.tools.archived_marks import ArchiveMark
from db.models.integrity import RestoreDrill, ToolAnswer
from db.postgres import SYSTEM
from services.backups import drills, tools
from services.core.actors import Role
from tests.kit.backup_sets import DRILLED
from tests.kit.german_pages import left_english
from tests.kit.tool_reports import NAME, SYSTEM_ID, WAL, report_at
from tests.pages.backups.conftest import said
from tests.pages.conftest import Clinic, forgetting, rows_of


@pytest.fixture
def tool(clinic: Clinic, monkeypatch: pytest.MonkeyPatch):
    """A clinic with servers of its own, which Barman backs up."""
    changes = {"database_url": "postgresql://", "backup_tool": NAME}
    own = clinic.wiring.settings.model_copy(update=changes)
    monkeypatch.setattr(clinic.wiring, "settings", own)
    yield
    clinic.write(lambda session: session.execute(delete(ToolAnswer)))


def opened(clinic: Clinic) -> AppTest:
    return clinic.open("backups", Role.ADMIN)


def tell(clinic: Clinic, report, mark=None) -> tools.ToolState:
    def noted(session) -> tools.ToolState:
        if mark is not None:
            tools.note_mark(session, NAME, mark)
        return tools.note_answer(session, NAME, report, own_system_id=SYSTEM_ID)

    state: tools.ToolState = clinic.write(noted)
    return state


def of_today():
    now = datetime.now(UTC).replace(microsecond=0)
    return report_at(now - timedelta(hours=3))


def test_before_it_was_asked_the_page_says_what_it_does_not_back_up(clinic, tool):
    words = said(opened(clinic))

    assert "Barman backs up PostgreSQL of these servers" in words
    assert "`barman backup clinic`" in words
    assert "It knows nothing of MongoDB" in words
    assert "Barman has not been asked yet" in words


def test_the_page_says_to_which_second_one_can_go_back_and_how(clinic, tool):
    first = tell(clinic, of_today())
    assert "It is not known yet until when" in said(opened(clinic))
    tell(clinic, of_today(), ArchiveMark(first.tried_at, WAL))

    app = opened(clinic)

    words = said(app)
    assert "You can go back to any second from" in words
    command = f'barman restore --target-time "{first.tried_at:%Y-%m-%d %H:%M:%S}+00"'
    assert f"{command} clinic auto FOLDER" in words
    assert "The newest backup is from" in words
    assert "Barman said so at" in words
    assert "Restores are not practised here" in words
    names = [row[2] for row in rows_of(app, "tool_backups_table")]
    assert names == ["I2", "F1"]
    # What only our own backups have.
    keys = [button.key for button in app.button]
    assert not {"backups_now", "restore_drills_now"} & set(keys)


@pytest.fixture
def practised(
    clinic: Clinic,
    kept: Session,
    tool: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[None]:
    """A folder in which the tool may restore for drills."""
    changes = {"backup_tool_sandbox": tmp_path}
    own = clinic.wiring.settings.model_copy(update=changes)
    monkeypatch.setattr(clinic.wiring, "settings", own)
    with forgetting(kept, RestoreDrill):
        yield


def end_drill(clinic: Clinic, **how: object) -> None:
    def write(session) -> None:
        drill = drills.newest_drill(session)
        assert drill is not None
        drills.end_drill(session, drill.id, **how)

    clinic.wiring.database.write(write, identity=SYSTEM)


def test_restores_by_a_tool_are_practised_where_it_may_restore(clinic, practised):
    tell(clinic, of_today())
    before = opened(clinic)
    assert "No restore by Barman is proven yet" in said(before)
    assert "A drill has Barman restore an arbitrary second and the newest one" in said(
        before
    )

    before.button(key="restore_drills_run").click().run()
    end_drill(clinic, proof=DRILLED)
    proven = said(opened(clinic))

    assert "**Last restore proven on" in proven
    assert "read in MongoDB as it is" in proven
    assert "Restores are not practised here" not in proven


def test_drills_by_a_tool_are_told_in_german(clinic, practised):
    clinic.speak_german(Role.ADMIN)
    tell(clinic, of_today())
    app = opened(clinic)
    assert left_english(app) == set()

    app.button(key="restore_drills_run").click().run()
    end_drill(clinic, proof=DRILLED)

    assert left_english(opened(clinic)) == set()


def test_what_is_wrong_stands_first(clinic, tool):
    report = of_today()
    broken = replace(report.backups[0], problem="The log is missing.")
    tell(
        clinic,
        replace(
            report,
            backups=(broken, report.backups[1]),
            faults=("Checks of Barman fail: postgresql.",),
            is_busy=True,
        ),
    )

    app = opened(clinic)

    errors = [each.value for each in app.error]
    assert errors == ["The log is missing.", "Checks of Barman fail: postgresql."]
    assert "A backup is being made right now." in said(app)
    rows = rows_of(app, "tool_backups_table")
    assert [row[4] for row in rows] == ["Valid", "The log is missing."]


def test_an_answer_that_did_not_come_is_told_with_what_was_told_before(clinic, tool):
    tell(clinic, of_today())
    clinic.write(
        lambda session: tools.note_failure(session, NAME, "Barman did not answer.")
    )

    app = opened(clinic)

    (error,) = app.error
    assert error.value.startswith("Barman was asked at")
    assert error.value.endswith("Barman did not answer.")
    assert "The newest backup is from" in said(app)


def test_a_worker_that_does_not_ask_is_missed(clinic, tool):
    tell(clinic, of_today())
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    clinic.write(
        lambda session: session.execute(update(ToolAnswer).values(tried_at=long_ago))
    )

    (error,) = opened(clinic).error

    assert error.value.startswith("Barman was last asked at")
    assert error.value.endswith("check that the worker is running.")


def test_home_says_how_old_the_newest_is_and_whether_the_tool_complains(clinic, tool):
    def newest():
        app = clinic.start(Role.ADMIN)
        (figure,) = [each for each in app.metric if each.label == "Newest backup"]
        links = [link.proto.label for link in app.get("page_link")]
        return figure.value, links

    value, links = newest()
    assert (value, "By Barman" in links) == ("None yet", True)
    tell(clinic, of_today())
    value, links = newest()
    assert (value, "By Barman" in links) == ("3 h ago", True)
    tell(clinic, replace(of_today(), faults=("Checks of Barman fail: x.",)))
    assert "Barman complains" in newest()[1]


def test_in_german_nothing_of_it_stays_english(clinic, tool):
    clinic.speak_german(Role.ADMIN)
    assert left_english(opened(clinic)) == set()
    report = of_today()
    backups = (*report.backups, replace(report.backups[0], kind="differential"))
    first = tell(clinic, report)
    later = replace(
        report, backups=backups, faults=("Checks of Barman fail: ssh.",), is_busy=True
    )
    tell(clinic, later, ArchiveMark(first.tried_at, WAL))

    app = opened(clinic)

    assert left_english(app) == set()
    assert "zu jeder Sekunde von" in said(app)


def test_what_a_tool_says_has_german_sentences() -> None:
    faults = (
        "Checks of Barman fail: postgresql, ssh.",
        "Barman has no backup that can be restored.",
        "pgBackRest has lost what it knows of main.",
        (
            "Repositories of pgBackRest are not as they should be (number 1, 2): run "
            "pgbackrest --stanza=main info by hand to see why."
        ),
        (
            "Another server leads than when the newest backup was made, and Barman "
            "does not tell how far the log goes since: make a backup."
        ),
        (
            "Of the log from backup 20261127T224226 to the next backup, segments are "
            "missing: 1."
        ),
        "Of the log from backup 20261127T224226 to the end, segments are missing: 3.",
        (
            f"The log of backup 20261127-224233F is not in the archive, from {WAL} to "
            f"{WAL}."
        ),
        "Backup 20261127-224233F has pages whose checksums are wrong.",
        (
            "Backup I2 is of 2026-11-27 12:00:00 UTC, which is to come: set the clock "
            "of the tool's machine."
        ),
        (
            "The backups are of another PostgreSQL (7, this one is 42): correct "
            "CHARTROOM_BACKUP_TOOL, which is barman:clinic."
        ),
        (
            "There is no program barman where the worker runs: name it with "
            "CHARTROOM_BACKUP_TOOL_COMMAND."
        ),
        (
            "The program barman cannot be started (permission denied): see "
            "CHARTROOM_BACKUP_TOOL_COMMAND."
        ),
        "Barman did not answer within 60 seconds.",
        (
            "Barman ended with exit code 1: run it by hand, as the worker's user, to "
            "see why."
        ),
        "Barman answers in another way than Chartroom knows (0.backup_id).",
        "Barman knows no clinic: correct CHARTROOM_BACKUP_TOOL.",
        "Asking the backup tool broke: the worker's log says why.",
    )
    alerts = (
        (
            "Something is wrong with the backups that Barman makes. Barman did not "
            "answer within 60 seconds."
        ),
        "Barman has backups for 9 days, and Chartroom practises no restore of them.",
        "Backups of Barman that are not counted on: 1. The page Backups names them.",
    )

    with using_language(GERMAN):
        german = [translate_failure(each) for each in faults]
        shown = [translate_recorded(each) for each in alerts]

    assert not set(german) & set(faults)
    assert not set(shown) & set(alerts)
    assert shown[0].endswith("Barman hat nicht innerhalb von 60 Sekunden geantwortet.")
