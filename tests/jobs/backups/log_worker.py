"""A process that keeps the log of a clinic until it is killed, as a worker does."""

import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event

from db import embedded
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from jobs.backups.log_keeping import LogKeeper


def main(data: str, folder: str, key_file: str, name: str, audit_url: str) -> None:
    """Keep the log."""
    keys = FileKeys(Path(key_file))
    url = embedded.attach(Path(data)).mongo.admin_url
    with (
        closing(FileStore(url, name, keys=keys)) as files,
        closing(AuditStore(audit_url)) as audit,
    ):
        repository = Repository(Path(folder))
        LogKeeper(
            Path(data), files, repository, keys, audit=audit, settling=timedelta()
        ).run(Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
