"""What an examination of a PDF finds out, and how a file is refused."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from services.core.errors import InvalidInput

Finding = Literal[
    "attachments",
    "damaged",
    "data_import",
    "eicar",
    "encrypted",
    "external_streams",
    "form_submission",
    "launch",
    "other_files",
    "polyglot",
    "scripts",
    "uri_actions",
    "xfa",
]
FINDINGS: Final[frozenset[Finding]] = frozenset(get_args(Finding))
# What may act on the machine of whoever opens the file itself.
ACTIVE: Final[frozenset[Finding]] = FINDINGS - {"damaged", "encrypted"}


class NotAPdf(InvalidInput):
    """The file is something else, whatever its name or its claimed type says."""

    def __init__(self) -> None:
        super().__init__("file", "Only PDF files are allowed")


class Unreadable(InvalidInput):
    """The file may be a PDF, but nobody could read it here; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__("file", message)


@dataclass(frozen=True, slots=True)
class PdfReport:
    """What a PDF is; without `pages` if it needs a password of its own.

    `text` has at most one entry per page: of very long files the end is
    missing, as is the end of pages with more text than a page can hold.
    """

    pages: int | None
    findings: tuple[Finding, ...] = ()
    text: tuple[str, ...] = ()

    @property
    def has_text(self) -> bool:
        """Whether there are words on any page; if not, it may be a scan."""
        return any(page.strip() for page in self.text)
