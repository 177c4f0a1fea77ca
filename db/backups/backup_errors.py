"""What can go wrong with backups; each message is a sentence for an administrator."""


class CannotBackUp(Exception):
    """No backup was made, and nothing of it counts."""


class BackupRunning(CannotBackUp):
    """Another backup is being made; waiting for it is all there is to do."""


class CannotRestore(Exception):
    """Nothing was restored, and nothing live was touched."""


class SetBroken(CannotRestore):
    """A backup set is not what was written."""
