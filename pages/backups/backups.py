"""Backups: what is kept of the clinic outside of it, and what was proven of them."""

from dashboard.backups.auditor_report import show_auditor_report
from dashboard.backups.backup_overview import show_backups, show_backups_elsewhere
from dashboard.backups.earlier_times.restore_preview import show_restore_preview
from dashboard.backups.recovery_kit import show_recovery_kit
from dashboard.backups.restore_drills import show_restore_drills
from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Backups"))
show_page_links()
if not show_backups_elsewhere():
    with error_boundary():
        show_backups()
    with error_boundary():
        show_restore_drills()
    with error_boundary():
        show_auditor_report()
    with error_boundary():
        show_recovery_kit()
    with error_boundary():
        show_restore_preview()
