"""The result of examining a PDF, and the refusals of a file."""

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
    """The file is something else, whatever its name or its declared type says."""

    def __init__(self) -> None:
        super().__init__("file", "Only PDF files are allowed")


class EmptyFile(NotAPdf):
    """The file has a name, and no bytes."""

    def __init__(self) -> None:
        InvalidInput.__init__(
            self,
            "file",
            "This file is empty: save or scan it again and choose that file.",
        )


class OfficeFile(NotAPdf):
    """A text, table or presentation that its own program has to print."""

    def __init__(self) -> None:
        InvalidInput.__init__(
            self,
            "file",
            "Office files are not accepted. Save the file as PDF in the program it is "
            "from, and choose that one.",
        )


class Unreadable(InvalidInput):
    """The file may be a PDF, but could not be read here; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__("file", message)


@dataclass(frozen=True, slots=True)
class PdfReport:
    """What a PDF is; without `pages` if it needs a password of its own.

    `text` has at most one entry per page: very long files are cut off, and so are pages
    with too much text.
    """

    pages: int | None
    findings: tuple[Finding, ...] = ()
    text: tuple[str, ...] = ()

    @property
    def has_text(self) -> bool:
        """Whether any page has text; if not, it may be a scan."""
        return any(page.strip() for page in self.text)


_Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Points = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Word(NamedTuple):
    """A word, its box in fractions of the visible page, and what comes after it.

    That is a space, the end of a line, or nothing if the next word continues it.
    """

    text: Annotated[str, Field(min_length=1, max_length=200)]
    left: _Part
    top: _Part
    width: _Part
    height: _Part
    after: Literal["", " ", "\n"]


@dataclass(frozen=True, slots=True)
class PageWords:
    """The size of a page, in points, and its words in the order of the file.

    If a page has more words than a newspaper's, the last are missing.
    """

    width: _Points
    height: _Points
    words: Annotated[tuple[Word, ...], Field(max_length=5_000)]

    @property
    def text(self) -> str:
        """The words, with what separates them."""
        return "".join(word.text + word.after for word in self.words).strip()
