"""A recovery kit's text: opened by its passphrase, and damage named by its line."""

import random
import re
import zlib
from base64 import b64decode, b64encode
from textwrap import wrap

import pyrage
import pytest

from db.backups.recovery_kit import KitBroken, RecoveryKit, codes_of
from tests.kit.recovery_kits import KIT, PASSPHRASE, seal_quickly, sealed_quickly

# log2 of scrypt's N: age chooses it by how busy the machine is, around a second.
LEAST_WORK = 12


@pytest.fixture(scope="module")
def text():
    return sealed_quickly(KIT)


def opened(text, passphrase=PASSPHRASE):
    return RecoveryKit.opened(text, passphrase)


def lines_with(text, at, line):
    lines = text.splitlines()
    lines[at] = line
    return "\n".join(lines)


def test_it_opens_with_its_passphrase_and_shows_nothing_without(text):
    assert opened(text) == KIT
    # As another keyboard encodes the ü, and with a space too many.
    typed = PASSPHRASE.replace("ü", "u\N{COMBINING DIAERESIS}")
    assert opened(text, f" {typed} ") == KIT
    assert "secrets" not in text
    assert "".join(map(chr, range(40, 120))) not in repr(KIT)


def test_any_program_for_age_opens_it_after_a_second_of_work():
    text = KIT.sealed(PASSPHRASE)
    lines = text.splitlines()
    armor = lines[1 : lines.index("-----END AGE ENCRYPTED FILE-----") + 1]

    packed = pyrage.passphrase.decrypt("\n".join(armor).encode(), PASSPHRASE)

    assert KIT.system_id in zlib.decompress(packed).decode()
    # Every guess at the passphrase costs this work.
    (work,) = re.findall(rb"-> scrypt .{22} (\d+)\n", b64decode("".join(armor[1:-1])))
    assert int(work) >= LEAST_WORK


def test_its_codes_open_it_in_any_order_and_read_twice(text):
    codes = list(codes_of(text))
    assert len(codes) > 1
    random.shuffle(codes)

    assert opened("\r\n".join([*codes, codes[0]])) == KIT


def test_a_wrong_passphrase_is_told_from_damage(text):
    with pytest.raises(
        KitBroken, match=r"passphrase does not open.*try the passphrase"
    ):
        opened(text, "another one that is long enough")


@pytest.mark.parametrize("number", [1, 2, 5])
def test_one_changed_character_is_named_by_its_line(text, number):
    line = text.splitlines()[number + 1]
    other = "A" if line[7] != "A" else "B"
    wrong = line[:7] + other + line[8:]

    named = re.escape(f"in line {number} ({wrong[:7]}")
    with pytest.raises(KitBroken, match=rf"{named}.*compare"):
        opened(lines_with(text, number + 1, wrong))


def test_a_machine_that_is_too_slow_is_told_from_a_wrong_passphrase(text):
    lines = text.splitlines()
    begin, end = (
        lines.index(f"-----{word} AGE ENCRYPTED FILE-----") for word in ("BEGIN", "END")
    )
    sealed = b64decode("".join(lines[begin + 1 : end]))
    slow = re.sub(rb"(?<=-> scrypt .{22} )\d+", b"40", sealed, count=1)
    body = wrap(b64encode(slow).decode(), 64)
    kit = "\n".join((lines[begin], *body, lines[end]))

    with pytest.raises(KitBroken, match="machine is too slow, or too busy"):
        opened(kit)


def test_a_character_too_few_is_named_as_well(text):
    line = text.splitlines()[3]

    with pytest.raises(KitBroken, match=r"in line 2 \("):
        opened(lines_with(text, 3, line[1:]))


def test_a_text_that_is_cut_says_where(text):
    with pytest.raises(KitBroken, match="is cut off after its line 3: take the whole"):
        opened("\n".join(text.splitlines()[:5]))


def test_a_line_that_is_left_out_is_counted(text):
    lines = text.splitlines()
    count = lines.index("-----END AGE ENCRYPTED FILE-----") - 2
    del lines[4]

    with pytest.raises(KitBroken, match=f"has {count - 1} of {count} lines"):
        opened("\n".join(lines))


def test_without_the_checks_nobody_can_say_which_it_is(text):
    lines = [line for line in text.splitlines() if not line.startswith("Check")]
    assert opened("\n".join(lines)) == KIT

    with pytest.raises(KitBroken, match="passphrase is another, or a character"):
        opened("\n".join(lines), "another one that is long enough")


def test_a_code_that_is_missing_is_named(text):
    codes = codes_of(text)

    with pytest.raises(KitBroken, match=f"{len(codes)} codes these are missing: 2"):
        opened("\n".join((codes[0], *codes[2:])))


def test_codes_of_two_kits_are_not_mixed(text):
    first, second = codes_of(text), codes_of(text.replace("Chartroom", "Chartroom's"))

    with pytest.raises(KitBroken, match="codes of different recovery kits"):
        opened("\n".join((first[0], *second[1:])))


@pytest.mark.parametrize("other", ["", "A letter to the clinic.", "Check 1: 00ff"])
def test_what_is_no_kit_is_called_so(other):
    with pytest.raises(KitBroken, match="This is no recovery kit"):
        opened(other)


def test_what_something_else_has_sealed_is_called_so():
    sealed = seal_quickly(b"A letter", PASSPHRASE)

    with pytest.raises(KitBroken, match="sealed by something else than Chartroom"):
        opened(sealed.decode())
