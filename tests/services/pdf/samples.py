"""PDFs made for the tests: plain ones, active ones, and ones that are meant to hurt."""

import io
import zlib
from collections.abc import Callable
from typing import Final

import pikepdf
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name, Pdf, String

GIGABYTE: Final = 1024**3


def letter(*pages: str) -> bytes:
    """A page of plain text for each string."""
    made = FPDF()
    made.set_font("Helvetica", size=14)
    for page in pages or ("Dear Ada, all is well.",):
        made.add_page()
        made.multi_cell(0, 8, page)
    return bytes(made.output())


def changed(change: Callable[[Pdf], None], **saving: object) -> bytes:
    """A letter with a change."""
    with pikepdf.open(io.BytesIO(letter())) as pdf:
        change(pdf)
        written = io.BytesIO()
        pdf.save(written, **saving)
        return written.getvalue()


def with_script() -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))

    return changed(change)


def with_hidden_script() -> bytes:
    """The action's name is spelt differently, in a compressed object of its own."""

    def change(pdf: Pdf) -> None:
        script = Dictionary(S=pdf.make_indirect(Name.JavaScript), JS=String("x()"))
        pdf.pages[0].AA = Dictionary(O=pdf.make_indirect(Dictionary(Next=script)))

    streams = pikepdf.ObjectStreamMode.generate
    return changed(change, object_stream_mode=streams)


def with_spelt_out_script() -> bytes:
    return with_script().replace(b"/JavaScript", b"/J#61vaScript")


def with_xfa_script() -> bytes:
    def change(pdf: Pdf) -> None:
        form = pdf.make_stream(b"<template><event><script>x()</script></event>")
        pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=form)

    return changed(change)


def with_film_script() -> bytes:
    """A film's action, which is no script by name but contains one."""

    def change(pdf: Pdf) -> None:
        action = Dictionary(S=Name.Rendition, OP=0, JS=String("x()"))
        pdf.Root.OpenAction = action

    return changed(change)


def with_launch() -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.Root.OpenAction = Dictionary(S=Name.Launch, F=String("calc.exe"))

    return changed(change)


def with_attachment() -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.attachments["macro.exe"] = b"MZ"

    return changed(change)


def with_words_only() -> bytes:
    """A text that mentions /JavaScript, which is no reason for alarm."""

    def change(pdf: Pdf) -> None:
        pdf.docinfo["/Title"] = "How /JavaScript and /Launch and /EF work"

    return changed(change)


def locked(password: str = "sesame") -> bytes:  # noqa: S107
    locking = pikepdf.Encryption(owner="owner", user=password)
    return changed(lambda _: None, encryption=locking)


def restricted() -> bytes:
    """Encrypted, but without a password for opening."""
    return locked("")


def cut_off() -> bytes:
    """The end is missing, and with it the cross-reference table."""
    whole = letter("First", "Second")
    return whole[: whole.index(b"xref\n") + 30]


def cut_in_the_middle() -> bytes:
    """The missing part defines the pages."""
    whole = letter("First", "Second")
    return whole[: len(whole) // 2]


def without_pages() -> bytes:
    """A header and a trailer, and nothing that could be opened."""
    return b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>"


def with_lost_page() -> bytes:
    """One page, whose content is not in the file."""
    return _from_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [9 0 R] >>",
    )


def polyglot() -> bytes:
    """A picture to readers of the beginning, a PDF to those that read on."""
    return b"GIF89a" + b"\0" * 100 + letter()


def many_pages(levels: int) -> bytes:
    """A page for every path through a tree: ten times as many with each level."""
    nodes = [
        b"<< /Type /Pages /Count %d /Kids [%s] >>"
        % (10 ** (levels - i), b"%d 0 R " % (i + 3) * 10)
        for i in range(levels)
    ]
    page = b"<< /Type /Page /MediaBox [0 0 600 800] /Parent 2 0 R >>"
    return _from_objects(b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, page)


def wide_tree(count: int) -> bytes:
    """As many pages as that, each of them in the file."""
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(count))
    page = b"<< /Type /Page /MediaBox [0 0 600 800] /Parent 2 0 R >>"
    return _from_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids),
        *[page] * count,
    )


def lying_about_pages() -> bytes:
    """One page, claiming to be two thousand million."""
    return wide_tree(1).replace(b"/Count 1", b"/Count 2000000000")


