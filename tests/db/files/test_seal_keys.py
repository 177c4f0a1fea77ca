"""The keys of the audit log's seals: made once, kept private, replaced with care."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from db.files.seal_keys import NewSealKey, SealKeyFile, UnusableKey

MESSAGE = b"entry 7"


def private_pem(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key) -> bytes:
    return key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file that does not exist yet, in a folder that does not exist either."""
    return tmp_path / "secrets/audit.key"


def test_a_key_is_made_once_for_its_owner_only(path: Path):
    first = SealKeyFile(path, may_be_made=True).read_or_make()
    again = SealKeyFile(path, may_be_made=True).read_or_make()

    assert first.id == again.id
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["audit.key"]


def test_workers_that_start_together_agree_on_one_key(path: Path):
    file = SealKeyFile(path, may_be_made=True)

    with ThreadPoolExecutor(8) as workers:
        made = list(workers.map(lambda _: file.read_or_make().id, range(16)))

    assert len(set(made)) == 1


def test_reading_makes_nothing(path: Path):
    keys = SealKeyFile(path, may_be_made=True).read()

    assert (keys.signing, keys.public) == (None, {})
    assert not path.exists()


@pytest.mark.parametrize("is_of_earlier_version", [False, True])
def test_none_is_made_in_place_of_one_that_was_lost(
    path: Path, is_of_earlier_version: bool
):
    """Earlier seals would not count, nor a recovery kit have their key."""
    mark = path.parents[1] / "audit-key.made"
    file = SealKeyFile(path, may_be_made=True, mark=mark)
    made = file.read_or_make()
    if is_of_earlier_version:
        mark.unlink()
        file.read()
    kept = path.rename(path.with_name("kept"))

    for use in (SealKeyFile.read, SealKeyFile.read_or_make):
        with pytest.raises(UnusableKey, match="although there was one: put it back"):
            use(file)

    assert not path.exists()
    kept.rename(path)
    assert file.read_or_make().id == made.id


def test_none_is_made_where_the_clinics_folder_was_until_it_was_renamed(path: Path):
    """The clinic's key would be another one as soon as the folder is renamed back."""
    folder = path.parents[1] / "gone"
    key = folder / "secrets/audit.key"
    file = SealKeyFile(key, True, folder / "audit-key.made", folder)

    for use in (SealKeyFile.read, SealKeyFile.read_or_make):
        with pytest.raises(UnusableKey, match=f"no folder {folder} any more"):
            use(file)
    assert not folder.exists()


def test_a_key_that_was_named_is_never_made(path: Path):
    with pytest.raises(UnusableKey, match="There is no key file"):
        SealKeyFile(path).read_or_make()


def test_what_was_signed_is_recognised_and_nothing_else(path: Path):
    keys = SealKeyFile(path, may_be_made=True).read_or_make()
    signature = keys.sign(MESSAGE)

    assert keys.is_signed(keys.id, signature, MESSAGE)
    assert not keys.is_signed(keys.id, signature, b"entry 8")
    assert not keys.is_signed(keys.id, bytes(64), MESSAGE)
    assert not keys.is_signed("another", signature, MESSAGE)


def test_a_replaced_key_is_kept_by_its_public_half(tmp_path: Path):
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_bytes(private_pem(old))
    after.write_bytes(private_pem(new) + b"\nuntil 2026:\n" + public_pem(old))
    former, keys = SealKeyFile(before).read(), SealKeyFile(after).read()

    assert keys.is_signed(former.id, former.sign(MESSAGE), MESSAGE)
    assert keys.id != former.id


def test_who_only_checks_needs_no_private_key(tmp_path: Path):
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key").write_bytes(public_pem(key))
    keys = SealKeyFile(tmp_path / "key").read()

    assert keys.is_signed(next(iter(keys.public)), key.sign(MESSAGE), MESSAGE)
    with pytest.raises(UnusableKey, match="no private key"):
        keys.sign(MESSAGE)


def test_the_command_that_the_settings_name_makes_a_usable_key(tmp_path: Path):
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True
    )
    (tmp_path / "key").write_bytes(made.stdout)

    assert SealKeyFile(tmp_path / "key").read().sign(MESSAGE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"secret words",
        b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
        private_pem(generate_private_key(SECP256R1())),
        public_pem(generate_private_key(SECP256R1())),
        private_pem(Ed25519PrivateKey.generate()) * 2,
    ],
    ids=["empty", "words", "broken", "another kind", "another public kind", "two"],
)
def test_a_file_that_is_no_key_is_one_sentence_without_its_content(
    tmp_path: Path, content: bytes
):
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(UnusableKey, match="does not contain Ed25519") as refusal:
        SealKeyFile(tmp_path / "key").read()

    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path):
    with pytest.raises(UnusableKey, match="cannot be read: Is a directory"):
        SealKeyFile(tmp_path).read()


def test_a_lost_key_is_replaced_by_a_file_that_names_it(path: Path):
    file = SealKeyFile(path, may_be_made=True, mark=path.parents[1] / "audit-key.made")
    lost = file.read_or_make().id
    path.unlink()

    file.require_lost()
    file.replace_lost(new := NewSealKey(), [lost])

    keys = file.read()
    assert (keys.id, dict(keys.lost)) == (new.id, {lost: new.id})
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_found_again_is_lost_no_longer(path: Path):
    file = SealKeyFile(path, may_be_made=True)
    former = file.read_or_make()
    path.unlink()
    file.replace_lost(NewSealKey(), [former.id])

    path.write_bytes(path.read_bytes() + public_pem(former.signing))

    keys = file.read()
    assert not keys.lost
    assert keys.is_signed(former.id, former.sign(MESSAGE), MESSAGE)


def test_what_somebody_wrote_as_a_name_is_not_taken_for_a_key(path: Path):
    """Whoever can write to the database could sign with a key that we then know."""
    forger = public_pem(Ed25519PrivateKey.generate()).decode()
    file = SealKeyFile(path, may_be_made=True)

    file.replace_lost(new := NewSealKey(), [f"{'a' * 16}\n{forger}", "b" * 16])

    keys = file.read()
    assert set(keys.public) == {new.id}
    assert set(keys.lost) == {"b" * 16}


def test_a_key_that_is_there_is_never_replaced(path: Path):
    file = SealKeyFile(path, may_be_made=True)
    with pytest.raises(UnusableKey, match="Nothing was ever sealed"):
        file.require_lost()
    kept = file.read_or_make().id

    with pytest.raises(UnusableKey, match="is there, so no key was replaced"):
        file.require_lost()
    with pytest.raises(UnusableKey, match="is there again"):
        file.replace_lost(NewSealKey(), [kept])

    assert file.read().id == kept
