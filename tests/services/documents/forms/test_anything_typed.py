"""Whatever somebody types, a document is made or the refusal is in words."""

from contextlib import suppress

from hypothesis import given, settings, strategies as st

from services.documents import forms
from tests.services.documents.forms.samples import made, record_form

# Letters, marks, symbols, line ends, and direction controls, of any script.
_ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_PRINTABLE = st.text(
    st.sampled_from("aé ß\n\u200f\u200eمحملاשلоक्षि़ไ王ア김\u0301\u200d{}*_-<>&\\()…"),
    max_size=80,
)


@given(_ANYTHING, _PRINTABLE)
@settings(max_examples=15)
def test_anything_typed_makes_a_document_or_is_refused_in_words(some, other):
    form = record_form(name=other.replace("\n", " ") or "A", diagnosis=other)
    assert made(form=form if form["name"].strip() else record_form())

    with suppress(forms.InvalidForm):
        assert made(form=record_form(medical_information=some))
