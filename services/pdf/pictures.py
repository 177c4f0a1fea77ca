"""Turns pictures into a PDF; runs in a process that may crash and be killed.

Nothing that a camera writes beside a picture gets into the PDF: neither the place nor
the device. Its orientation is applied first.
"""

import io
import math
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, cast

import pikepdf
from PIL import Image, ImageCms, ImageOps

from services.pdf.wire import Refusal, Refused

# Now, because later this process may open no file.
Image.init()
_LAB_IN_RGB: Final = ImageCms.buildTransform(
    ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
)
with suppress(ImportError):
    # Not available for every processor.
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener()

MAX_PAGES: Final = 200
# A sheet of A3 at 600 dots per inch; four bytes each, and a copy that is turned.
_MAX_PIXELS: Final = 72_000_000
# More than a sheet of A4 has at 500 dots per inch. The original is kept.
_LONGEST_SIDE: Final = 6000
_QUALITY: Final = 88
_FORMATS: Final = ("JPEG", "MPO", "PNG", "TIFF", "HEIF")
# In points.
_A4: Final = (595.28, 841.89)
_POINTS_AN_INCH: Final = 72
# What cameras and screens claim means nothing; scanners know their resolution.
_LEAST_DPI, _MOST_DPI = 100, 1200
_MOST_UNEVEN: Final = 4
_ORIENTATION: Final = 0x112
_ON_ITS_SIDE: Final = (5, 6, 7, 8)
_NEW_SUBFILE_TYPE: Final = 254
_REDUCED: Final = 1
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_SAMPLE_FORMAT, _UNSIGNED, _SIGNED = 339, (1,), (2,)
# Whole numbers of 16 or 32 bits, and floating-point numbers.
_DEEP_GREYS: Final = ("I", "F")
# A share of the time limit, so that too many pages are refused with a reason.
_TIME_FOR_PAGES: Final = 0.9
# Everything that a broken picture makes its decoder raise.
_UNDECODABLE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    EOFError,
    RuntimeError,
)


def as_pdf(file: int, seconds: float) -> bytes:
    """Return a PDF with a page for each picture in the file, or raise Refused."""
    # The limit is `_MAX_PIXELS`, which suits the memory of this process.
    Image.MAX_IMAGE_PIXELS = None
    until = time.monotonic() + seconds * _TIME_FOR_PAGES
    written = io.BytesIO()
    with (
        os.fdopen(file, "rb", closefd=False) as source,
        _opened(source) as picture,
        pikepdf.new() as pdf,
    ):
        try:
            for number, frame in enumerate(_frames(picture), start=1):
                if number > MAX_PAGES or time.monotonic() > until:
                    raise Refused(Refusal.MANY_PICTURES)
                _add_page(pdf, frame)
        except _UNDECODABLE:
            raise Refused(Refusal.BROKEN_PICTURE) from None
        if not pdf.pages:
            raise Refused(Refusal.BROKEN_PICTURE)
        # The same picture makes the same PDF, so that a second copy is recognised.
        pdf.save(written, deterministic_id=True)
    return written.getvalue()


def _opened(source: io.BufferedReader) -> Image.Image:
    try:
        return Image.open(source, formats=[f for f in _FORMATS if f in Image.OPEN])
    except _UNDECODABLE:
        raise Refused(Refusal.BROKEN_PICTURE) from None


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    """Yield the frames that become pages: all of a TIFF, else only the first.

    In other files the rest are previews, films or depth maps.
    """
    if picture.format != "TIFF":
        yield _decoded(picture)
        return
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        tags = getattr(picture, "tag_v2", {})
        if not tags.get(_NEW_SUBFILE_TYPE, 0) & _REDUCED:
            yield _decoded(picture)


