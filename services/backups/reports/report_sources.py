"""Looks up the contents of a report on backups that are in no row."""

from datetime import datetime, timedelta

from db.backups.recovery_kit import KeyFiles
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.settings import Settings
from services.backups.kits import read_kit_state
from services.backups.reports.gathering import ReportPlan, ReportSources
from services.backups.state import read_state
from services.core.actors import Actor


def read_sources(
    actor: Actor,
    settings: Settings,
    repository: Repository,
    *,
    keys: FileKeys,
    key_files: KeyFiles,
    now: datetime,
) -> ReportSources:
    """Return the backups' state and plan; raises NotAllowed and OSError."""
    return ReportSources(
        repository,
        read_state(actor, repository, settings.data, keys),
        read_kit_state(actor, repository, key_files, now),
        _plan_of(settings),
    )


def _plan_of(settings: Settings) -> ReportPlan:
    return ReportPlan(
        every=settings.backup_interval,
        full_every=settings.backup_full_interval,
        kept=timedelta(days=settings.backup_kept_days),
        drill_every=settings.backup_drill_interval,
        is_copied=settings.backup_s3_url is not None,
    )
