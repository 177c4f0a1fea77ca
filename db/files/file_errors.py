"""What can go wrong with files, and what of MongoDB's errors means which."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import InvalidBSON
from gridfs.errors import NoFile
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    WTimeoutError,
)

_log = logging.getLogger(__name__)


class FileMissing(Exception):
    """There is no such file."""


class FileDamaged(Exception):
    """What is stored is not what was put; none of it is to be believed."""


class FileStoreUnavailable(Exception):
    """Files cannot be read or stored now; trying again later may help."""


class FileKeyMissing(FileStoreUnavailable):
    """The key that wraps this file's key is not in our key file (any more, or yet)."""


@contextmanager
def answering() -> Iterator[None]:
    """Turn MongoDB's errors into ours."""
    try:
        yield
    except NoFile as error:
        raise FileMissing("There is no such file.") from error
    except InvalidBSON as error:
        # What MongoDB has sent cannot even be read: so far a flipped bit can go.
        raise FileDamaged("What is stored of the file is damaged.") from error
    except (
        # A primary that steps down in the middle of a batch is told of in this way.
        BulkWriteError,
        ConnectionFailure,
        ExecutionTimeout,
        WTimeoutError,
    ) as error:
        raise FileStoreUnavailable("MongoDB does not answer.") from error
    except OperationFailure as error:
        # One that has just come back may refuse what it answers a second later.
        _log.warning("MongoDB refused to answer about files (code %s).", error.code)
        raise FileStoreUnavailable("MongoDB refuses.") from error
