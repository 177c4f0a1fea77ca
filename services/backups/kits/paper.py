"""A recovery kit on paper: its purpose, its codes, and its text."""

from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

import pypdfium2

from db.backups.backup_errors import CannotRestore
from db.backups.recovery_kit import RecoveryKit, codes_of
from services.documents.forms import Clinic

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

TITLE: Final = "Recovery kit"
_PURPOSE: Final = (
    "Without the keys on these pages nobody can open a backup of the clinic, and with "
    "them and the passphrase everybody can. Keep the pages apart from the backups and "
    "from the passphrase: in a safe, a second copy in another house."
)
_HOW: Final = (
    "The folder of the backups has a file README.txt that says how the clinic is "
    "restored on an empty machine. It asks for this kit as a file: the PDF, or the "
    "codes scanned with a telephone and pasted into a text file one below the other, "
    "in any order, or the text of the last pages. Every line of that has a check, so "
    "one that was mistyped is named."
)
_AGAIN: Final = (
    "Make another one after the keys were exchanged (rotate-keys); the page Backups "
    "says when this one is old. A new kit opens all older backups as well."
)
_NAMESPACE: Final = UUID("6f1d3d0a-9f0d-5c55-8a35-0f6c7f6f0f5e")


def print_kit(kit: RecoveryKit, sealed: str, *, clinic: Clinic) -> bytes:
    """Return a kit as a PDF to print; `sealed` is its text."""
    # Importing fpdf takes half as long as all other imports, and few print anything.
    from services.backups.kits.kit_sheet import KitSheet  # noqa: PLC0415

    sheet = KitSheet(
        clinic=clinic,
        title=TITLE,
        subject=f"{kit.made_at:%Y-%m-%d %H:%M} UTC",
        document_id=uuid5(_NAMESPACE, sealed),
        now=kit.made_at,
        text="\n".join((clinic.name, clinic.address, _PURPOSE, _HOW, _AGAIN)),
        has_code=False,
    )
    _write_front(sheet, kit)
    codes = codes_of(sealed)
    for number, code in enumerate(codes, 1):
        sheet.large_code(code, f"Code {number} of {len(codes)}")
    sheet.text_page("The kit as text", sealed)
    return bytes(sheet.output())


def _write_front(sheet: "Sheet", kit: RecoveryKit) -> None:
    sheet.title_line(TITLE)
    sheet.fact("Made", f"{kit.made_at:%d %b %Y, %H:%M} UTC")
    sheet.fact("Clinic's number", kit.system_id)
    sheet.fact("Passphrase", "Not on these pages. It was chosen by who made the kit.")
    sheet.section("Name", _PURPOSE)
    sheet.section("How it is used", _HOW)
    sheet.section("When it is old", _AGAIN)


def read_paper(data: bytes) -> str:
    """Return the text of a kit's file, whether PDF or text; raises CannotRestore."""
    if not data.startswith(b"%PDF"):
        return data.decode(errors="replace")
    try:
        with pypdfium2.PdfDocument(data) as document:
            pages = [page.get_textpage().get_text_bounded() for page in document]
    except pypdfium2.PdfiumError as error:
        raise CannotRestore(
            "The recovery kit's PDF cannot be read: it is damaged. Take its text, or "
            "its codes."
        ) from error
    return "\n".join(pages)
