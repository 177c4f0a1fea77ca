"""Office files become PDFs, where LibreOffice is installed, and have no effect."""

import ctypes
import json
import os
import socket
import subprocess
import sys
import tempfile
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from services.pdf import sources
from services.pdf.office import OfficeConverter
from services.pdf.report import Unreadable

ROOT = Path(__file__).resolve().parents[3]
OFFICE = OfficeConverter.installed("soffice")
HAS_LANDLOCK = (
    sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, 0, 1) >= 4
)
needs_office = pytest.mark.skipif(
    OFFICE is None, reason="LibreOffice (soffice) is not installed here"
)
# The results of attempts from inside the confinement; None is success.
PROBE = """
import json, os, socket, sys
from services.pdf import confinement

def fails(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return None

folder, listening, secret = sys.argv[1:]
confinement.confine_program("/bin/true", folder, seconds=5, megabytes=1024)
print(json.dumps({
    "own": fails(lambda: open(folder + "/made", "x").close()),
    "run": os.spawnv(os.P_WAIT, "/bin/true", ["true"]) or None,
    "read": fails(lambda: open(secret)),
    "write": fails(lambda: open("/tmp/chartroom-probe", "x")),
    "call": fails(lambda: socket.socket().connect(("127.0.0.1", int(listening)))),
    "tell": fails(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    "local": fails(lambda: socket.socket(socket.AF_UNIX).connect("/tmp/any")),
    "user": os.geteuid(),
}))
"""
_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content office:version="1.2"
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0"
 xmlns:ooo="http://openoffice.org/2004/office"
 xmlns:xlink="http://www.w3.org/1999/xlink">
<office:scripts><office:event-listeners><script:event-listener
 script:language="ooo:script" script:event-name="dom:load" xlink:type="simple"
 xlink:href="vnd.sun.star.script:Standard.Module1.Main?language=Basic&amp;location=document"/>
</office:event-listeners></office:scripts>
<office:body><office:text><text:p>{text}</text:p>{more}</office:text></office:body>
</office:document-content>
"""
_PICTURE = (
    '<text:p><draw:frame text:anchor-type="as-char" svg:width="5cm" svg:height="5cm" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0">'
    '<draw:image xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad" '
    'xlink:href="{address}"/></draw:frame></text:p>'
)
_MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>
{entries}</manifest:manifest>
"""
_MACRO = """<?xml version="1.0" encoding="UTF-8"?>
<script:module xmlns:script="http://openoffice.org/2000/script"
 script:name="Module1" script:language="StarBasic">
Sub Main
ThisComponent.Text.String = &quot;THE MACRO RAN&quot;
End Sub
</script:module>
"""
_LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<library:library{plural} xmlns:library="http://openoffice.org/2000/library"
 xmlns:xlink="http://www.w3.org/1999/xlink" library:name="Standard"
 library:readonly="false" library:passwordprotected="false">
<library:{kind} library:name="{name}"/></library:library{plural}>
"""
ODT = "application/vnd.oasis.opendocument.text"


def odt(text="Blood count of Ada", *, more="", with_macro=False):
    """Return a text document as LibreOffice itself writes it."""
    parts = {"content.xml": _CONTENT.format(text=text, more=more)}
    if with_macro:
        libraries = {"plural": "", "kind": "element", "name": "Module1"}
        parts["Basic/Standard/Module1.xml"] = _MACRO
        parts["Basic/Standard/script-lb.xml"] = _LIBRARY.format(**libraries)
        libraries = {"plural": "s", "kind": "library", "name": "Standard"}
        parts["Basic/script-lc.xml"] = _LIBRARY.format(**libraries)
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" '
        'manifest:media-type="text/xml"/>'
        for name in parts
    )
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", ODT)
        manifest = _MANIFEST.format(media_type=ODT, entries=entries)
        archive.writestr("META-INF/manifest.xml", manifest)
        for name, part in parts.items():
            archive.writestr(name, part)
    return written.getvalue()


def words_of(pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        return " ".join(page.get_textpage().get_text_range() for page in document)


def printed(data):
    media_type = sources.office_type(BytesIO(data))
    return words_of(OFFICE.convert(BytesIO(data), media_type))


@needs_office
@pytest.mark.parametrize(
    "data",
    [odt("High cholesterol"), b"{\\rtf1 High \\b cholesterol}"],
    ids=["OpenDocument", "RTF"],
)
def test_what_stands_in_it_stands_in_the_pdf_and_nothing_is_left_behind(data):
    assert "High cholesterol" in printed(data)

    folder = Path(tempfile.gettempdir())
    assert [*folder.glob("OSL_PIPE_*"), *folder.glob("office-*")] == []


@needs_office
def test_no_macro_runs():
    said = printed(odt("Blood count", with_macro=True))

    assert "Blood count" in said
    assert "MACRO" not in said


def _is_red(pdf):
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        picture = document[0].render().to_pil().convert("RGB")
    return picture.getpixel((picture.width // 7, picture.height // 7)) == (255, 0, 0)


@needs_office
def test_no_other_file_of_the_machine_gets_into_it():
    with tempfile.TemporaryDirectory() as others:
        Path(others).chmod(0o755)
        picture = Path(others, "picture.png")
        Image.new("RGB", (300, 300), "red").save(picture)
        linked = _PICTURE.format(address=picture.as_uri())

        pdf = OFFICE.convert(BytesIO(odt(more=linked)), ODT)

    assert "Blood count" in words_of(pdf)
    assert not _is_red(pdf)


@needs_office
def test_what_is_broken_off_is_refused_in_words():
    with pytest.raises(Unreadable, match="Save the file as PDF"):
        OFFICE.convert(BytesIO(odt()[:400]), ODT)


@needs_office
def test_one_that_takes_too_long_is_ended_and_refused():
    with pytest.raises(Unreadable, match="takes too long"):
        OfficeConverter(OFFICE.program, seconds=0.05).convert(BytesIO(odt()), ODT)


@pytest.mark.parametrize("program", ["", "no-such-office"])
def test_without_the_program_or_switched_off_there_is_no_converter(program):
    assert OfficeConverter.installed(program) is None


@pytest.fixture(scope="module")
def probe():
    # The directory of shared memory is among the devices.
    shared_memory = Path("/dev/shm")  # noqa: S108
    elsewhere = shared_memory if os.access(shared_memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory(dir=elsewhere) as others,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        # Open to everybody, so that only the confinement can refuse.
        Path(folder).chmod(0o777)
        Path(others).chmod(0o755)
        secret = Path(others, "secret")
        secret.write_text("secret")
        port = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", PROBE, folder, port, secret],
            capture_output=True,
            cwd=ROOT,
            check=True,
        )
    return json.loads(done.stdout)


@pytest.mark.skipif(not HAS_LANDLOCK, reason="this kernel has no Landlock")
def test_it_has_its_folder_and_what_is_installed_and_calls_nobody(probe):
    assert probe["user"] != 0
    assert (probe["own"], probe["run"]) == (None, None)
    for forbidden in ("read", "write", "call", "tell", "local"):
        assert probe[forbidden] == "PermissionError", forbidden


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (odt(), ODT),
        (b"{\\rtf1 a}", "application/rtf"),
        (
            b"\xd0\xcf\x11\xe0" + "WordDocument".encode("utf-16-le"),
            "application/msword",
        ),
        (
            b"PK\x03\x04[Content_Types].xml ppt/presentation.xml",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), None),
    ],
    ids=["text", "rtf", "word", "slides", "locked"],
)
def test_the_kind_is_told_by_the_content(data, media_type):
    assert sources.office_type(BytesIO(data)) == media_type
