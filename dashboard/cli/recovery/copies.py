"""`restore --from S3`: fetches what a time needs from the copy first."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from db.backups.copies.object_store import ObjectStore
    from db.backups.recovery_kit import RecoveryKit
    from db.backups.repository import Repository
    from db.files.file_keys import FileKeys
    from db.settings import Settings

_COPY: Final = "S3"


def find_store(settings: "Settings", source: str) -> "ObjectStore | None":
    """Return the store that a source names; None for a folder.

    `S3` stands for the store of the settings. Raises CannotRestore.
    """
    from pydantic import ValidationError

    from dashboard.wiring import copy_store_of
    from db.backups.backup_errors import CannotRestore
    from db.settings import Settings, explain

    if source != _COPY and not source.startswith("s3://"):
        return None
    named = settings
    if source != _COPY:
        try:
            changed = {**settings.model_dump(), "backup_s3_url": source}
            named = Settings.model_validate(changed)
        except ValidationError as error:
            raise CannotRestore(explain(error)) from error
    store = copy_store_of(named)
    if store is None:
        raise CannotRestore(
            "--from S3 needs CHARTROOM_BACKUP_S3_URL and the settings beside it. Or "
            "name the copy with --from s3://BUCKET/PREFIX."
        )
    return store


def fetch(
    settings: "Settings",
    store: "ObjectStore",
    keys: "FileKeys",
    to: datetime | None,
    *,
    into: Path | None = None,
    system_id: str | None = None,
) -> "Repository":
    """Fetch what a time needs; return the repository that results.

    A fetch that was interrupted is continued by the next. Raises CannotRestore.
    """
    from db.backups.repository import Repository
    from jobs.backups.copying.fetching import RepositoryFetch

    data = settings.data.expanduser().resolve()
    folder = into or data.with_name(f"{data.name}.from-s3")
    repository = Repository(folder.expanduser().resolve())
    typer.echo(f"From {store.address.shown} into {repository.folder}:")

    def report(what: str, objects: int, size: int) -> None:
        typer.echo(f"  {what:<20}{objects:>8,} objects{size / 1e6:>10.1f} MB")

    RepositoryFetch(store, repository, keys, report=report).fetch(
        to, system_id=system_id
    )
    return repository


@contextmanager
def keys_of(kit: "RecoveryKit") -> Iterator["FileKeys"]:
    """Provide the file keys of a recovery kit for the duration of a block."""
    from db.backups.recovery_kit import FILE_KEYS
    from db.files.file_keys import FileKeys

    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.keys"
        path.touch(mode=0o600)
        path.write_text(kit.files[FILE_KEYS])
        yield FileKeys(path)
