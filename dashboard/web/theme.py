"""The theme that Streamlit tells a page before each run, read from its options once.

Streamlit reads all options of six sections anew for every run of every page, though
none changes while a server runs.
"""

from functools import cache
from typing import Final

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

_populate: Final = app_session._populate_theme_msg


def read_once() -> None:
    """Have Streamlit read the theme once; to be called when all options are set."""
    app_session._populate_theme_msg = copy_section


def copy_section(msg: CustomThemeConfig, section: str = "theme") -> None:
    """Write a section of the options into a message, as Streamlit would."""
    known = _read(section)
    # To copy nothing would say that there is such a part.
    if known.ByteSize():
        msg.MergeFrom(known)


@cache
def _read(section: str) -> CustomThemeConfig:
    message = CustomThemeConfig()
    _populate(message, section)
    return message
