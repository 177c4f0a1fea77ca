"""What became of an invitation, and its link where somebody must hand it on."""

import streamlit as st

from dashboard.ui.words import plain


def invitation_link(name: str, *, is_sent: bool, link: str | None) -> None:
    """Say whether the letter is on its way; show the link this once if it is not."""
    if is_sent:
        st.success(
            f"{plain(name)} gets a link by e-mail. It opens once, within three days.",
            icon=":material/mail:",
        )
    else:
        st.warning(
            f"No letter was sent to {plain(name)}. Give them this link yourself; it "
            "opens once, within three days, and is not shown again.",
            icon=":material/mail_off:",
        )
    if link:
        st.code(link, language=None, wrap_lines=True)
