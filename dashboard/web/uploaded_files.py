"""Files in Streamlit's uploaders, whose bytes are in memory once and not per run."""

from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec


def share_bytes() -> None:
    """Let every copy of an uploaded file share its bytes.

    Each run of a page gets a deep copy of all that was chosen, so that several files of
    50 MB were there twice at least. Streamlit has no setting for it. To be called once
    in a process, before pages run.
    """
    UploadedFile.__deepcopy__ = _copied  # type: ignore[attr-defined]


def _copied(upload: UploadedFile, _: object) -> UploadedFile:
    # What a BytesIO is made from is copied only if somebody writes to it.
    record = UploadedFileRec(
        upload.file_id,
        upload.name,
        upload.type,
        b"" if upload.closed else upload.getvalue(),
    )
    return UploadedFile(record, upload._file_urls)
