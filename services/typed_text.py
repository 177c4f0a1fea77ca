"""Text of several lines as it is kept."""

from unicodedata import category, normalize


def tidy(text: str) -> str:
    """Return the text in composed characters, without control characters and edges."""
    lines = normalize("NFC", text).replace("\t", " ").splitlines()
    return "\n".join(
        "".join(one for one in line if category(one) != "Cc").rstrip() for line in lines
    ).strip()
