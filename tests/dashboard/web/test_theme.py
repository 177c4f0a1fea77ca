"""A page gets the theme as Streamlit would send it, without parsing it again."""

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig

from dashboard.web import warming

SECTIONS = ["theme", *(f"theme.{each.value}" for each in config.CustomThemeCategories)]


def message_of(populate, section):
    message = CustomThemeConfig()
    # As a part of another message: an empty part must be absent.
    part = message.light if section != "theme" else message
    populate(part, section)
    return message


@pytest.mark.parametrize("section", SECTIONS)
def test_it_is_told_as_streamlit_tells_it(section):
    assert message_of(warming.copy_theme, section) == message_of(
        warming._populate_theme, section
    )


def test_it_says_something():
    assert any(
        message_of(warming.copy_theme, section).ByteSize() for section in SECTIONS
    )


def test_its_options_are_read_once(monkeypatch):
    read = []
    options = config.get_options_for_section
    monkeypatch.setattr(
        config,
        "get_options_for_section",
        lambda section: read.append(section) or options(section),
    )
    warming._read_theme.cache_clear()

    for _ in range(3):
        message_of(warming.copy_theme, "theme")

    assert read == ["theme"]
