"""The README in a repository: written once, and put back."""

from db.backups.readme import NAME, TEXT, write_readme
from db.backups.repository import Repository
from tests.kit import backup_sets


def test_a_repository_has_one_and_gets_it_back(tmp_path):
    repository = Repository(tmp_path / "backups")
    repository.claim(backup_sets.SYSTEM_ID)
    path = repository.folder / NAME
    assert path.read_text() == TEXT

    path.write_text("of an earlier version")
    repository.claim(backup_sets.SYSTEM_ID)

    assert path.read_text() == TEXT
    stamp = path.stat().st_ino
    write_readme(repository.folder)
    assert path.stat().st_ino == stamp
