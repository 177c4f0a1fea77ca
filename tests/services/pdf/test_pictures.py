"""Pictures become PDFs: upright, whole, in bounds, and without a camera's metadata."""

import io
import struct
import zlib

import pikepdf
import pytest
from PIL import Image

from services.pdf.inspecting import NotAPdf, Unreadable

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825
SECRET = "Secret Camera"


def paper(mode="RGB", size=(300, 400)):
    """A sheet whose upper left corner is black, on white."""
    sheet = Image.new(mode, size, "white" if mode != "I;16" else 65535)
    sheet.paste(0 if mode in {"1", "L", "I;16"} else "black", (0, 0, 100, 100))
    return sheet


def written(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def converted(inspector, data):
    return inspector.convert(io.BytesIO(data))


def first_page(inspector, pdf, width=300):
    """Draw the first page of a PDF."""
    png = inspector.render(io.BytesIO(pdf), 1, width=width)
    return Image.open(io.BytesIO(png)).convert("L")


def is_as_drawn(page):
    """Return whether the black corner is black, and the others are not."""
    right, bottom = page.width - 20, page.height - 20
    corners = ((20, 20), (right, 20), (20, bottom), (right, bottom))
    return [page.getpixel(corner) < 128 for corner in corners] == [True, *[False] * 3]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("PNG", "RGB"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("TIFF", "RGB"),
        ("TIFF", "1"),
    ],
)
def test_a_picture_becomes_one_page_that_looks_like_it(inspector, kind, mode):
    pdf = converted(inspector, written(paper(mode), kind))

    assert inspector.examine(io.BytesIO(pdf)).findings == ()
    assert is_as_drawn(first_page(inspector, pdf))


WHITE_IS_ZERO = 0
UNSIGNED, SIGNED, FLOATING = 1, 2, 3


