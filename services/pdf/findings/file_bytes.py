"""What the bytes of a file show, whatever its objects are: no PDF reader is used."""

import mmap
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from services.pdf.report import Finding

# The same bytes in a file, a stream and a text of a PDF. In two parts, so that a
# scanner that sees this module does not report it.
TEST_VIRUS: Final = b"$EICAR-STANDARD-ANTIVIRUS-" + b"TEST-FILE!$H+H*"

_NAMES: Final[Mapping[bytes, Finding]] = MappingProxyType(
    {
        b"JavaScript": "scripts",
        b"Launch": "launch",
        b"EmbeddedFile": "attachments",
        b"GoToE": "other_files",
        b"GoToR": "other_files",
        b"Thread": "other_files",
        b"SubmitForm": "form_submission",
        b"ImportData": "data_import",
        b"FFilter": "external_streams",
        b"XFA": "xfa",
    }
)
_NAME: Final = re.compile(rb"/([A-Za-z0-9#]+)")
_SPELT_OUT: Final = re.compile(rb"#([0-9A-Fa-f]{2})")

_HEADER: Final = b"%PDF-"
_HEADER_WITHIN: Final = 1024
_FIRST_OBJECT_WITHIN: Final = 64 * 1024
_OBJECT: Final = re.compile(rb"\d\s+\d+\s+obj\b")
_END: Final = b"%%EOF"
# What may follow an end: a later revision of the file, or what contains an attached
# PDF.
_GOES_ON: Final = re.compile(
    rb"\d\s+\d+\s+obj\b|xref|trailer|startxref|endstream|%%EOF|\Z"
)
_BLANK: Final = b"\0\t\n\f\r \x1a\xef\xbb\xbf"
_MARKUP: Final = re.compile(
    rb"<(?:!doctype|\?php|\?xml|body|head|hta:|html|iframe|script|svg)", re.IGNORECASE
)
# Mail and printers append a line to a file that passed through them.
_A_LINE: Final = 128
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_ENTRY: Final = b"PK\x01\x02"
_ZIP_END_WITHIN: Final = 22 + 65_535
# What other programs look for, and where: tape archives, medical images, discs.
_ELSEWHERE: Final = ((257, b"ustar"), (128, b"DICM"), (32769, b"CD001"))


def find_in_bytes(content: mmap.mmap) -> set[Finding]:
    """Return whether the file has the test virus, or is of another kind as well."""
    findings: set[Finding] = set()
    if content.find(TEST_VIRUS, 0) >= 0:
        findings.add("eicar")
    if _is_polyglot(content):
        findings.add("polyglot")
    return findings


def guess(content: mmap.mmap) -> set[Finding]:
    """Return what a file seems to contain if not all of its objects can be walked."""
    return {_NAMES[name] for name in _names_in(content) if name in _NAMES}


def has_late_objects(content: mmap.mmap) -> bool:
    """Return whether there are objects that only readers which repair a file find."""
    return bool(_OBJECT.search(content, max(content.rfind(b"startxref", 0), 0)))


def _names_in(content: mmap.mmap) -> Iterator[bytes]:
    for match in _NAME.finditer(content):
        yield _SPELT_OUT.sub(lambda code: bytes([int(code[1], 16)]), match[1])


def _is_polyglot(content: mmap.mmap) -> bool:
    header = content.find(_HEADER, 0, _HEADER_WITHIN + len(_HEADER))
    return (
        bool(content[: max(header, 0)].strip(_BLANK))
        or bool(_MARKUP.search(_preface(content, header)))
        or any(_is_foreign(gap) for gap in _gaps(content))
        or any(content[at : at + len(sign)] == sign for at, sign in _ELSEWHERE)
        or _is_zip(content)
    )


def _is_zip(content: mmap.mmap) -> bool:
    """Return whether a ZIP directory is where programs look for it: before the end.

    They ignore whatever precedes an archive.
    """
    end = content.rfind(_ZIP_END, max(len(content) - _ZIP_END_WITHIN, 0))
    entries = end - int.from_bytes(content[end + 12 : end + 16], "little")
    return 0 <= entries < end and content[entries : entries + 4] == _ZIP_ENTRY


def _preface(content: mmap.mmap, header: int) -> bytes:
    """Return what is between the header and the first object."""
    first = _OBJECT.search(content, header, header + _FIRST_OBJECT_WITHIN)
    return content[header : first.start() if first else header + _FIRST_OBJECT_WITHIN]


def _gaps(content: mmap.mmap) -> Iterator[bytes]:
    """Yield what follows each end of the file and is not part of a PDF."""
    at = content.find(_END, 0)
    while at >= 0:
        begins = at + len(_END)
        goes_on = _GOES_ON.search(content, begins)
        yield content[begins : goes_on.start() if goes_on else None].strip(_BLANK)
        at = content.find(_END, begins)


def _is_foreign(gap: bytes) -> bool:
    return len(gap) > _A_LINE or bool(_MARKUP.search(gap))
