"""Signatures: made with the clinic's key, and every later change is detected."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fpdf import FPDF

from db.files.signing_keys import SigningKeyFile, UnusableSigningKey
from services.core.errors import InvalidInput
from services.pdf import signing
from services.pdf.signing import CannotSign, SignatureState, Signer, pades
from services.pdf.signing.checking import MAX_BYTES


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    file = SigningKeyFile(tmp_path_factory.mktemp("keys") / "own.pem", "Clinic", True)
    file.read_or_make()
    return file


@pytest.fixture(scope="module")
def plain():
    sheet = FPDF()
    sheet.add_page()
    sheet.set_font("helvetica", size=12)
    sheet.cell(0, 10, "Amoxicillin")
    return bytes(sheet.output())


@pytest.fixture(scope="module")
def signed(key_file, plain):
    return Signer(key_file).sign(plain, reason="Prescription")[0]


def state(content, key_file):
    """Check in a thread: this one may have an event loop, and pyHanko runs its own."""
    known = key_file.read().certificates
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(pades.check, content, known).result().state


def test_what_the_clinic_signed_is_valid(signed, key_file):
    signature = signing.check_apart(signed, key_file.read().certificates)

    assert signature.state is SignatureState.VALID
    assert signature.signed_at is not None
    assert signature.is_valid


def test_the_certificate_is_told_with_the_signature(plain, key_file):
    content, fingerprint = Signer(key_file).sign(plain, reason="Prescription")

    signature = signing.check_apart(content, key_file.read().certificates)
    assert signature.signer == fingerprint.hex()


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_one_changed_byte_shows_wherever_it_is(signed, key_file, share):
    changed = bytearray(signed)
    changed[int(len(changed) * share)] ^= 1

    assert state(bytes(changed), key_file) is not SignatureState.VALID


def test_a_changed_word_shows_as_modified(signed, key_file):
    at = signed.index(b"/MediaBox")

    changed = signed[:at] + b"/mediaBox" + signed[at + 9 :]

    assert state(changed, key_file) is SignatureState.MODIFIED


def test_what_is_appended_shows_as_modified(signed, key_file):
    assert state(signed + b"\n", key_file) is SignatureState.MODIFIED


def test_a_strangers_signature_is_no_signature_of_ours(plain, key_file, tmp_path):
    strangers = SigningKeyFile(tmp_path / "theirs.pem", "Clinic", True)

    theirs = Signer(strangers).sign(plain, reason="Prescription")[0]

    assert state(theirs, key_file) is SignatureState.UNKNOWN_SIGNER


def test_a_replaced_keys_signature_still_counts(signed, key_file, tmp_path):
    newer = SigningKeyFile(tmp_path / "newer.pem", "Clinic", True)
    newer.read_or_make()
    pem = key_file.path.read_bytes()
    old_certificate = pem[pem.index(b"-----BEGIN CERTIFICATE") :]
    with newer.path.open("ab") as file:
        file.write(old_certificate)

    assert state(signed, newer) is SignatureState.VALID


def test_what_nobody_signed_and_what_is_no_pdf(plain, key_file):
    assert state(plain, key_file) is SignatureState.UNSIGNED
    assert state(b"Dear doctor", key_file) is SignatureState.UNREADABLE
    assert state(b"", key_file) is SignatureState.UNREADABLE


def test_a_file_that_breaks_the_reader_is_a_finding_too(key_file):
    signature = signing.check_apart(b"%PDF-1.7\n" + b"[" * 100_000, ())

    assert signature.state is SignatureState.UNREADABLE


def test_what_is_too_large_is_not_read_at_all(key_file):
    with pytest.raises(InvalidInput, match="larger than any prescription"):
        signing.check_apart(b"%PDF-" + bytes(MAX_BYTES), key_file.read().certificates)


def test_the_key_is_its_owners_only(key_file):
    key_file.read_or_make()

    assert stat.S_IMODE(key_file.path.stat().st_mode) == 0o600


def test_a_key_is_made_once(key_file):
    first = key_file.read_or_make().certificate

    assert key_file.read_or_make().certificate == first


def test_none_is_made_in_place_of_one_that_was_lost(key_file, tmp_path):
    """What was signed so far would be of an unknown key, and nobody would notice."""
    mark = tmp_path / "signing-key.made"
    file = SigningKeyFile(key_file.path, "Clinic", True, mark)
    made = file.read_or_make().certificate
    kept = file.path.rename(tmp_path / "kept.pem")

    for use in (SigningKeyFile.read, SigningKeyFile.read_or_make):
        with pytest.raises(UnusableSigningKey, match="although there was one: put it"):
            use(file)
    with pytest.raises(CannotSign):
        Signer(file).sign(b"%PDF-", reason="Prescription")

    assert not file.path.exists()
    kept.rename(file.path)
    assert file.read_or_make().certificate == made


def test_none_is_made_where_the_clinics_folder_was_until_it_was_renamed(tmp_path):
    """The clinic's key would be another one as soon as the folder is renamed back."""
    folder = tmp_path / "gone"
    key = folder / "secrets/signing.pem"
    file = SigningKeyFile(key, "Clinic", True, folder / "signing-key.made", folder)

    for use in (SigningKeyFile.read, SigningKeyFile.read_or_make):
        with pytest.raises(UnusableSigningKey, match=f"no folder {folder} any more"):
            use(file)
    assert not folder.exists()


def test_a_given_key_is_never_made(tmp_path):
    given = SigningKeyFile(tmp_path / "given.pem", "Clinic")

    with pytest.raises(UnusableSigningKey, match="There is no signing key"):
        given.read_or_make()
    with pytest.raises(CannotSign):
        Signer(given).sign(b"%PDF-", reason="Prescription")


@pytest.mark.parametrize(
    "content",
    [b"", b"words", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"],
)
def test_what_is_no_key_is_said_without_quoting_it(tmp_path, content):
    path = tmp_path / "broken.pem"
    path.write_bytes(content)

    with pytest.raises(UnusableSigningKey, match="must hold a private key") as refusal:
        SigningKeyFile(path, "Clinic").read()
    assert refusal.value.__cause__ is None


def test_a_key_that_is_not_the_certificates_is_refused(tmp_path):
    first = SigningKeyFile(tmp_path / "one.pem", "Clinic", True)
    second = SigningKeyFile(tmp_path / "other.pem", "Clinic", True)
    first.read_or_make()
    second.read_or_make()
    mixed = tmp_path / "mixed.pem"
    mixed.write_bytes(_part(first.path, "PRIVATE") + _part(second.path, "CERTIFICATE"))

    with pytest.raises(UnusableSigningKey):
        SigningKeyFile(mixed, "Clinic").read()


def _part(path: Path, kind: str) -> bytes:
    text = path.read_text()
    begin = text.index(f"-----BEGIN {kind}")
    end = text.index(f"-----END {kind}")
    return (text[begin:end] + text[end:].split("\n", 1)[0] + "\n").encode()
