"""A report on backups as a PDF for an auditor."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from services.backups.reports import sections, standing
from services.backups.reports.gathering import BackupReport
from services.backups.reports.report_words import ReportWords
from services.backups.reports.sections import ReportSection
from services.core.sentences import Sentence
from services.documents.forms import ENGLISH, Clinic, Wording

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

_PARTS: Final = (
    sections.summary,
    standing.unproven,
    sections.restores,
    sections.checks,
    sections.failures,
    standing.window,
    standing.kept_backups,
    standing.elsewhere,
    standing.keys,
    sections.alerts,
    sections.restorers,
)
# The column names of a table and its first row, below their heading.
_TOGETHER_MM: Final = 34.0
# Characters that numbers may have in any language.
_SIGNS: Final = "0123456789.,:%–"


def report_pdf(
    report: BackupReport,
    *,
    clinic: Clinic,
    now: datetime,
    wording: Wording = ENGLISH,
    explain: Callable[[str], str] = str,
) -> bytes:
    """Return a report as a PDF; times are in the zone of `now`.

    `explain` returns a failure, which is kept in English, in the paper's language. The
    report contains counts, times, names of colleagues, and ids where a failure names
    one.
    """
    # Importing fpdf takes half as long as all other imports, and few print anything.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    _ = ReportWords(wording, now.tzinfo, explain)
    title = _(Sentence("Backups and restores"))
    period = report.period
    first, last = wording.day(period.first), wording.day(period.last)
    subject = _(Sentence("{first} to {last}", first=first, last=last))
    facts = _facts(subject, now, _)
    parts = [part(report, _) for part in _PARTS]
    texts = [clinic.name, clinic.address, title, _SIGNS]
    texts += [text for fact in facts for text in fact]
    texts += [text for part in parts for text in part.texts]
    sheet = Sheet(
        clinic=clinic,
        title=title,
        subject=subject,
        document_id=uuid4(),
        now=now,
        text="".join(texts),
        has_code=False,
        wording=wording,
    )
    sheet.title_line(title)
    for label, value in facts:
        sheet.fact(label, value)
    for part in parts:
        _write(sheet, part)
    return bytes(sheet.output())


def _facts(subject: str, now: datetime, _: ReportWords) -> tuple[tuple[str, str], ...]:
    printed = Sentence("{time}, times in {zone}", time=_.time(now), zone=f"{now:%Z}")
    return (
        (_(Sentence("Period")), subject),
        (_(Sentence("Printed")), _(printed)),
        (
            _(Sentence("Evidence for")),
            _(
                Sentence(
                    "Contingency plan and its testing (HIPAA, 45 CFR 164.308(a)(7)); "
                    "restoring access after an incident, and testing that (GDPR, "
                    "Article 32(1)(c) and (d))"
                )
            ),
        ),
        (
            _(Sentence("In it")),
            _(
                Sentence(
                    "Counts, times and names of colleagues; no names or data of "
                    "patients. A failure may name a record by its id. Restores and "
                    "alerts are those of the period; the state of backups, their "
                    "copy, the kit and permissions is as of printing."
                )
            ),
        ),
    )


def _write(sheet: "Sheet", part: ReportSection) -> None:
    sheet.heading(part.title, together=_TOGETHER_MM)
    for paragraph in part.paragraphs:
        sheet.paragraphs(paragraph)
        sheet.ln(1.5)
    for label, value in part.facts:
        sheet.fact(label, value)
    if part.rows:
        sheet.table_of(part.columns, part.rows)
