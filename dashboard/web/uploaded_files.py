"""Files in Streamlit's uploaders: in memory once, and only while their page is open.

Streamlit has them by the name that is in the browser's form, where some characters are
escaped, and others may change what is read.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from services.core.typed_text import tidy_line, unescape_form_name

_PAGE: Final = "uploaded_files_page"
_arriving: Final[Counter[str]] = Counter()


def share_bytes() -> None:
    """Have all copies of an uploaded file share its bytes, and a readable name.

    Each run of a page gets a deep copy of all chosen files, so that several files of 50
    MB were in memory at least twice. Streamlit has no setting for it. To be called once
    per process, before pages run.
    """
    UploadedFile.__deepcopy__ = _copied  # type: ignore[attr-defined]


@contextmanager
def arriving(page_id: str) -> Iterator[None]:
    """Let the page know of a file that arrives inside.

    Belongs to the event loop of the server; pages only look.
    """
    _arriving[page_id] += 1
    try:
        yield
    finally:
        _arriving[page_id] -= 1
        if not _arriving[page_id]:
            del _arriving[page_id]


def is_arriving() -> bool:
    """Return whether more is being sent to the uploaders of this page at the moment."""
    context = get_script_run_ctx()
    return context is not None and context.session_id in _arriving


def discard_of_other_pages(page: str) -> None:
    """Discard what was chosen on another page; the shell says which page is open.

    That page's uploader has forgotten it, but Streamlit would keep it until the tab is
    closed.
    """
    before: str | None = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = page
    # In a browser whose process has died, the new session's first run may be for a file
    # that has just been sent to it.
    if before in {None, page}:
        return
    if (context := get_script_run_ctx()) is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def release(upload: UploadedFile) -> None:
    """Discard the bytes that Streamlit keeps for an uploader."""
    upload.close()
    if (context := get_script_run_ctx()) is not None:
        # There is no public way; the uploader itself keeps them as long as the session.
        manager = context.uploaded_file_mgr
        if isinstance(manager, MemoryUploadedFileManager):
            manager.remove_file(context.session_id, upload.file_id)


def _copied(upload: UploadedFile, _: object) -> UploadedFile:
    # The bytes that a BytesIO is made from are copied only if somebody writes to it.
    record = UploadedFileRec(
        upload.file_id,
        # As it will be filed: marks of direction make a name read backwards.
        tidy_line(unescape_form_name(upload.name)),
        upload.type,
        b"" if upload.closed else upload.getvalue(),
    )
    return UploadedFile(record, upload._file_urls)
