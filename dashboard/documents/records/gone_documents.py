"""Dialogs about a document that may be gone before they are sent.

Whoever has a document on screen is not helped by reading that it was not found. Whether
it was deleted or became confidential is not for everybody to know.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from services.core.errors import NotFound
from services.documents.records.errors import NoSuchDocument


@contextmanager
def document_dialog_boundary() -> Iterator[None]:
    """Explain errors of a dialog about a document, also that it is gone meanwhile."""
    with error_boundary():
        try:
            yield
        except NoSuchDocument as refusal:
            raise NotFound(
                _(
                    "This document was deleted in the meantime, or you may no longer "
                    "open it. Nothing was changed."
                )
            ) from refusal
