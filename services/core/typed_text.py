"""Text that people type: whether the database can take it, and how it is kept."""

from unicodedata import category, normalize


def tidy(text: str) -> str:
    """Return the text in composed characters, without control characters and edges."""
    lines = normalize("NFC", text).replace("\t", " ").splitlines()
    return "\n".join(
        "".join(character for character in line if category(character) != "Cc").rstrip()
        for line in lines
    ).strip()


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can take the text: no NUL, no half of a character."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
