"""Fields to type in that keep what is typed, whatever it is."""

from dashboard.ui.fields.bounded import (
    bounded_area as bounded_area,
    bounded_line as bounded_line,
)
