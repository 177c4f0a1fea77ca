"""Commands that check what is kept and exchange its keys."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from dashboard.wiring import Wiring
    from db.settings import Settings
    from jobs.backups.copying.needed_keys import NeededKeys
    from jobs.documents.integrity import Report
    from services.audit.chain import ChainVerification

# An upload may have sealed its key just before the new one was added, and be stored
# just after all others were rewrapped.
_OLD_KEYS_KEPT_FOR: Final = timedelta(hours=1)

group = typer.Typer()


@group.command()
def verify_audit(data: Data = None) -> None:
    """Verify the audit log's chain; name the first entry that was tampered with."""
    with explain_errors():
        verdict = verify_chain(choose(data=data))
    typer.echo(verdict.sentence, err=not verdict.is_whole)
    if not verdict.is_whole:
        raise typer.Exit(1)


def verify_chain(settings: "Settings") -> "ChainVerification":
    """Verify the whole chain of the audit log, and record the result.

    Raises AuditStoreUnavailable and UnusableKey.
    """
    from dashboard import wiring
    from db.postgres import SYSTEM
    from services.audit import chain, log

    with wiring.attached(settings) as wired:
        keys = wired.seal_keys.read()
        verdict = chain.verify(wired.database, wired.audit, keys)
        wired.database.write(
            lambda session: log.record_verification(
                session,
                CONSOLE,
                is_whole=verdict.is_whole,
                sentence=verdict.sentence,
            ),
            identity=SYSTEM,
        )
        return verdict


@group.command()
def replace_audit_key(
    reason: Annotated[
        str, typer.Option(help="How the key was lost; kept in the audit log.")
    ] = "",
    data: Data = None,
) -> None:
    """Replace the lost key of the audit log's seals; earlier seals prove nothing."""
    with explain_errors():
        verdict = replace_seal_key(choose(data=data), reason)
    typer.echo(verdict.sentence, err=not verdict.is_whole)
    if not verdict.is_whole:
        raise typer.Exit(1)


def replace_seal_key(settings: "Settings", reason: str) -> "ChainVerification":
    """Make another key for the seals, record that, and seal the log as it is now.

    Raises UnusableKey, also if no key was lost, InvalidInput without a reason, and
    AuditStoreUnavailable.
    """
    from dashboard import wiring
    from db.files.seal_keys import NewSealKey
    from db.postgres import SYSTEM
    from services.audit import chain, log
    from services.audit.chain import seals
    from services.core import reasons

    reason = reasons.read(reason)
    with wiring.attached(settings) as wired:
        wired.seal_keys.require_lost()
        new = NewSealKey()
        lost = wired.database.read_latest(seals.signing_keys, identity=SYSTEM).value
        wired.database.write(
            lambda session: log.record_key_replacement(
                session, CONSOLE, key=new.id, lost=lost, reason=reason
            ),
            identity=SYSTEM,
        )
        wired.seal_keys.replace_lost(new, lost)
        keys = wired.seal_keys.read()
        with suppress(chain.ChainBroken):
            # At once: what is in the log is proven from its next seal on.
            chain.seal(wired.database, wired.audit, keys)
        return chain.verify(wired.database, wired.audit, keys)


@group.command()
def new_file_keys(
    path: Annotated[Path, typer.Argument(help="The file to create.")],
) -> None:
    """Create the keys that encrypt files, for databases of your own."""
    with explain_errors():
        typer.echo(make_file_keys(path))


def make_file_keys(path: Path) -> str:
    """Make a key file for external servers; return what to do with it."""
    from db.files import file_keys

    folder, is_folder_new = path.parent, not path.parent.exists()
    if not file_keys.make(path):
        raise file_keys.UnusableFileKeys(f"{path} already exists and was not changed.")
    # Whoever mistyped the path would not find the keys where they look for them.
    made = f"There was no folder {folder}; it was made. " if is_folder_new else ""
    return (
        f"{made}{path} contains the keys that encrypt files. Keep a copy of it apart "
        "from the databases' backups: without it, no file can ever be read again."
    )


