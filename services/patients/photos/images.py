"""Turns an uploaded picture into a photo that is safe to keep and to show."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageOps

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

MAX_BYTES: Final = 5 * 1024 * 1024
# A file of a few kilobytes can claim any size. This many pixels briefly take up to 350
# MB, and hardly any camera fits more into 5 MB.
MAX_PIXELS: Final = 25_000_000
FULL_PIXELS: Final = 1600
THUMBNAIL_PIXELS: Final = 256
CONTENT_TYPE: Final = "image/jpeg"

# Other decoders are not even tried, whatever format the file claims to be.
_FORMATS: Final = ("JPEG", "PNG")
# In most portraits the face is above the centre.
_FACE: Final = (0.5, 0.4)

# Everything that Pillow's decoders raise for a broken file.
_UNREADABLE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class InvalidPhoto(InvalidInput):
    """The upload is not a picture that can be kept."""

    def __init__(self, message: str) -> None:
        super().__init__("photo", message)


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    """Two JPEG files, upright and without metadata."""

    full: bytes
    thumbnail: bytes


def prepare(upload: bytes) -> PreparedPhoto:
    """Decode the picture and encode it again, or raise InvalidPhoto.

    Only pixels pass: no EXIF (which holds the place), no comments, no profiles, and
    nothing that hides behind the end of the picture.
    """
    if len(upload) > MAX_BYTES:
        raise InvalidPhoto(
            Sentence(
                "Photo is {size:.1f} MB; choose one of at most 5 MB.",
                size=len(upload) / 1_000_000,
            )
        )
    try:
        picture = _decoded(upload)
    except _UNREADABLE as error:
        raise InvalidPhoto(
            "Photo cannot be read; choose an undamaged JPEG or PNG file."
        ) from error
    side = min(THUMBNAIL_PIXELS, *picture.size)
    square = ImageOps.fit(
        picture, (side, side), Image.Resampling.LANCZOS, centering=_FACE
    )
    return PreparedPhoto(_jpeg(picture), _jpeg(square))


def _decoded(upload: bytes) -> Image.Image:
    with Image.open(BytesIO(upload), formats=_FORMATS) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise InvalidPhoto(
                Sentence(
                    "Photo has {width} x {height} pixels; choose a smaller one.",
                    width=width,
                    height=height,
                )
            )
        if opened.format == "PNG" and getattr(opened, "is_animated", False):
            raise InvalidPhoto("Photo is animated; choose a still picture.")
        # Lets the JPEG decoder shrink the picture while it reads; a PNG ignores it.
        opened.draft("RGB", (FULL_PIXELS, FULL_PIXELS))
        opened.load()
        ImageOps.exif_transpose(opened, in_place=True)
        return _in_srgb(_on_white(opened), opened.info.get("icc_profile"))


def _on_white(picture: Image.Image) -> Image.Image:
    """Shrink the picture and put it on white, in a mode that supports both."""
    if picture.has_transparency_data:
        picture = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    elif picture.mode.startswith("I"):
        # Sixteen-bit grey: convert() would turn all but the darkest grey white.
        picture = picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    elif picture.mode not in {"L", "RGB", "CMYK"}:
        picture = picture.convert("RGB")
    picture.thumbnail((FULL_PIXELS, FULL_PIXELS), Image.Resampling.LANCZOS)
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert the colours of a camera or printer to sRGB, which browsers assume."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            translated = ImageCms.profileToProfile(
                picture, source, target, outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            # A damaged profile costs a little colour, not the photo.
            translated = None
        picture = translated or picture
    return picture.convert("RGB")


def _jpeg(picture: Image.Image) -> bytes:
    # Pillow writes metadata only if it is passed on.
    written = BytesIO()
    picture.save(written, "JPEG", quality=85, optimize=True, progressive=True)
    return written.getvalue()
