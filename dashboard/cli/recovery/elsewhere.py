"""`restore --from SOURCE --kit FILE`: a clinic on a machine that has nothing of it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dashboard.cli.clinic_clock import in_utc
from dashboard.cli.recovery.copies import fetch, find_store, keys_of
from dashboard.cli.recovery.kits import ask_passphrase, text_of_kit

if TYPE_CHECKING:
    from db.settings import Settings


def restore_from(
    settings: "Settings",
    source: str | None,
    kit: Path | None,
    to: datetime | None,
    *,
    into: Path | None = None,
    is_alone: bool = True,
) -> None:
    """Restore a clinic into the empty data folder, after asking for the passphrase.

    `is_alone` is False if another way to restore was requested as well. Raises
    CannotRestore; then the folder is empty.
    """
    from db.backups.backup_errors import CannotRestore
    from db.backups.recovery_kit import RecoveryKit
    from db.backups.repository import Repository
    from jobs.backups.elsewhere import RestoreSource, require_empty, restore_elsewhere

    if not is_alone:
        raise CannotRestore(
            "--from restores into an empty folder: leave --look, --go-back and "
            "--servers-lost out. Nothing was touched."
        )
    named, file = _require_both(settings, source, kit)
    store = find_store(settings, named)
    require_empty(settings.data)
    text = text_of_kit(file)
    passphrase = ask_passphrase("Passphrase of the recovery kit")
    opened = RecoveryKit.opened(text, passphrase)
    typer.echo(f"The recovery kit of {opened.made_at:%Y-%m-%d} opens.")
    repository = Repository(Path(named).expanduser().resolve())
    if store is not None:
        with keys_of(opened) as keys:
            repository = fetch(
                settings, store, keys, to, into=into, system_id=opened.system_id
            )
    went = restore_elsewhere(
        RestoreSource(repository, opened),
        settings.data,
        to,
        kept=timedelta(days=settings.backup_kept_days),
        report=lambda stage, seconds: typer.echo(f"  {stage:<40}{seconds:6.1f} s"),
    )
    proof = went.proof
    typer.echo(
        f"The clinic as of {in_utc(proof.as_of)} is in "
        f"{settings.data}: {proof.rows} rows of {proof.tables} tables, "
        f"{went.files_returned} files, each the one that its row names, and the audit "
        f"log up to entry {proof.audit_entries}, intact."
    )
    typer.echo(f"Start it with: script/server --data {settings.data}")


def _require_both(
    settings: "Settings", source: str | None, kit: Path | None
) -> tuple[str, Path]:
    from db.backups.backup_errors import CannotRestore

    if not settings.is_embedded:
        raise CannotRestore(
            "A clinic can only be restored onto servers that Chartroom starts itself: "
            "unset CHARTROOM_DATABASE_URL and the settings that go with it."
        )
    if source is None or kit is None:
        raise CannotRestore(
            "--from and --kit go together: the folder of the backups, or S3, and the "
            "recovery kit that opens them. With --look or --go-back, a copy in S3 is "
            "fetched beside the clinic and opened with the clinic's own keys. Nothing "
            "was touched."
        )
    return source, kit
