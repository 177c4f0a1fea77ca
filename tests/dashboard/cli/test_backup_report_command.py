"""The command backup-report: a month's report as a file, or a refusal in a sentence."""

import stat
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest

from dashboard import wiring
from dashboard.cli.reports import backup_report
from db.backups.backup_errors import CannotBackUp
from db.backups.repository import Repository
from db.settings import Settings
from services.backups.reports import ReportPeriod
from services.core.actors import CONSOLE
from services.core.audit import Action
from tests.dashboard.cli.test_restore_elsewhere import NOBODYS
from tests.kit import backup_sets
from tests.kit.audit_events import events_of

PERIOD = ReportPeriod(date(2026, 11, 1), date(2026, 11, 30), UTC)


def test_servers_of_ones_own_are_not_reported_on(run):
    finished = run("backup-report")

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("Chartroom only backs up servers that it starts")
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--month", "October", "October is not a month: write it like 2026-10."),
        ("--month", "2026-13", "2026-13 is not a month: write it like 2026-10."),
        ("--month", "9999-12", "The last day has not come yet"),
        ("--language", "fr", "There is no report in fr: choose one of en, de."),
    ],
)
def test_what_cannot_be_reported_is_said_in_a_sentence(
    run, tmp_path, option, value, sentence
):
    finished = run("backup-report", option, value, "--data", tmp_path, **NOBODYS)

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(sentence)


def test_a_file_that_is_there_stays(run, tmp_path):
    kept = tmp_path / "kept.pdf"
    kept.write_text("last month")

    finished = run("backup-report", "--out", kept, "--data", tmp_path, **NOBODYS)

    assert finished.returncode == 1
    assert "kept.pdf already exists: name another file with --out." in finished.stderr
    assert kept.read_text() == "last month"


def test_without_a_month_it_is_the_one_before_and_this_one_is_told_until_today():
    now = datetime(2026, 3, 5, 9, tzinfo=UTC)

    before = backup_report._period_of(None, now)
    this = backup_report._period_of("2026-03", now)

    assert (before.first, before.last) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (this.first, this.last) == (date(2026, 3, 1), date(2026, 3, 5))


@pytest.fixture
def settings(endpoints, tmp_path):
    """The settings of a clinic that has no backups yet."""
    return Settings(
        data=tmp_path / "data",
        backup_dir=tmp_path / "backups",
        database_url=endpoints.database_url,
        mongo_url=endpoints.mongo_url,
        audit_mongo_url=endpoints.audit_url,
    )


@pytest.mark.parametrize(
    ("language", "title"),
    [(None, "Backups and restores"), ("de", "Sicherungen und Wiederherstellungen")],
)
def test_the_report_is_a_file_of_ones_own_and_is_written_down(
    settings, kept, tmp_path, language, title
):
    backup_sets.add_set(Repository(settings.backups))
    Repository(settings.backups).add_proof(backup_sets.DRILLED)
    path = tmp_path / "report.pdf"

    sentence = backup_report.write_report(settings, PERIOD, path, language)

    assert sentence == (
        f"{path} reports on 2026-11-01 to 2026-11-30. Restores that were proven: 1; "
        "attempts that proved nothing: 0."
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pypdfium2.PdfDocument(path) as document:
        text = " ".join(document[0].get_textpage().get_text_range().split())
    assert title in text
    event = events_of(kept, Action.BACKUP_REPORT)[-1]
    assert event.actor_id == CONSOLE.id
    assert event.details == {"first": "2026-11-01", "last": "2026-11-30"}


def test_without_a_backup_there_is_nothing_to_report(settings, tmp_path):
    path = tmp_path / "report.pdf"

    with pytest.raises(CannotBackUp, match="so there is nothing to report"):
        backup_report.write_report(settings, PERIOD, path, None)

    assert not path.exists()
    assert wiring.backups_of(settings).system_id is None


def test_only_who_asked_for_it_by_mail_is_sent_one(settings):
    embedded = settings.model_copy(update={"database_url": None})
    wanted = embedded.model_copy(update={"backup_report_by_mail": True})
    own = settings.model_copy(update={"backup_report_by_mail": True})

    made = [
        backup_report.report_mailing_of(_Wired(each))
        for each in (embedded, own, wanted)
    ]

    assert made[:2] == [None, None]
    assert made[2] is not None
    assert made[2].now().tzinfo is not None
    assert made[2].now() - datetime.now(UTC) < timedelta(minutes=1)


class _Wired:
    """A wiring of which only the settings are used."""

    def __init__(self, settings):
        self.settings = settings
