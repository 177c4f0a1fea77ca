"""What can go wrong with files."""


class FileMissing(Exception):
    """There is no such file."""


class FileDamaged(Exception):
    """What is stored is not what was put; none of it can be trusted."""


class FileStoreUnavailable(Exception):
    """Files cannot be read or stored now; trying again later may help."""


class FileKeyMissing(FileStoreUnavailable):
    """The key that wraps this file's key is no longer, or not yet, in our key file."""
