"""What people recognise a browser by, in the list of their sign-ins."""

from typing import Final

# Each names itself after those it wants to be taken for: the most particular first.
_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_of(user_agent: str) -> str | None:
    """Return such as "Firefox on Linux", None if nothing in it is known."""
    names = [
        next((name for mark, name in known if mark in user_agent), None)
        for known in (_PROGRAMS, _SYSTEMS)
    ]
    return " on ".join(name for name in names if name) or None
