"""Files or replaces a document, and dies by SIGKILL where it is told to.

Reads its input as JSON: addresses, the stage to die at, perhaps a document's id.
"""

import json
import os
import signal
import sys
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import NoReturn
from uuid import UUID

from sqlalchemy.orm import Session

from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from services.documents import records
from services.documents.records.drafts import DraftDocument
from services.documents.records.ingest import DocumentIngest
from services.pdf.report import PdfReport
from tests.conftest import connect
from tests.kit import cast

# Long enough that some of it is in the store before the last of it is read.
PDF = b"%PDF-1.7 " + bytes(range(256)) * 32_000


def die() -> NoReturn:
    """End at once, without a chance to clean up."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class Deadly(BytesIO):
    """A file that kills the process that reads beyond a certain byte."""

    def __init__(self, data: bytes, dies_at: int) -> None:
        super().__init__(data)
        self._dies_at = dies_at

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, or die."""
        if self.tell() >= self._dies_at:
            die()
        return super().read(size)


class Trusting:
    """An examiner that takes anything for a PDF without looking at it."""

    def examine(self, _source: object, **_options: object) -> PdfReport:
        """Return the same report for everything."""
        return PdfReport(1, text=("Words of the newest",))


def main() -> None:
    """Carry out the order, and die."""
    orders = json.load(sys.stdin)
    stage = orders["stage"]
    dies_at = {"before the bytes": 0, "amid the bytes": len(PDF) - 1_000_000}
    source = Deadly(PDF, dies_at.get(stage, len(PDF) + 1))
    keys = FileKeys(Path(orders["keys"]))
    with closing(FileStore(orders["mongo_url"], orders["store"], keys=keys)) as files:
        ingest = DocumentIngest(files, Trusting(), None, refuse_active=False)
        content = ingest.receive(source, "newest.pdf", **orders["made"])
        if stage == "before the row":
            die()
        clerk = cast.act_as(cast.CLEO)
        with Session(connect(orders["database_url"])) as session, session.begin():
            if orders["document_id"]:
                given = (session, clerk, UUID(orders["document_id"]), content)
                records.add_version(*given, revision=1)
            else:
                records.file(session, clerk, DraftDocument(), content)
            if stage == "before the commit":
                die()
        die()


if __name__ == "__main__":
    main()
