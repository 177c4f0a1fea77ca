"""Every service can be imported first: none needs another to be imported before."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The layers below are loaded once; then each service is the first in its process.
PROGRAM = """
import gc, importlib, os, sys
import email_validator, faker, fpdf, pikepdf, PIL.Image, requests
from pydantic import BaseModel, Field, TypeAdapter, WithJsonSchema
import db.mongo.audit_store, db.mongo.draft_store, db.mongo.limit_storage
import db.files.gridfs, db.models
import db.backups.copies.copy_notes, db.backups.manifest, db.backups.notes
import db.cluster.observing, db.cluster.patroni, db.postgres, db.settings, db.spool
# What is never collected is shared by all of them.
gc.disable()
gc.freeze()
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(f"{name}: {error!r}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_every_service_can_be_imported_first():
    # Importing any module of a package imports the package itself first.
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "services").glob("*/*"))
        if path.suffix == ".py" or (path / "__init__.py").exists()
    ]

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(names) > 60
    assert done.stdout == ""