def grey_tiff(numbers, code, sample_format, photometric=1):
    """A TIFF with a stripe for each number; Pillow would write tags of its own."""
    row = b"".join(struct.pack(f"<{code}", number) * 100 for number in numbers)
    width, height, bits = len(numbers) * 100, 100, struct.calcsize(code) * 8
    tags = {
        256: width,
        257: height,
        258: bits,
        259: 1,
        262: photometric,
        273: 8,
        277: 1,
        278: height,
        279: len(row) * height,
        339: sample_format,
    }
    entries = (struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    pixels = row * height
    head = b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels
    return head + struct.pack("<H", len(tags)) + b"".join(entries) + bytes(4)


@pytest.mark.parametrize(
    ("numbers", "code", "tags"),
    [
        ((0, 32_768, 65_535), "H", (UNSIGNED,)),
        ((0, 2_048, 4_095), "H", (UNSIGNED,)),
        ((4_095, 2_048, 0), "H", (UNSIGNED, WHITE_IS_ZERO)),
        ((-1_024, 1_024, 3_071), "h", (SIGNED,)),
        ((-128, 0, 127), "b", (SIGNED,)),
        ((-20, 20, 60), "b", (SIGNED,)),
        ((0, 2_048, 4_095), "I", (UNSIGNED,)),
        ((0, 1 << 30, (1 << 31) - 1), "I", (UNSIGNED,)),
        ((0.0, 0.5, 1.0), "f", (FLOATING,)),
        ((1.0, 0.5, 0.0), "f", (FLOATING, WHITE_IS_ZERO)),
        ((0.0, 128.0, 255.0), "f", (FLOATING,)),
        ((-5.0, 0.0, 5.0), "f", (FLOATING,)),
    ],
)
def test_more_greys_than_a_page_has_are_drawn_from_black_to_white(
    inspector, numbers, code, tags
):
    tiff = grey_tiff(numbers, code, *tags)

    page = first_page(inspector, converted(inspector, tiff))

    seen = [page.getpixel((x, 50)) for x in (50, 150, 250)]
    assert seen == pytest.approx([0, 128, 255], abs=4)


@pytest.mark.parametrize(
    ("numbers", "code", "tags"),
    [
        ((0, 1 << 31, (1 << 32) - 1), "I", (UNSIGNED,)),
        ((0.0, 1.0, float("inf")), "f", (FLOATING,)),
    ],
    ids=["beyond Pillow", "without end"],
)
def test_greys_in_an_unknown_order_are_refused(inspector, numbers, code, tags):
    with pytest.raises(Unreadable, match="not read here"):
        converted(inspector, grey_tiff(numbers, code, *tags))


def lab_tiff(colours):
    """A TIFF with a stripe for each colour in CIE Lab, which Pillow does not write."""
    row = b"".join(struct.pack("<Bbb", *colour) * 100 for colour in colours)
    width, height = len(colours) * 100, 100
    pixels, bits = row * height, struct.pack("<HHHH", 8, 8, 8, 0)
    tags = {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, 3, 8 + len(pixels)),
        259: (4, 1, 1),
        262: (4, 1, 8),
        273: (4, 1, 8),
        277: (4, 1, 3),
        278: (4, 1, height),
        279: (4, 1, len(pixels)),
    }
    directory = 8 + len(pixels) + len(bits)
    entries = (struct.pack("<HHII", tag, *value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<I", directory) + pixels + bits
    return head + struct.pack("<H", len(tags)) + b"".join(entries) + bytes(4)


def test_colours_in_cie_lab_are_those_of_the_picture(inspector):
    tiff = lab_tiff([(0, 0, 0), (255, 0, 0), (136, 81, 70), (82, 79, -108)])

    pdf = converted(inspector, tiff)

    drawn = inspector.render(io.BytesIO(pdf), 1, width=400)
    page = Image.open(io.BytesIO(drawn)).convert("RGB")
    black, white, red, blue = ((0, 0, 0), (255, 255, 255), (255, 0, 0), (88, 0, 253))
    for place, colour in enumerate((black, white, red, blue)):
        assert page.getpixel((place * 100 + 50, 50)) == pytest.approx(colour, abs=8)


def test_a_heic_picture_becomes_a_page(inspector):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()

    pdf = converted(inspector, written(paper(), "HEIF"))

    assert is_as_drawn(first_page(inspector, pdf))


def test_all_pages_of_a_scan_are_there_but_its_previews(inspector):
    pages = [paper("1"), paper("L"), paper()]
    tiff = written(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    assert inspector.examine(io.BytesIO(converted(inspector, tiff))).pages == 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_however_the_camera_was_held_the_page_is_upright(inspector, orientation):
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    seen = paper() if turned is None else paper().transpose(turned)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    page = first_page(inspector, converted(inspector, written(seen, "JPEG", exif=exif)))

    assert page.height > page.width
    assert is_as_drawn(page)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_neither_place_nor_camera_are_in_the_pdf(inspector, kind):
    exif = Image.Exif()
    exif[MAKE] = SECRET
    exif.get_ifd(GPS)[1] = "N"
    options = {"comment": SECRET.encode()} if kind == "JPEG" else {}
    data = written(paper(), kind, exif=exif, **options)
    assert SECRET.encode() in data

    pdf = converted(inspector, data)

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        raw = [
            o.read_raw_bytes() for o in opened.objects if isinstance(o, pikepdf.Stream)
        ]
        assert len(opened.docinfo) == 0
    for part in (pdf, *raw):
        assert SECRET.encode() not in part
        assert b"Exif" not in part


def test_the_same_picture_makes_the_same_pdf(inspector):
    data = written(paper(), "PNG")

    assert converted(inspector, data) == converted(inspector, data)


def test_a_scan_keeps_its_size_and_a_photo_fits_a_sheet(inspector):
    scan = converted(inspector, written(paper(size=(600, 900)), "TIFF", dpi=(300, 300)))
    photo = converted(inspector, written(paper(size=(900, 600)), "JPEG", dpi=(72, 72)))

    with pikepdf.open(io.BytesIO(scan)) as opened:
        assert [float(side) for side in opened.pages[0].mediabox] == [0, 0, 144, 216]
    with pikepdf.open(io.BytesIO(photo)) as opened:
        assert float(opened.pages[0].mediabox[2]) == pytest.approx(841.89)


@pytest.mark.parametrize("size", [(11_000, 8_000), (12_000, 9_000), (20_000, 15_000)])
def test_a_photo_of_very_many_pixels_is_read_and_keeps_its_size_on_paper(
    inspector, size
):
    """Such as phones take; here as scans of 1,000 dots per inch."""
    photo = written(paper("L", size), "JPEG", dpi=(1000, 1000), quality=20)

    pdf = converted(inspector, photo)

    with pikepdf.open(io.BytesIO(pdf)) as document:
        left, bottom, right, top = map(float, document.pages[0].mediabox)
    inches = pytest.approx([side / 1000 for side in size], rel=0.001)
    assert [(right - left) / 72, (top - bottom) / 72] == inches


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_fax_with_few_lines_is_as_high_as_its_paper(inspector, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    fax = written(paper("1", (1632, 1176)), "TIFF", dpi=(204, 98), exif=exif)

    with pikepdf.open(io.BytesIO(converted(inspector, fax))) as opened:
        _, _, *size = map(float, opened.pages[0].mediabox)

    assert sorted(size) == [576, 864]
    assert (size == [576, 864]) is (orientation == 1)


def png_claiming(width, height):
    """A PNG of a few bytes that claims to be this large."""

    def chunk(kind, data):
        checked = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checked)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (png_claiming(9_000, 9_000), "72 million pixels"),
        (png_claiming(2_000_000_000, 2_000_000_000), "picture"),
        (png_claiming(1, 60_000_000), "This picture takes more memory"),
        (written(paper(), "JPEG")[:900], "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 100, "damaged"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, "picture"),
        (b"II*\0" + b"\xff" * 100, "damaged"),
    ],
    ids=["bomb", "larger bomb", "line", "cut off", "no JPEG", "no HEIC", "no TIFF"],
)
def test_what_cannot_be_read_is_refused_with_advice(inspector, data, sentence):
    with pytest.raises(Unreadable, match=sentence) as refused:
        converted(inspector, data)

    assert "choose that file" in str(refused.value)


def test_more_pages_than_a_document_has_are_refused(inspector):
    page = Image.new("1", (8, 8))
    tiff = written(page, "TIFF", save_all=True, append_images=[page] * 200)

    with pytest.raises(Unreadable, match="200 at most"):
        converted(inspector, tiff)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.7"])
def test_other_files_are_no_pictures(inspector, data):
    with pytest.raises(NotAPdf):
        converted(inspector, data)
