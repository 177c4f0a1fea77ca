"""What charts are written in: Vega-Lite, as dictionaries.

Not with Altair, which takes 25 ms of the processor to build and check a chart, while
every other session that draws one waits for its lock.
"""

from typing import Any, Final

Spec = dict[str, Any]

# Of how many: no line between two of them.
WHOLE_NUMBERS: Final[Spec] = {"format": "d", "tickMinStep": 1}


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
