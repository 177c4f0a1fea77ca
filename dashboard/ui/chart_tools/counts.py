"""Counts by names, and perhaps by parts: as bars, and as the table below them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dashboard.ui.chart_tools.vega_lite import (
    WHOLE_NUMBERS,
    Spec,
    mark,
    nominal,
    quantitative,
)


def bars_of_counts(titles: Mapping[str, str], *, axis: Spec, **channels: Any) -> Spec:
    """Return a bar for each name, in the order in which names come, as high as a count.

    `titles` are what the fields are called to whoever points at a bar: first what bars
    stand along, on `axis`, and last the count. `channels` are encodings besides these.
    """
    *names, count = titles
    return {
        "mark": mark("bar"),
        "encoding": {
            "x": nominal(names[0], sort=None, title=None, axis=axis),
            "y": quantitative(count, title=None, axis=WHOLE_NUMBERS),
            "tooltip": [
                *(nominal(name, title=titles[name]) for name in names),
                quantitative(count, title=titles[count]),
            ],
        }
        | channels,
    }


def table_of_counts(frame: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each name with a column for each part of its count.

    `titles` are those of the three fields: name, part and count.
    """
    name, part, count = titles
    table = frame.pivot_table(index=name, columns=part, values=count, sort=False)
    return table.reset_index().rename(columns={name: titles[name]})
