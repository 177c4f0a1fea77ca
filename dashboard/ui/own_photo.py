"""Photos from our own route, which checks who is looking, and drawings instead.

Streamlit's own media route sends a file to anybody who knows its address.
"""

from base64 import b64encode
from html import escape

import streamlit as st

from dashboard.ui.language import gettext as _


def own_photo(path: str, *, of: str, width: int) -> None:
    """Show the photo that our own server has at this path.

    Nothing is shown to clients that send no Origin header; every browser does.
    """
    # The origin as the browser knows it, through whatever proxies. Not st.context.url:
    # it removes the name of a page at its end, and so the end of a host name that ends
    # in one.
    origin = st.context.headers.get("Origin", "")
    if origin.startswith(("http://", "https://")):
        st.image(f"{origin}{path}", width=width, alt=_("Photo of {of}").format(of=of))


def drawing(svg: str, *, alt: str, width: str, height: int) -> None:
    """Show a drawing of our own; with an empty `alt` screen readers skip it.

    Not st.image, which would offer to enlarge it, and no SVG tags, which Streamlit
    removes from HTML. Nothing that somebody typed may be in it unescaped.
    """
    encoded = b64encode(svg.encode()).decode()
    st.html(
        f'<img src="data:image/svg+xml;base64,{encoded}" alt="{escape(alt)}" '
        f'width="{width}" height="{height}">'
    )
