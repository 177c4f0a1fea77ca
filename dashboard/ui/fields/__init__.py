"""Input fields that keep whatever is typed."""

from dashboard.ui.fields.bounded import (
    bounded_area as bounded_area,
    bounded_line as bounded_line,
)
from dashboard.ui.fields.numbers import (
    TypedNumber as TypedNumber,
    number_field as number_field,
    typed_number as typed_number,
    whole_number_field as whole_number_field,
)
from dashboard.ui.fields.typed_values import (
    TypedValue as TypedValue,
    set_initial_value as set_initial_value,
)
