"""Commands that make reports for those who ask how the clinic is run."""

from dashboard.cli.reports.backup_report import (
    group as group,
    report_mailing_of as report_mailing_of,
)
