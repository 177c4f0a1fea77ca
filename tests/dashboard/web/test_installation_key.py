"""The key that signs sign-ins."""

import stat
from concurrent.futures import ThreadPoolExecutor

from dashboard.web.installation_key import derive, signing_key
from db.settings import Settings


def _settings(**values):
    return Settings(_env_file=None, **values)


def test_a_key_from_the_settings_is_used(tmp_path):
    settings = _settings(secret_key="s" * 32, data=tmp_path)

    assert signing_key(settings) == "s" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    settings = _settings(data=tmp_path)

    key = signing_key(settings)

    kept = tmp_path / "secrets" / "signing.key"
    assert len(key) == 64
    assert signing_key(settings) == key
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(kept.parent.iterdir()) == [kept]


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    settings = _settings(data=tmp_path)

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: signing_key(settings), range(32)))

    assert len(keys) == 1


def test_keys_for_other_purposes_differ():
    assert len({derive("k", "a"), derive("k", "b"), derive("l", "a"), "k"}) == 4
