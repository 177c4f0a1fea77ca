"""A paper made from a form: its bytes, pictures of its pages, and how it is stored.

Code that makes a paper shows it before it is filed; a letter to several is shown once.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, ingest, inspector
from dashboard.ui.language import gettext as _, lowered
from services.documents import forms
from services.documents.forms import Form, Template, Wording
from services.documents.records.drafts import StoredContent

_WIDTH: Final = 1100


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF and the form, as printed, that it was made from."""

    template: Template
    form: Form
    data: bytes
    filename: str
    pages: int
    pictures: dict[int, str] = field(default_factory=dict)


def clinic_wording() -> Wording:
    """Return the wording of the clinic's papers, in whatever language the page is."""
    return wiring.paper_wording(wiring.current().settings)


def title_of(template: Template) -> str:
    """Return the title that a form is filed with unless somebody changes it."""
    return clinic_wording().say(template.title)


def make_paper(
    template: Template, typed: Form, document_id: UUID, timestamp: datetime
) -> Paper:
    """Make the PDF of a form with this id and time; raises InvalidForm."""
    author, today = current_actor(), timestamp.date()
    wording = clinic_wording()
    form = forms.checked(template, typed, today=today)
    data = forms.generate(
        template,
        form,
        clinic=wiring.letterhead(wiring.current().settings),
        document_id=document_id,
        now=timestamp,
        author=author.name,
        wording=wording,
    )
    pages = inspector().examine(BytesIO(data), person=author.id).pages or 1
    filename = forms.filename_of(template, form, today, wording)
    return Paper(template, form, data, filename, pages)


def show_page(paper: Paper, page: int) -> None:
    """Show a page as it will be printed."""
    alt = _("Page {page} of {pages} of the {title}").format(
        page=page, pages=paper.pages, title=lowered(_(paper.template.title))
    )
    with st.container(border=True):
        st.image(_picture(paper, page), width="stretch", alt=alt)


@contextmanager
def stored(paper: Paper) -> Iterator[StoredContent]:
    """Store the bytes for the row that is written inside; remove them if none is.

    Raises what the ingest raises.
    """
    content = ingest().receive(
        BytesIO(paper.data),
        paper.filename,
        person=current_actor().id,
        origin="form",
        template=paper.template.name,
        form=paper.form,
    )
    with ingest().discarding_on_refusal(content):
        yield content


def _picture(paper: Paper, page: int) -> str:
    """Return a page as a data URL that contains the picture itself.

    Bytes that Streamlit keeps are open to everybody who knows their address.
    """
    if page not in paper.pictures:
        drawn = inspector().render(
            BytesIO(paper.data), page, width=_WIDTH, person=current_actor().id
        )
        paper.pictures[page] = f"data:image/png;base64,{b64encode(drawn).decode()}"
    return paper.pictures[page]
