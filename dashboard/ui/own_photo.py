"""A photo from a route of our own, which asks who is looking.

Streamlit's own media route hands a file to whoever knows its address.
"""

import streamlit as st


def own_photo(path: str, *, of: str, width: int) -> None:
    """Show the photo that our own server has at this path.

    Nothing is shown to who names no origin; every browser does.
    """
    # As the browser itself knows us, through whatever proxies. Not st.context.url: it
    # takes the name of a page off its end, and so off a host that ends in one.
    origin = st.context.headers.get("Origin", "")
    if origin.startswith(("http://", "https://")):
        st.image(f"{origin}{path}", width=width, alt=f"Photo of {of}")
