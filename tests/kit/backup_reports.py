"""The sources of a report on backups other than database rows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from db.backups.repository import Repository
from services.backups import BackupState
from services.backups.kits import KitState
from services.backups.reports import ReportPeriod, ReportPlan, ReportSources

NOW: Final = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
PERIOD: Final = ReportPeriod(date(2026, 11, 1), date(2026, 11, 30), UTC)
PLAN: Final = ReportPlan(
    every=timedelta(hours=1),
    full_every=timedelta(days=7),
    kept=timedelta(days=35),
    drill_every=timedelta(days=7),
    is_copied=False,
)
KIT: Final = KitState(datetime(2026, 11, 2, 8, tzinfo=UTC), is_old=False)


def sources_of(
    repository: Repository,
    *,
    kit: KitState = KIT,
    plan: ReportPlan = PLAN,
    **stands: Any,
) -> ReportSources:
    """Return these sources; `stands` overrides fields of the backup state."""
    survey = repository.survey()
    state: dict[str, Any] = {
        "folder": repository.folder,
        "sets": survey.sets,
        "unreadable": survey.unreadable,
        "is_busy": False,
        "is_beside": False,
        "failure": None,
        "proof": repository.last_proof(),
    }
    return ReportSources(repository, BackupState(**state | stands), kit, plan)
