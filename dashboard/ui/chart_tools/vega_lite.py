"""Charts as Vega-Lite, in dictionaries.

Not with Altair, which takes 10 to 60 ms of the processor to build and check a chart,
while every other session that draws one waits for its lock.
"""

from typing import Any, Final

import pandas as pd

Spec = dict[str, Any]

_ROWS: Final = "rows"
# The theme's muted text, for all words in charts: no one colour has enough contrast on
# both themes, and Vega knows the page's background.
MUTED: Final[Spec] = {"expr": "luminance(background) > 0.5 ? '#4A5B67' : '#A9B8C2'"}
# For counts: no grid line between two whole numbers.
WHOLE_NUMBERS: Final[Spec] = {"format": ",d", "tickMinStep": 1}


def of_rows(rows: pd.DataFrame, spec: Spec) -> Spec:
    """Return a chart that has these rows in its spec and is drawn with them at once.

    Rows that are passed to `st.vega_lite_chart` separately, as charts that move along
    need, are inserted only after the chart has been drawn without any.
    """
    return {**spec, "data": {"name": _ROWS}, "datasets": {_ROWS: rows}}


def mark(kind: str, **more: Any) -> Spec:
    """Return a mark that screen readers skip: the chart has a text."""
    return {"type": kind, "aria": False} | more


def nominal(field: str, **more: Any) -> Spec:
    """Return an encoding by names, in their own order unless `more` sets another."""
    return {"field": field, "type": "nominal"} | more


def quantitative(field: str, **more: Any) -> Spec:
    """Return an encoding by numbers."""
    return {"field": field, "type": "quantitative"} | more


def ordinal(field: str, **more: Any) -> Spec:
    """Return an encoding by ordered steps, such as months."""
    return {"field": field, "type": "ordinal"} | more


def every_value(values: "pd.Series[str]") -> Spec:
    """Return a scale with all values in their order, also those without a mark.

    Left alone, Vega takes the values that have a mark, in the order of the layers.
    """
    return {"domain": list(dict.fromkeys(values))}
