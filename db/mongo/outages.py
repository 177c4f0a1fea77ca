"""What is reported about files while MongoDB is down, and what its errors mean.

Everything else goes on without it, by itself:

- events of the audit log wait in PostgreSQL (`services/audit/chain/shipping.py`), and
  only the log's own page has nothing to show;
- limits are counted by each process (`db/mongo/limit_storage.py`);
- forms are not kept while somebody types, and say so (`db/mongo/draft_store.py`).
"""

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

from db.files.file_errors import FileDamaged, FileMissing, FileStoreUnavailable

_log = logging.getLogger(__name__)


@contextmanager
def answering() -> Iterator[None]:
    """Translate MongoDB's errors to those of files: missing, damaged or unavailable."""
    try:
        yield
    except NoFile as error:
        raise FileMissing("There is no such file.") from error
    except InvalidBSON as error:
        # The answer itself cannot be decoded: a flipped bit can do that.
        raise FileDamaged("What is stored of the file is damaged.") from error
    except (
        # Also raised when a primary steps down in the middle of a batch.
        BulkWriteError,
        ConnectionFailure,
        ExecutionTimeout,
        WTimeoutError,
    ) as error:
        raise FileStoreUnavailable("MongoDB does not answer.") from error
    except OperationFailure as error:
        # A member that has just come back may refuse what it accepts a second later.
        _log.warning("MongoDB refused to answer about files (code %s).", error.code)
        raise FileStoreUnavailable("MongoDB refuses.") from error
