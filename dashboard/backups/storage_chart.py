"""Shows what backups take up over time, by kind: here, and in the copy elsewhere."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from dashboard import wiring
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import Spec, mark, of_rows
from dashboard.ui.clock import on_axis
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.language.chart_locale import bytes_on_axis, in_language, time_format
from dashboard.ui.measures import amount
from dashboard.ui.words import at
from services.backups import BackupState

# What each kind took up at a time.
Taken = tuple[datetime, Mapping[str, int]]

# Without axis and legend, which takes a line for each kind on a phone.
_HEIGHT: Final = 240
_FEWEST: Final = 2
# In the legend; a longer one is cut off.
_LONGEST_LABEL: Final = 220
_KINDS: Final[Mapping[str, str]] = {
    "full": marked("Full backups"),
    "incremental": marked("Incremental backups"),
    "log": marked("Log"),
    "files": marked("Files"),
    "audit": marked("Audit log"),
    "others": marked("Other backups"),
}
# Distinct on both backgrounds, and by lightness for people who see no colours.
_COLOURS: Final = {
    "full": "#0E7A86",
    "incremental": "#6FC2C4",
    "log": "#C77700",
    "files": "#7D8A94",
    "audit": "#8458A8",
    "others": "#D9534A",
}


def show_storage(state: BackupState) -> None:
    """Draw what each kind took up by the hour, once two hours are known."""
    st.subheader(_("Storage"), anchor=False)
    here = [(each.at, each.here.by_kind) for each in state.storage]
    if len(here) < _FEWEST:
        empty_state(
            _(
                "The size of backups is recorded once an hour: from the second hour "
                "on it is charted here."
            ),
            icon="area_chart",
        )
        return
    _draw(_("Size of the backups"), here, key="backups_storage")
    copied = [
        (each.at, each.copy.by_kind) for each in state.storage if each.copy is not None
    ]
    if wiring.current().settings.backup_s3_url and len(copied) >= _FEWEST:
        name = _("Size of the copy elsewhere")
        _draw(name, copied, key="backups_storage_copy")


def _draw(name: str, taken: Sequence[Taken], *, key: str) -> None:
    kinds = [kind for kind in _KINDS if any(use[kind] for _time, use in taken)]
    (first, _first), (last, newest) = taken[0], taken[-1]
    sizes = ", ".join(
        _("{kind}: {size}").format(kind=_(_KINDS[kind]), size=amount(newest[kind]))
        for kind in kinds
    )
    numbers = partial(_table, taken, kinds)
    with chart_box(name, numbers, key=key, filed=partial(_filed, taken, kinds)):
        st.caption(f"{name}: {amount(sum(newest.values()))}")
        st.vega_lite_chart(
            in_language(
                of_rows(
                    pd.DataFrame(_points(taken, kinds)),
                    _spec(kinds, on_axis(last) - on_axis(first)),
                )
            ),
            key=f"{key}_chart",
            alt=_("{name}, from {since} to {until}. {sizes}.").format(
                name=name, since=at(first), until=at(last), sizes=sizes
            ),
        )


def _points(taken: Sequence[Taken], kinds: Sequence[str]) -> list[dict[str, object]]:
    names = [_(_KINDS[kind]) for kind in kinds]
    return [
        {
            "at": x,
            "when": when,
            "kind": names[number],
            "bytes": use[kind],
            "size": amount(use[kind]),
            "order": number,
        }
        for x, when, use in ((on_axis(time), at(time), use) for time, use in taken)
        for number, kind in enumerate(kinds)
    ]


def _spec(kinds: Sequence[str], milliseconds: float) -> Spec:
    color: Spec = {
        "field": "kind",
        "type": "nominal",
        "scale": {
            "domain": [_(_KINDS[kind]) for kind in kinds],
            "range": [_COLOURS[kind] for kind in kinds],
        },
        "legend": {
            "orient": "bottom",
            "title": None,
            # On a phone, not even two fit side by side.
            "columns": {"expr": "width < 480 ? 1 : 3"},
            "labelLimit": _LONGEST_LABEL,
        },
    }
    encoding: Spec = {
        "x": {
            "field": "at",
            "type": "temporal",
            "scale": {"type": "utc"},
            "axis": {
                "title": None,
                "labelOverlap": "greedy",
                "format": time_format(milliseconds),
                "tickCount": 6,
            },
        },
        "y": {
            "field": "bytes",
            "type": "quantitative",
            "stack": "zero",
            "axis": {
                "title": None,
                "tickCount": 4,
                "labelExpr": bytes_on_axis(),
            },
        },
        "order": {"field": "order"},
        "color": color,
    }
    tooltip = [
        {"field": "when", "title": _("At")},
        {"field": "kind", "title": _("What")},
        {"field": "size", "title": _("Size")},
    ]
    return {
        "height": _HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": [
            {
                "mark": mark("area", tooltip=None),
                "encoding": encoding,
            },
            # The tooltip of an area shows its first time only, wherever the mouse is.
            {
                "mark": mark("point", opacity=0, size=120),
                "encoding": {**encoding, "tooltip": tooltip},
            },
        ],
    }


def _table(taken: Sequence[Taken], kinds: Sequence[str]) -> pd.DataFrame:
    """Return the numbers for people."""
    return pd.DataFrame(
        [
            {_("At"): at(time)} | {_(_KINDS[kind]): amount(use[kind]) for kind in kinds}
            for time, use in taken
        ]
    )


def _filed(taken: Sequence[Taken], kinds: Sequence[str]) -> pd.DataFrame:
    """Return the numbers for programs: in bytes."""
    return pd.DataFrame(
        [
            {_("At"): time.isoformat(timespec="seconds")}
            | {_(_KINDS[kind]): use[kind] for kind in kinds}
            for time, use in taken
        ]
    )
