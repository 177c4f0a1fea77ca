"""What can go wrong with backups; each message is a sentence for an administrator."""

from pathlib import Path


class CannotBackUp(Exception):
    """No backup was made; nothing that was written counts."""


class BackupRunning(CannotBackUp):
    """Another backup is being made; the only thing to do is wait for it."""


class CannotCopyChanges(CannotBackUp):
    """No incremental backup can be made; a full one may."""


class CannotRestore(Exception):
    """Nothing was restored, and nothing live was touched."""


class NoBackup(CannotRestore):
    """A folder has no backup, of whatever time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no backup in {folder}: make one with python -m dashboard "
            "backup, or name the folder that has them."
        )


class SetBroken(CannotRestore):
    """A backup set is not what was written."""


class PasswordRefused(CannotRestore):
    """A login's password in the restored PostgreSQL differs from the data folder's."""

    def __init__(self, login: str, folder: Path) -> None:
        super().__init__(
            f"The restored PostgreSQL refuses the password of {login} that is in "
            f"{folder}/secrets.json: it was another one then. Put the file of that "
            "time back; the recovery kit has it."
        )
        self.login = login


class TableLocked(CannotRestore):
    """A table was being changed at the chosen time: nobody can read it there."""

    def __init__(self) -> None:
        super().__init__(
            "A table was being changed just then and cannot be read: name a time some "
            "seconds earlier."
        )


class CheckSkipped(CannotRestore):
    """A drill could not check everything that it must, so it proves nothing."""
