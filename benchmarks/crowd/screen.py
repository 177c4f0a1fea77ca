"""What a browser has on its screen: the widgets that its server has sent so far."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

# Streamlit's form of an id: a mark, a digest, and the key that the script has given.
_ID_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Widget:
    """Something on the page that a person can use."""

    id: str
    kind: str
    fragment_id: str
    drawn: Any

    @property
    def key(self) -> str:
        """The key that the script gave it, "None" if it gave none."""
        return self.id.split("-", _ID_PARTS - 1)[-1]


class Screen:
    """The widgets of one open page, and the refusals of its last run."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.page_hash = ""
        # Errors, and messages in red: about something that was done, or about the state
        # of something that is shown.
        self.exceptions: list[str] = []
        self.alerts: list[str] = []
        self._widgets: dict[str, Widget] = {}
        self._is_of_run: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return any(True for _ in self._of(key))

    def find(self, key: str) -> Widget:
        """Return the widget with this key or pattern; raises LookupError."""
        for widget in self._of(key):
            return widget
        raise LookupError(f"There is no {key} on the page.")

    def is_open(self, key: str) -> bool:
        """Return whether the widget is there and not disabled."""
        return any(not getattr(w.drawn, "disabled", False) for w in self._of(key))

    def payload(self, key: str) -> dict[str, Any]:
        """Return the data that a component of ours draws; empty if it is not there."""
        for widget in self._of(key):
            payload: dict[str, Any] = json.loads(widget.drawn.bytes)
            return payload
        return {}

    def ids(self) -> frozenset[str]:
        """Return the ids of all widgets."""
        return frozenset(self._widgets)

    def take(self, message: ForwardMsg) -> None:
        """Draw one message."""
        match message.WhichOneof("type"):
            case "new_session":
                self._is_of_run = set()
                self.exceptions.clear()
                self.alerts.clear()
            case "navigation":
                self.page_hash = message.navigation.page_script_hash
                self.pages = {
                    page.url_pathname: page.page_script_hash
                    for page in message.navigation.app_pages
                }
            case "delta" if message.delta.HasField("new_element"):
                self._draw(message.delta.new_element, message.delta.fragment_id)
            case "delta" if message.delta.add_block.HasField("expandable"):
                expander = message.delta.add_block.expandable
                self._keep("expander", expander, message.delta.fragment_id)

    def settle(self, fragment_ids: frozenset[str]) -> None:
        """Forget what the run, of these fragments or of all, has not drawn again."""
        for id_, widget in list(self._widgets.items()):
            was_due = not fragment_ids or widget.fragment_id in fragment_ids
            if was_due and id_ not in self._is_of_run:
                del self._widgets[id_]

    def _of(self, key: str) -> Iterator[Widget]:
        return (w for w in self._widgets.values() if fnmatchcase(w.key, key))

    def _draw(self, element: Element, fragment_id: str) -> None:
        kind = element.WhichOneof("type")
        if kind is None:
            return
        drawn = getattr(element, kind)
        if kind == "exception":
            self.exceptions.append(f"{drawn.type}: {drawn.message}")
        elif kind == "alert" and drawn.format == Alert.ERROR:
            self.alerts.append(drawn.title or drawn.body)
        else:
            self._keep(kind, drawn, fragment_id)

    def _keep(self, kind: str, drawn: Any, fragment_id: str) -> None:
        if id_ := getattr(drawn, "id", ""):
            self._is_of_run.add(id_)
            self._widgets[id_] = Widget(id_, kind, fragment_id, drawn)
