"""The document that a page's address names."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.ui.language import gettext as _
from services.core.errors import NotFound
from services.documents import records
from services.documents.records.model import DocumentRecord

_SECONDS = 3.0


def chosen_document() -> DocumentRecord:
    """Return the document named in the address, with the version named there.

    Without a version it is the latest. Raises NotFound.
    """
    try:
        document_id = UUID(st.query_params.get("document", ""))
        number = int(named) if (named := st.query_params.get("version")) else None
    except ValueError as error:
        raise NotFound(
            _("No document matches this address. Open it from the list.")
        ) from error
    actor = current_actor()
    return read(
        lambda session: records.get(
            session, actor, document_id, number=number, even_deleted=True
        ),
        keep=("document", document_id, number),
        seconds=_SECONDS,
    )
