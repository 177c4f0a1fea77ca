"""The tools below the charts of a page, once somebody has opened all of them."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def tools_of(app: AppTest) -> dict[str, dict[str, Any]]:
    """Return the data sent to each chart's tools, by the chart's name."""
    drawn = (
        json.loads(element.proto.bytes)
        for element in app.get("bidi_component")
        if element.key.endswith("_tools")
    )
    return {each["name"]: each for each in drawn}


def opened_tools(app: AppTest) -> dict[str, dict[str, Any]]:
    """Open each chart's table, request its file, and return the data sent to the tools.

    In place of clicks, which AppTest does not know.
    """
    keys = [
        element.key
        for element in app.get("bidi_component")
        if element.key.endswith("_tools")
    ]
    for key in keys:
        app.session_state[key] = {"opened": True, "csv": True}
    return tools_of(app.run() if keys else app)


def tables(app: AppTest) -> dict[str, list[list[str]]]:
    """Open the table below each chart; return the rows of each, by the chart's name."""
    tools = opened_tools(app)
    return {name: each["table"]["rows"] for name, each in tools.items()}
