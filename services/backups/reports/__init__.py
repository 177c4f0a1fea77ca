"""Reports on backups for an auditor: what was restored, and what was not proven."""

from services.backups.reports.gathering import (
    BackupReport as BackupReport,
    NotAPeriod as NotAPeriod,
    ReportPeriod as ReportPeriod,
    ReportPlan as ReportPlan,
    ReportSources as ReportSources,
    gather_report as gather_report,
)
from services.backups.reports.mailing import (
    ReportRecipient as ReportRecipient,
    list_recipients as list_recipients,
    record_mail as record_mail,
    report_email as report_email,
)
from services.backups.reports.paper import report_pdf as report_pdf
from services.backups.reports.report_sources import read_sources as read_sources
