"""The texts, days and numbers of a file, in the language of the page that offers it."""

from dashboard.ui.language import (
    current_language,
    day_in_full,
    decimal,
    long_date,
    month_and_year,
    translated,
)
from services.documents.forms import Wording


def wording_of_page() -> Wording:
    """Return the wording of a file for the reader of the current page."""
    return Wording(
        current_language(), translated, long_date, decimal, month_and_year, day_in_full
    )
