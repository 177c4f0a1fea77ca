"""The report for auditors on screen: days, made, refused, taken along."""

from datetime import date, timedelta

import pypdfium2
import pytest

from dashboard.backups import auditor_report
from db.backups.repository import Repository
from services.backups import reports
from services.core.actors import Role
from tests.kit import backup_sets
from tests.pages.backups.conftest import said


@pytest.fixture
def backed_up(repository: Repository) -> Repository:
    """The repository of a clinic that has one backup."""
    backup_sets.add_set(repository)
    return repository


def test_before_the_first_backup_there_is_nothing_to_report(clinic, repository):
    app = clinic.open("backups", Role.ADMIN)

    assert "Report for auditors" not in [part.value for part in app.subheader]


def test_the_month_before_is_offered_and_its_report_is_taken_along(
    clinic, backed_up, monkeypatch
):
    papers = []
    made = reports.report_pdf

    def keep(*given, **words):
        papers.append(made(*given, **words))
        return papers[-1]

    monkeypatch.setattr(auditor_report.reports, "report_pdf", keep)
    app = clinic.open("backups", Role.ADMIN)
    since, until = (
        app.date_input(key=f"backup_report_{part}").value for part in ("since", "until")
    )
    assert (since.day, (until + timedelta(days=1)).day) == (1, 1)

    app.button(key="backup_report_make").click().run()

    said(app)
    (button,) = app.get("download_button")
    assert button.label == "Download the report (PDF)"
    with pypdfium2.PdfDocument(papers[0]) as document:
        text = " ".join(document[0].get_textpage().get_text_range().split())
    assert "No restore was proven in this period" in text
    details = clinic.audit("backup:report")[-1].details
    assert details == {"first": since.isoformat(), "last": until.isoformat()}


def test_what_is_no_period_is_said_and_nothing_is_made(clinic, backed_up):
    before = len(clinic.audit("backup:report"))
    app = clinic.open("backups", Role.ADMIN)
    app.date_input(key="backup_report_since").set_value(date(2026, 11, 2))
    app.date_input(key="backup_report_until").set_value(date(2026, 11, 1))

    app.button(key="backup_report_make").click().run()

    assert "The last day is before the first: choose a later one." in said(app)
    assert not app.get("download_button")
    assert len(clinic.audit("backup:report")) == before


def test_repositories_that_cannot_be_read_leave_the_rest_of_the_page(
    clinic, backed_up, monkeypatch
):
    def broken(*_):
        raise OSError("Its disk is gone.")

    app = clinic.open("backups", Role.ADMIN)
    monkeypatch.setattr(Repository, "proofs_between", broken)

    app.button(key="backup_report_make").click().run()

    assert not app.get("download_button")
    assert "The newest backup is from" in said(app)
    assert app.error
