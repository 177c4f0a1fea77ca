"""The words, days and numbers of a PDF, as the page that offers it has them."""

from dashboard.ui.language import (
    current_language,
    decimal,
    long_date,
    month_and_year,
    translated,
)
from services.documents.forms import Wording


def wording_of_page() -> Wording:
    """Return how a PDF speaks to whoever sees the page just now."""
    return Wording(current_language(), translated, long_date, decimal, month_and_year)