def _decoded(frame: Image.Image) -> Image.Image:
    """Return the picture upright, and without metadata."""
    longest = max(frame.size)
    # Of a very large JPEG only every second pixel is decoded, or fewer: as many as are
    # used, and no more than are allowed.
    too_many = math.log2(max(1, frame.width * frame.height) / _MAX_PIXELS)
    step = int(max(1, longest // _LONGEST_SIDE, 2 ** math.ceil(too_many / 2)))
    needed = max(1, frame.width // step), max(1, frame.height // step)
    frame.draft("RGB", needed)
    if frame.width * frame.height > _MAX_PIXELS:
        raise Refused(Refusal.LARGE_PICTURE)
    known = _dpi_of(frame)
    upright = ImageOps.exif_transpose(frame)
    tags = getattr(frame, "tag_v2", {})
    if upright.mode == "L" and tags.get(_SAMPLE_FORMAT) == _SIGNED:
        upright = _with_signs(upright)
    if upright.mode.startswith(_DEEP_GREYS):
        upright = _in_eight_bits(upright, tags)
    upright = _plain(upright)
    if upright.mode != "1":
        upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    upright.info.clear()
    if known is not None:
        kept = max(upright.size) / longest
        upright.info["dpi"] = known[0] * kept, known[1] * kept
    return upright


def _plain(picture: Image.Image) -> Image.Image:
    """Return the picture in black and white, grey or colour, on white paper."""
    if picture.mode in {"1", "L", "RGB"}:
        return picture if "transparency" not in picture.info else _on_paper(picture)
    if picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or (
        "transparency" in picture.info
    ):
        return _on_paper(picture)
    if picture.mode == "LAB":
        # Pillow would load its colour management for it, which is too late here.
        coloured = ImageCms.applyTransform(picture, _LAB_IN_RGB)
        assert coloured is not None  # noqa: S101 (it is not changed in place)
        return coloured
    return picture.convert("RGB")


def _with_signs(picture: Image.Image) -> Image.Image:
    """Return a picture of eight bits with the numbers that were written.

    Pillow takes the negative ones for the 128 largest.
    """
    return (
        picture.point([(grey + 128) % 256 for grey in range(256)])
        .convert("I")
        .point(lambda grey: grey * 1 - 128)
    )


def _in_eight_bits(picture: Image.Image, tags: Mapping[int, Any]) -> Image.Image:
    """Return a picture of deep greys in the 256 that a page has. Raises Refused.

    Pillow would cut off all but the darkest. It also leaves it to others that some
    scanners of films write white as zero, where the page would be a negative.
    """
    deep = picture if picture.mode == "F" else picture.convert("I")
    darkest, lightest = cast("tuple[float, float]", deep.getextrema())
    # Numbers above 2 ** 31, which Pillow takes for negative ones.
    overflowed = darkest < 0 and tags.get(_SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED
    if overflowed or not (math.isfinite(darkest) and math.isfinite(lightest)):
        raise Refused(Refusal.BROKEN_PICTURE)
    black, white = _black_and_white(darkest, lightest)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        black, white = white, black
    share = 255 / (white - black)
    offset = 0.5 - black * share
    return deep.point(lambda grey: grey * share + offset).convert("L")


def _black_and_white(darkest: float, lightest: float) -> tuple[float, float]:
    """Return which numbers are black and white, which no file states.

    Numbers with a sign have no usual white, such as those of a CT. Otherwise it is the
    largest number of as many bits as are used: of 16, films and X-rays often use 12.
    """
    if darkest < 0:
        return darkest, max(lightest, darkest + 1)
    if isinstance(lightest, float) and lightest <= 1:
        return 0, 1
    return 0, (1 << max(8, int(lightest).bit_length())) - 1


def _on_paper(picture: Image.Image) -> Image.Image:
    over = picture.convert("RGBA")
    paper = Image.new("RGB", over.size, "white")
    paper.paste(over, mask=over.getchannel("A"))
    return paper


def _dpi_of(frame: Image.Image) -> tuple[float, float] | None:
    """Return the resolution across and down of the upright picture, if it is known."""
    said = frame.info.get("dpi")
    try:
        across, down = float(said[0]), float(said[1])  # type: ignore[index]
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    if not _LEAST_DPI < across <= _MOST_DPI:
        return None
    # Faxes often have half as many lines down the page as points across it.
    if not 1 / _MOST_UNEVEN <= down / across <= _MOST_UNEVEN:
        down = across
    is_on_its_side = frame.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
    return (down, across) if is_on_its_side else (across, down)


def _add_page(pdf: pikepdf.Pdf, picture: Image.Image) -> None:
    width, height = _size_on_paper(picture)
    page = pdf.add_blank_page(page_size=(width, height))
    page.Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary(P=_drawn(pdf, picture))
    )
    place = f"q {width:.2f} 0 0 {height:.2f} 0 0 cm /P Do Q"
    page.Contents = pdf.make_stream(place.encode())


def _drawn(pdf: pikepdf.Pdf, picture: Image.Image) -> pikepdf.Object:
    if picture.mode == "1":
        data, packed, bits = zlib.compress(picture.tobytes(), 9), "FlateDecode", 1
    else:
        written = io.BytesIO()
        picture.save(written, "JPEG", quality=_QUALITY)
        data, packed, bits = written.getvalue(), "DCTDecode", 8
    colours = "DeviceRGB" if picture.mode == "RGB" else "DeviceGray"
    return pdf.make_stream(
        data,
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=picture.width,
        Height=picture.height,
        ColorSpace=pikepdf.Name(f"/{colours}"),
        BitsPerComponent=bits,
        Filter=pikepdf.Name(f"/{packed}"),
    )


def _size_on_paper(picture: Image.Image) -> tuple[float, float]:
    """Return the size that a scanner states; else the largest that fits on A4."""
    width, height = picture.size
    if dpi := picture.info.get("dpi"):
        across, down = _POINTS_AN_INCH / dpi[0], _POINTS_AN_INCH / dpi[1]
    else:
        sheet = _A4 if height >= width else _A4[::-1]
        across = down = min(sheet[0] / width, sheet[1] / height)
    return max(1.0, width * across), max(1.0, height * down)
