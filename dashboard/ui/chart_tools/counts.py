"""Counts by name, and optionally by part: as bars, and as the table below them."""

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
    """Return a bar for each name, in the order of the rows, as high as its count.

    `titles` are the fields' titles in tooltips: first that of the names along `axis`,
    and last that of the count. `channels` are further encodings.
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
