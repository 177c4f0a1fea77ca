"""What becomes of an uploaded picture."""

import random
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from services.patients.photos import photos
from services.patients.photos.images import MAX_BYTES, MAX_PIXELS

ORIENTATION, MAKE, PLACE = 0x0112, 0x010F, 0x8825
RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)


def file_of(picture, kind="JPEG", **options):
    written = BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def portrait(size=(300, 400)):
    """A picture that is red above, green below, and blue at its left edge."""
    picture = Image.new("RGB", size, GREEN)
    picture.paste(RED, (0, 0, size[0], size[1] // 2))
    picture.paste(BLUE, (0, 0, size[0] // 10, size[1]))
    return picture


def opened(data):
    return Image.open(BytesIO(data))


def is_near(colour, expected):
    return all(
        abs(channel - expected_channel) < 30
        for channel, expected_channel in zip(colour, expected, strict=True)
    )


def segments(jpeg):
    """Return the markers of a JPEG up to its pixels."""
    place, markers = 2, []
    while jpeg[place + 1] != 0xDA:
        markers.append(jpeg[place + 1])
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return markers


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_becomes_a_jpeg_and_a_square_thumbnail(kind):
    photo = photos.prepare(file_of(portrait((3200, 2400)), kind))

    full, thumbnail = opened(photo.full), opened(photo.thumbnail)
    assert (full.format, full.size) == ("JPEG", (1600, 1200))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (256, 256))


def test_a_small_picture_is_not_blown_up():
    photo = photos.prepare(file_of(portrait((120, 160))))

    assert opened(photo.full).size == (120, 160)
    assert opened(photo.thumbnail).size == (120, 120)


TURNED_BY_THE_CAMERA = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize(("orientation", "turn"), TURNED_BY_THE_CAMERA.items())
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_turned_upright(kind, orientation, turn):
    stored = portrait().transpose(turn) if turn is not None else portrait()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    full = opened(photos.prepare(file_of(stored, kind, exif=exif)).full)

    assert full.size == (300, 400)
    assert is_near(full.getpixel((200, 20)), RED)
    assert is_near(full.getpixel((200, 380)), GREEN)
    assert is_near(full.getpixel((5, 200)), BLUE)


def with_everything(kind):
    exif = Image.Exif()
    exif[MAKE] = "SecretCam"
    exif.get_ifd(PLACE)[2] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif, "icc_profile": profile}
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", "SecretName", zip=False)
    else:
        options |= {"comment": b"SecretName", "xmp": b"<x>SecretName</x>"}
    return file_of(portrait(), kind, **options) + b"SecretTail"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_nothing_but_pixels_is_kept(kind):
    upload = with_everything(kind)
    assert b"Secret" in upload

    photo = photos.prepare(upload)

    for kept in (photo.full, photo.thumbnail):
        assert b"Secret" not in kept
        assert not opened(kept).getexif()
        application = {marker for marker in segments(kept) if 0xE0 <= marker <= 0xEF}
        assert application == {0xE0}
        assert 0xFE not in segments(kept)


def test_what_is_transparent_becomes_white():
    picture = Image.new("RGBA", (300, 300), (0, 0, 0, 0))

    full = opened(photos.prepare(file_of(picture, "PNG")).full)

    assert is_near(full.getpixel((150, 150)), (255, 255, 255))


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("L", 128), ("LA", (128, 255)), ("P", 0), ("1", 1), ("I;16", 32768)],
)
def test_any_kind_of_png_keeps_its_brightness(mode, colour):
    picture = Image.new(mode, (300, 300), colour)
    grey = {"P": 0, "1": 255}.get(mode, 128)

    full = opened(photos.prepare(file_of(picture, "PNG")).full)

    assert is_near(full.getpixel((150, 150)), (grey,) * 3)


def test_a_printers_colours_are_translated():
    cmyk = Image.new("CMYK", (300, 300), (0, 255, 255, 0))

    full = opened(photos.prepare(file_of(cmyk)).full)

    assert full.mode == "RGB"
    assert is_near(full.getpixel((150, 150)), (255, 0, 0))


def test_a_cameras_profile_is_applied():
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A camera whose profile calls green what everybody else calls red.
    odd = plain.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ")
    odd = odd.replace(b"????", b"gXYZ")

    full = opened(photos.prepare(file_of(portrait(), icc_profile=odd)).full)

    red, green, _ = full.getpixel((200, 20))
    assert red < green


def test_a_damaged_profile_does_not_cost_the_photo():
    upload = file_of(portrait(), icc_profile=b"not a profile" * 20)

    full = opened(photos.prepare(upload).full)

    assert is_near(full.getpixel((200, 20)), RED)


def test_a_phones_jpeg_with_a_second_picture_behind_it_is_a_photo():
    upload = file_of(
        portrait(), "MPO", save_all=True, append_images=[Image.new("RGB", (300, 400))]
    )
    assert opened(upload).format == "MPO"

    full = opened(photos.prepare(upload).full)

    assert (full.format, full.size) == ("JPEG", (300, 400))
    assert is_near(full.getpixel((200, 20)), RED)


def png_that_claims(width, height):
    """Return a few bytes that claim to need gigabytes."""

    def chunk(kind, data):
        body = kind + data
        checksum = struct.pack(">I", zlib.crc32(body))
        return struct.pack(">I", len(data)) + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


def animated(kind):
    frames = [Image.new("RGB", (50, 50), colour) for colour in (RED, GREEN)]
    return file_of(frames[0], kind, save_all=True, append_images=frames[1:])


REFUSED = {
    "nothing": (b"", "undamaged JPEG or PNG"),
    "text": (b"hello", "undamaged JPEG or PNG"),
    "a web page": (b"<html><script>alert(1)</script>", "undamaged JPEG or PNG"),
    "a drawing with scripts": (b"<svg xmlns='x' onload='x()'/>", "undamaged JPEG"),
    "a GIF": (file_of(portrait(), "GIF"), "undamaged JPEG or PNG"),
    "a WebP": (file_of(portrait(), "WEBP"), "undamaged JPEG or PNG"),
    "a TIFF": (file_of(portrait(), "TIFF"), "undamaged JPEG or PNG"),
    "half a JPEG": (file_of(portrait())[:-2000], "undamaged JPEG or PNG"),
    "half a PNG": (file_of(portrait(), "PNG")[:-200], "undamaged JPEG or PNG"),
    "only a header": (file_of(portrait())[:40], "undamaged JPEG or PNG"),
    "an animation": (animated("PNG"), "animated"),
    "a large claim": (png_that_claims(MAX_PIXELS // 4000 + 1, 4000), "pixels"),
    "a huge claim": (png_that_claims(30_000, 30_000), "undamaged JPEG or PNG"),
    "a claim without pixels": (png_that_claims(3000, 3000), "undamaged JPEG"),
    "too many bytes": (bytes(MAX_BYTES + 1), "5.2 MB; choose one of at most 5 MB"),
}


@pytest.mark.parametrize(("upload", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_asvs_5_2_2_what_is_no_photo_is_refused_with_the_way_out(upload, said):
    with pytest.raises(photos.InvalidPhoto, match=said) as refused:
        photos.prepare(upload)

    assert refused.value.property_name == "photo"


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_asvs_5_2_3_no_damage_to_a_file_does_more_than_a_refusal(kind):
    sound, chance = with_everything(kind), random.Random(1)  # noqa: S311

    for _ in range(150):
        damaged = bytearray(sound[: chance.randrange(20, len(sound))])
        for _ in range(chance.randrange(4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert photos.prepare(bytes(damaged)).full
        except photos.InvalidPhoto:
            continue
