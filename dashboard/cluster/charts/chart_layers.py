"""The layers that charts of the servers are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.ui.chart_tools.vega_lite import Spec, mark
from dashboard.ui.language import gettext as _
from dashboard.ui.language.chart_locale import day_and_month_format, time_format

LEGEND: Final[Spec] = {"orient": "bottom", "title": None, "symbolOpacity": 1}
_SHAPES: Final = {
    "switchover": "triangle-right",
    "failover": "cross",
    "alert": "diamond",
    "drill": "circle",
    "rejoin": "triangle-up",
    "backup": "square",
}
# For marks that are not servers: events, and the earlier period.
MARKED: Final = "#7D8A94"
# Legible on both backgrounds.
_ALERT: Final = "#D9534A"
# In pixels: half the width of 10:24:00.
_HALF_A_TIME: Final = 24
# In pixels: the room for numbers beside a chart, the largest room, a character of a
# name, the gap between a name and the chart, and the room not used by a name that is
# cut off.
_SIDE: Final = 64
_WIDEST_SIDE: Final = 120
_CHARACTER: Final = 5.6
_BETWEEN: Final = 16
_CUT_OFF: Final = 4

LINE: Final = mark("line")
AREA: Final = mark("area")


def when() -> Spec:
    """Return the transform that writes a point's time for tooltips."""
    written = f"{day_and_month_format()} %H:%M:%S"
    return {"calculate": f"utcFormat(datum.at, '{written}')", "as": "when"}


def side_for(names: Iterable[str]) -> int:
    """Return the width left of a chart that the names of these servers need."""
    longest = max(map(len, names), default=0)
    return min(max(_SIDE, round(longest * _CHARACTER) + _BETWEEN), _WIDEST_SIDE)


@dataclass(frozen=True, slots=True)
class Window:
    """The time that charts show, on their axis; open if it moves along.

    The space left of each chart has the same width, so that their times align.
    """

    since: float
    until: float
    is_live: bool = False
    side: int = _SIDE

    @property
    def beside(self) -> Spec:
        """Return the options that give an axis of names or values the common width."""
        limit = self.side - _CUT_OFF
        return {"minExtent": self.side, "maxExtent": self.side, "labelLimit": limit}

    @property
    def axis(self) -> Spec:
        """Return the axis of time."""
        axis: Spec = {
            "title": None,
            "labelOverlap": "greedy",
            # A label closer to an end would reach beyond the picture, and be cut off.
            "labelFlush": _HALF_A_TIME,
            "labelBound": True,
            "format": time_format(self.until - self.since),
            "tickCount": 6,
        }
        scale: Spec = {"type": "utc"}
        return {"field": "at", "type": "temporal", "scale": scale, "axis": axis}

    def ends(self, y: Spec | None = None, *, least: float = 1.0) -> Spec:
        """Return an invisible layer that gives the axes their full length.

        The axis of values reaches up to at least `least`.

        Vega-Lite treats explicit domains in charts of several layers as a conflict, and
        then draws nothing.
        """
        values = [{"at": self.since, "least": 0}, {"at": self.until, "least": least}]
        # A live chart ends where its points end.
        encoding: Spec = {} if self.is_live else {"x": self.axis}
        if y is not None:
            encoding["y"] = {"field": "least", "type": "quantitative"} | y
        return {
            "data": {
                "values": [{"least": 0}, {"least": least}] if self.is_live else values
            },
            "mark": mark("point", opacity=0, tooltip=None),
            "encoding": encoding,
        }


@dataclass(frozen=True, slots=True)
class Mark:
    """An event, to be marked on a chart."""

    at: float
    kind: str
    label: str


def event_layers(window: Window, marks: Sequence[Mark]) -> list[Spec]:
    """Return a line for each event, with a sign on top for its kind."""
    if not marks:
        return []
    values = [
        {"at": mark.at, "event": _worded(mark.kind), "what": mark.label}
        for mark in marks
    ]
    tooltip: list[Spec] = [
        {"field": "when", "title": _("At")},
        {"field": "what", "title": _("What")},
    ]
    common: Spec = {
        "data": {"values": values},
        "transform": [when()],
    }
    kinds = sorted({mark.kind for mark in marks})
    shape: Spec = {
        "field": "event",
        "type": "nominal",
        "scale": {
            "domain": [_worded(kind) for kind in kinds],
            "range": [_SHAPES.get(kind, "circle") for kind in kinds],
        },
        "legend": LEGEND | {"symbolFillColor": MARKED},
    }
    return [
        common
        | {
            "mark": mark("rule", color=MARKED, strokeDash=[4, 4]),
            "encoding": {"x": window.axis, "tooltip": tooltip},
        },
        common
        | {
            "mark": mark("point", filled=True, color=MARKED, opacity=1, size=90),
            "encoding": {
                "x": window.axis,
                "y": {"value": 6},
                "shape": shape,
                "tooltip": tooltip,
            },
        },
    ]


def _worded(kind: str) -> str:
    return _(kind.replace("-", " ").capitalize())


def threshold(value: float, label: str) -> list[Spec]:
    """Return a dashed, labelled line at which an alert begins."""
    data: Spec = {"values": [{"value": value, "label": label}]}
    y: Spec = {"field": "value", "type": "quantitative"}
    return [
        {
            "data": data,
            "mark": mark("rule", strokeDash=[6, 4], color=_ALERT, tooltip=None),
            "encoding": {"y": y},
        },
        {
            "data": data,
            "mark": mark(
                "text",
                align="left",
                baseline="bottom",
                dx=4,
                color=_ALERT,
                tooltip=None,
            ),
            "encoding": {
                "x": {"value": 0},
                "y": y,
                "text": {"field": "label", "type": "nominal"},
            },
        },
    ]
