"""Documents on pages: filed without a page, and the data and text that a page shows."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from db.files.gridfs import Bucket
from services.documents import records
from services.documents.records.model import DocumentRecord
from tests.pages.conftest import Clinic

LATER = datetime.now(UTC) + timedelta(days=1)
File = Callable[..., DocumentRecord]


def replace(clinic: Clinic, record: DocumentRecord, data: bytes) -> DocumentRecord:
    """Add a version as a colleague at another desk would."""
    content = clinic.receive(data)
    return clinic.write(
        lambda s: records.add_version(
            s, clinic.clerk, record.id, content, revision=record.revision
        )
    )


def stored(clinic: Clinic, document: DocumentRecord | str) -> DocumentRecord:
    """Return the document, or the one of this id, as the primary has it now."""
    wanted = UUID(document) if isinstance(document, str) else document.id
    return clinic.write(
        lambda s: records.get(s, clinic.clerk, wanted, even_deleted=True)
    )


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Choose files on the page for uploads, and file them."""
    chosen = [(name, data, "application/pdf") for name, data in files]
    app.file_uploader[0].set_value(chosen).run()
    return app.button(key="upload_documents_file").click().run()


def press(app: AppTest, opener: str, *keys: str) -> AppTest:
    """Press buttons of a dialog, which AppTest shows while its opener is pressed."""
    for key in keys:
        app.button(key=opener).click()
        app.button(key=key).click().run()
    return app


def said(app: AppTest) -> str:
    """Return the text of all the page's message boxes."""
    boxes = (*app.success, *app.info, *app.warning, *app.error)
    return "\n".join(box.value for box in boxes)


def shown(app: AppTest, key: str) -> dict[str, object]:
    """Return the data that a component of the page draws."""
    for part in app.get("bidi_component"):
        if part.key == key:
            return json.loads(part.proto.bytes)
    return {}


def columns_of(app: AppTest, key: str) -> set[str]:
    """Return the labels of a table's columns."""
    return {column["label"] for column in shown(app, key)["columns"]}


def buttons(app: AppTest) -> set[str]:
    """Return the keys of the page's buttons."""
    return {str(button.key) for button in app.button}


def files_of(clinic: Clinic) -> list[str]:
    """Return the ids of all documents' files that are stored."""
    return list(clinic.wiring.files.list_older_than(Bucket.DOCUMENTS, LATER))


def let_go(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that will name each upload that Streamlit is told to forget."""
    gone: list[str] = []
    monkeypatch.setattr(
        MemoryUploadedFileManager,
        "remove_file",
        lambda _manager, *named, **named_too: gone.append(str(named or named_too)),
    )
    return gone