@group.command()
def rotate_keys(
    data: Data = None,
    drop_old: Annotated[
        bool,
        typer.Option(
            "--drop-old", help="Instead, drop old keys that are no longer needed."
        ),
    ] = False,
) -> None:
    """Rotate the key that wraps the keys of files; the files stay as they are."""
    with explain_errors():
        settings = choose(data=data)
        change = drop_old_file_keys if drop_old else rotate_file_keys
        typer.echo(change(settings))


def rotate_file_keys(settings: "Settings") -> str:
    """Wrap the keys of all files with a new key; return how many there were.

    It may be killed at any time and run again: then there is one key more than
    necessary, and nothing else. Raises UnusableFileKeys and FileStoreUnavailable.
    """
    from dashboard import wiring

    with wiring.attached(settings) as wired:
        key = wired.file_keys.add()
        _record_rotation(wired, key, "added")
        rewrapped, left = _rewrap(wired)
        _record_rotation(wired, key, "done", rewrapped)
    sentence = f"Key {key} now wraps the keys of {rewrapped} files and drafts."
    if left:
        sentence += f" {left} could not be opened and keep their old key."
    return sentence + _of_other_sites(settings)


def _of_other_sites(settings: "Settings") -> str:
    """Return what to copy to sites that follow: keys are not replicated."""
    from db.embedded import DataFolder
    from db.embedded.sites import standby_site
    from db.files.file_keys import FileKeys

    if not settings.is_embedded:
        return ""
    if not (sites := standby_site.invited(DataFolder(settings.data))):
        return ""
    return (
        f" No file opens at the other site ({', '.join(sites)}) until "
        f"{FileKeys.of(settings).path} is copied there, over the old one."
    )


def drop_old_file_keys(settings: "Settings") -> str:
    """Drop replaced keys with which nothing is sealed any more.

    Keys that backups need, here and in the copy, are kept. Raises UnusableFileKeys if
    it is too early, CannotBackUp if backups cannot be read, and FileStoreUnavailable;
    then no key was dropped.
    """
    from dashboard import wiring
    from db.files.file_keys import UnusableFileKeys
    from db.files.gridfs import Bucket

    with wiring.attached(settings) as wired:
        keys = wired.file_keys
        if datetime.now(UTC) - keys.changed_at < _OLD_KEYS_KEPT_FOR:
            raise UnusableFileKeys(
                "The key file was changed less than an hour ago, and something sealed "
                "with an old key may still be on its way: drop old keys later."
            )
        rewrapped, _ = _rewrap(wired)
        used = {key for bucket in Bucket for key in wired.files.keys_in_use(bucket)}
        # A backup is read with the keys of its time.
        used |= _needed_here(wired)
        copied = _needed_by_copy(wired)
        unused = keys.ids - used - copied.keys - {keys.primary}
        if unused:
            _record_rotation(wired, keys.primary, "dropping", rewrapped, unused)
            keys.drop(*unused)
        kept = len(keys.ids) - 1
    sentence = f"Old keys dropped: {len(unused)}; still in use: {kept}."
    return f"{sentence}{_words_of(copied)}"


def _needed_here(wired: "Wiring") -> set[int]:
    """Return the keys that the repository needs; raises CannotBackUp."""
    from db.backups.backup_errors import CannotBackUp
    from db.backups.file_copies import list_later_copies
    from db.backups.known_repository import require_there
    from db.backups.log.archive import LogArchive

    repository = wired.backups
    require_there(repository, wired.settings.data)
    survey = repository.survey()
    if survey.unreadable:
        raise CannotBackUp(
            f"The manifest of backup {survey.unreadable[0]} cannot be read, so it is "
            "not known which keys it needs: no key was dropped."
        )
    log = LogArchive(repository.folder, repository.system_id or "", wired.file_keys)
    later = {copy.entry.key for copy in list_later_copies(log)}
    return survey.key_ids | log.key_ids() | later


