"""What an examination of a PDF finds out, and how a file is refused."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple, get_args

from pydantic import Field

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


class OfficeFile(NotAPdf):
    """A text, table or presentation that a program of its own has to print."""

    def __init__(self) -> None:
        InvalidInput.__init__(
            self,
            "file",
            "Office files are not taken. Save it as PDF in the program it is from, "
            "and choose that file.",
        )


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


_Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Points = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Word(NamedTuple):
    """A word, its box in parts of the page as it is seen, and what comes after it.

    That is a space, the end of a line, or nothing: the next word goes on with it.
    """

    text: Annotated[str, Field(min_length=1, max_length=200)]
    left: _Part
    top: _Part
    width: _Part
    height: _Part
    after: Literal["", " ", "\n"]


@dataclass(frozen=True, slots=True)
class PageWords:
    """How large a page is, in points, and the words on it in the order of the file.

    Of pages with more words than a newspaper's the last are missing.
    """

    width: _Points
    height: _Points
    words: Annotated[tuple[Word, ...], Field(max_length=5_000)]

    @property
    def text(self) -> str:
        """The words, with what stands between them."""
        return "".join(word.text + word.after for word in self.words).strip()
