"""A run begins with the data that browsers read, and nothing else."""

import re
from pathlib import Path

import streamlit
from streamlit import config
from streamlit.proto.NewSession_pb2 import Config, NewSession
from streamlit.runtime.app_session import AppSession

from dashboard.web import warming

SCRIPTS = Path(streamlit.__file__).parent / "static" / "static" / "js"
# How Streamlit's browser code handles the start of a run: two methods of one name, one
# of the app and one of its navigation.
HANDLERS = re.compile(
    r"handleNewSession=\(\w+,\w+\)=>\{.*?(?=,this\.\w+=)|"
    r"handleNewSession\(\w+\)\{.*?(?=\}handle)",
    re.DOTALL,
)


def test_browsers_do_not_read_the_pages_at_the_beginning_of_a_run():
    """Streamlit's browser code might read them again: then send them there, too."""
    handlers = [
        handler
        for script in SCRIPTS.glob("index.*.js")
        for handler in HANDLERS.findall(script.read_text(encoding="utf-8"))
    ]

    assert len(handlers) == 2
    assert all("mainScriptHash" in handler for handler in handlers)
    assert not any("appPages" in handler for handler in handlers)


def test_no_page_is_named_there(monkeypatch):
    monkeypatch.setattr(
        AppSession, "_populate_app_pages", AppSession._populate_app_pages
    )
    assert named_pages() == ["Home"]

    warming.send_page_list_once()

    assert not named_pages()


def named_pages():
    message = NewSession()
    AppSession._populate_app_pages(
        None, message, {"1": {"page_name": "Home", "icon": ""}}
    )
    return [page.page_name for page in message.app_pages]


def message_of(populate):
    message = Config()
    populate(message)
    return message


def test_options_are_told_as_streamlit_tells_them():
    warming._read_config.cache_clear()

    message = message_of(warming.copy_config)

    assert message.ByteSize()
    assert message == message_of(warming._populate_config)


def test_options_are_read_once(monkeypatch):
    # The first read of an option parses the configuration files, which reads options,
    # too.
    message_of(warming.copy_config)
    read, get_option = [], config.get_option
    monkeypatch.setattr(
        config, "get_option", lambda key: read.append(key) or get_option(key)
    )
    warming._read_config.cache_clear()

    for _ in range(3):
        message_of(warming.copy_config)

    assert read
    assert len(read) == len(set(read))