def nested(depth: int) -> bytes:
    """An array in an array in an array ..."""
    deep = b"[" * depth + b"]" * depth
    return letter().replace(b"/Type /Catalog", b"/Type /Catalog /Deep " + deep, 1)


def nested_forms(depth: int) -> bytes:
    """Drawings that draw drawings, twice each: 2**depth in the end."""

    def change(pdf: Pdf) -> None:
        drawn = pdf.make_stream(b"0 0 1 1 re f")
        for _ in range(depth):
            drawn = pdf.make_stream(
                b"/D Do /D Do",
                Type=Name.XObject,
                Subtype=Name.Form,
                BBox=Array([0, 0, 600, 800]),
                Resources=Dictionary(XObject=Dictionary(D=drawn)),
            )
        pdf.pages[0].Resources = Dictionary(XObject=Dictionary(D=drawn))
        pdf.pages[0].Contents = pdf.make_stream(b"/D Do")

    return changed(change)


def with_page_of(width: float, height: float) -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.pages[0].MediaBox = Array([0, 0, width, height])

    return changed(change)


def inflating(size: int) -> bytes:
    """A page of nothing but spaces, packed twice: 80,000 to one."""
    piece = b" " * 1024 * 1024
    inner, outer = zlib.compressobj(1), zlib.compressobj(9)
    packed = [outer.compress(inner.compress(piece)) for _ in range(size // len(piece))]
    packed += [outer.compress(inner.flush()), outer.flush()]

    def change(pdf: Pdf) -> None:
        contents = pdf.make_stream(b"")
        contents.write(
            b"".join(packed), filter=Array([Name.FlateDecode, Name.FlateDecode])
        )
        pdf.pages[0].Contents = contents

    return changed(change, compress_streams=False)


def giant_picture() -> bytes:
    """A picture of 60,000 x 60,000 pixels in a few kilobytes."""

    def change(pdf: Pdf) -> None:
        row = zlib.compress(b"\0" * (60_000 * 60_000 // 8 // 100), 9)
        picture = pdf.make_stream(row)
        picture.stream_dict = Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=60_000,
            Height=60_000,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceRGB,
        )
        picture.write(row, filter=Name.FlateDecode)
        pdf.pages[0].Resources = Dictionary(XObject=Dictionary(P=picture))
        pdf.pages[0].Contents = pdf.make_stream(b"600 0 0 800 0 0 cm /P Do")

    return changed(change)


def saying(words: bytes) -> bytes:
    """One page with this text, already written as in a file."""
    return _with_fonts(
        b"BT /F 1 Tf 9 9 Td (%s) Tj ET" % words,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )


def saying_in_unicode(unicode: bytes) -> bytes:
    """One page that says A, a character with this translation in hex, and B."""
    return _with_fonts(
        b"BT /F 12 Tf 99 99 Td (AXB) Tj ET",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        _stream(
            b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
            b"1 beginbfchar <58> <%s> endbfchar endcmap" % unicode
        ),
    )


def saying_what_nothing_translates() -> bytes:
    """One page with the letter a and a code of four bytes without a translation."""
    return _with_fonts(
        b"BT /F 12 Tf 99 99 Td <61f0a8a780> Tj ET",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Some /Encoding 6 0 R "
        b"/DescendantFonts [7 0 R] >>",
        _stream(
            b"begincmap 2 begincodespacerange <00> <7F> <F0808080> <F7BFBFBF> "
            b"endcodespacerange 2 begincidchar <61> 12 <f0a8a780> 39 endcidchar endcmap"
        ),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Some /FontDescriptor 8 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
        b"<< /Type /FontDescriptor /FontName /Some /Flags 4 /FontBBox [0 0 999 999] "
        b"/ItalicAngle 0 /Ascent 999 /Descent 0 /CapHeight 700 /StemV 0 >>",
    )


def _with_fonts(contents: bytes, *fonts: bytes) -> bytes:
    """One page with these contents; the first of the objects is its font /F."""
    return _from_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /MediaBox [0 0 600 800] /Parent 2 0 R /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        _stream(contents),
        *fonts,
    )


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _from_objects(*objects: bytes) -> bytes:
    """A file of these objects, numbered from 1; the first is the catalogue."""
    written, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(objects) + 1, len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    written += b"trailer << /Size %d /Root 1 0 R >>\n" % size
    written += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(written)