def _needed_by_copy(wired: "Wiring") -> "NeededKeys":
    """Return the keys that the copy needs; raises CannotBackUp if that is unknown."""
    from dashboard.wiring import copy_store_of
    from db.backups.backup_errors import CannotBackUp
    from db.backups.copies.copy_notes import read_copy_note
    from jobs.backups.copying.needed_keys import CopyKeys, NeededKeys

    store, note = copy_store_of(wired.settings), read_copy_note(wired.backups.folder)
    if note is not None and (store is None or store.address.shown != note.place):
        raise CannotBackUp(
            f"The backups were copied to {note.place}, which may need old keys: name "
            "it with CHARTROOM_BACKUP_S3_URL. If nothing there is needed any longer, "
            f"remove {wired.backups.folder / 'copy.json'}. No key was dropped."
        )
    if store is None:
        return NeededKeys()
    from db.backups.copies.object_store import StoreFailed

    kept = timedelta(days=wired.settings.backup_kept_days)
    try:
        full_every = wired.settings.backup_full_interval or timedelta()
        keys = wired.file_keys
        return CopyKeys(store, wired.backups, keys, kept, full_every).find()
    except (CannotBackUp, StoreFailed) as error:
        raise CannotBackUp(
            f"{error} Backups there may need old keys: no key was dropped."
        ) from error


def _words_of(copied: "NeededKeys") -> str:
    """Return which parts of the copy need old keys and until when; empty if none."""
    if copied.until is None:
        return ""
    return (
        f" The copy still has backups ({copied.sets}) and parts of their log "
        f"({copied.log_objects}) that are no longer here and only open with old keys. "
        f"They stay until {copied.until:%Y-%m-%d}: drop old keys again after that."
    )


def _rewrap(wired: "Wiring") -> tuple[int, int]:
    """Rewrap what old keys have wrapped; return how many were, and could not be."""
    from db.files.gridfs import Bucket

    outcomes = [wired.files.rewrap(bucket) for bucket in Bucket]
    done = sum(outcome.done for outcome in outcomes) + wired.drafts.rewrap()
    return done, sum(outcome.left for outcome in outcomes)


def _record_rotation(
    wired: "Wiring",
    key: int,
    step: str,
    rewrapped: int = 0,
    dropped: frozenset[int] = frozenset(),
) -> None:
    from db.postgres import SYSTEM
    from services.documents.integrity import runs

    wired.database.write(
        lambda session: runs.record_key_rotation(
            session,
            CONSOLE,
            file_key=key,
            step=step,
            rewrapped=rewrapped,
            dropped=dropped,
        ),
        identity=SYSTEM,
    )


@group.command()
def check_files(data: Data = None) -> None:
    """Read every file now and compare it with its row; list damaged files by id."""
    with explain_errors():
        report = compare_files(choose(data=data))
    for line in comparison_in_words(report):
        typer.echo(line, err=not report.is_good)
    if not report.is_good:
        raise typer.Exit(1)


def compare_files(settings: "Settings") -> "Report":
    """Read every file, and mark those that differ from their rows.

    Raises FileStoreUnavailable, UnusableFileKeys and CannotServe.
    """
    from dashboard import wiring
    from dashboard.web.startup_checks import require_file_keys
    from jobs.documents import integrity
    from services.documents.integrity.checking import NothingVerifies

    require_file_keys(settings)
    with wiring.attached(settings) as wired:
        try:
            report = integrity.check_all(wired.database, wired.files)
        except NothingVerifies as error:
            return integrity.Report(stopped=str(error))
        integrity.explain_false_alarms(wired.database, wired.audit)
        return report


def comparison_in_words(report: "Report") -> Iterator[str]:
    """Yield the findings as lines, with ids and never with names."""
    for finding in report.bad:
        yield f"{finding.named.words}: {finding.state}"
    if report.stopped:
        yield report.stopped
    elif report.bad:
        yield f"Files checked: {report.checked}; not intact: {len(report.bad)}."
    else:
        yield f"Files checked: {report.checked}; all are intact."
