"""A photo from a route of our own, which asks who is looking, or a drawing instead.

Streamlit's own media route hands a file to whoever knows its address.
"""

from base64 import b64encode
from html import escape

import streamlit as st

from dashboard.ui.language import gettext as _


def own_photo(path: str, *, of: str, width: int) -> None:
    """Show the photo that our own server has at this path.

    Nothing is shown to who names no origin; every browser does.
    """
    # As the browser itself knows us, through whatever proxies. Not st.context.url: it
    # takes the name of a page off its end, and so off a host that ends in one.
    origin = st.context.headers.get("Origin", "")
    if origin.startswith(("http://", "https://")):
        st.image(f"{origin}{path}", width=width, alt=_("Photo of {of}").format(of=of))


def drawing(svg: str, *, alt: str, width: str, height: int) -> None:
    """Show a drawing of our own; an empty `alt` leaves it out of what is read aloud.

    Not st.image, which would offer to enlarge it, and no tags of SVG, which Streamlit
    takes out of HTML. Nothing that somebody typed may stand in it unescaped.
    """
    encoded = b64encode(svg.encode()).decode()
    st.html(
        f'<img src="data:image/svg+xml;base64,{encoded}" alt="{escape(alt)}" '
        f'width="{width}" height="{height}">'
    )
