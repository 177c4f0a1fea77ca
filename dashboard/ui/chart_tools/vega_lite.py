"""What charts are written in: Vega-Lite, as dictionaries.

Not with Altair, which takes 10 to 60 ms of the processor to build and check a chart,
while every other session that draws one waits for its lock.
"""

from typing import Any, Final

import pandas as pd

Spec = dict[str, Any]

_ROWS: Final = "rows"
# Of how many: no line between two of them.
WHOLE_NUMBERS: Final[Spec] = {"format": "d", "tickMinStep": 1}


def of_rows(rows: pd.DataFrame, spec: Spec) -> Spec:
    """Return a chart of these rows, with which it is drawn at once.

    Those that are handed to `st.vega_lite_chart` beside a chart, as what moves along
    needs it, are put into it when it has been drawn without any.
    """
    return {**spec, "data": {"name": _ROWS}, "datasets": {_ROWS: rows}}


def mark(kind: str, **more: Any) -> Spec:
    """Return a mark of which screen readers say nothing: the chart has a text."""
    return {"type": kind, "aria": False} | more


def nominal(field: str, **more: Any) -> Spec:
    """Return an encoding by names, in the order in which they come if not told else."""
    return {"field": field, "type": "nominal"} | more


def quantitative(field: str, **more: Any) -> Spec:
    """Return an encoding by numbers."""
    return {"field": field, "type": "quantitative"} | more


def ordinal(field: str, **more: Any) -> Spec:
    """Return an encoding by steps of which one follows the other, such as months."""
    return {"field": field, "type": "ordinal"} | more
