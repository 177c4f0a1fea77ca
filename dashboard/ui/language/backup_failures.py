"""Reasons why backups, drills and copies failed, in the language of the page.

The worker keeps them as plain English sentences, which are also in its log and in the
output of commands. Answers of PostgreSQL and of stores are not translated: people
search for them as they are.
"""

from typing import Final

from dashboard.ui.language import marked
from dashboard.ui.language.sentence_translator import SentenceTranslator

# The first that fits counts: the more specific message comes before the less specific.
_MESSAGES: Final = (
    marked("The audit log of backup {name} is broken: {why}"),
    marked(
        "{place} has been written by another machine of this clinic since {time} UTC: "
        "two would take from each other what they send. If that one is gone, run "
        "python -m dashboard take-over-copy here; else name another prefix with "
        "CHARTROOM_BACKUP_S3_URL. Nothing was sent."
    ),
    marked(
        "The backup folder {folder} cannot be used ({why}): make it yours to write, or"
        " name another with CHARTROOM_BACKUP_DIR."
    ),
    marked(
        "The disk of {folder} has {free} MB free and {purpose} needs {needed} MB: free"
        " some, or name a folder on another disk with CHARTROOM_BACKUP_DIR."
    ),
    marked(
        "The backups in {folder} belong to another clinic (PostgreSQL {other}, this "
        "one is {own}): name a folder of this clinic's with CHARTROOM_BACKUP_DIR."
    ),
    marked(
        "The backups of this clinic were in {folder} and are not there: mount their "
        "disk. If they are lost, name another folder with CHARTROOM_BACKUP_DIR, or "
        "remove {note} to begin anew in this one."
    ),
    marked(
        "The backup could not be written ({why}): see how full the disk of {folder} is."
    ),
    marked("The backup does not count: {why}"),
    marked("PostgreSQL gave no base backup: {why}"),
    marked("PostgreSQL gave no incremental backup: {why}"),
    marked("PostgreSQL's leader does not answer: {why}"),
    marked(
        "There is no program {program} where the worker runs: name it with "
        "CHARTROOM_BACKUP_TOOL_COMMAND."
    ),
    marked(
        "The program {program} cannot be started ({why}): see "
        "CHARTROOM_BACKUP_TOOL_COMMAND."
    ),
    marked("{tool} did not answer within {seconds} seconds."),
    marked(
        "{tool} ended with exit code {code}: run it by hand, as the worker's user, to "
        "see why."
    ),
    marked("{tool} answers in another way than Chartroom knows ({what})."),
    marked("{tool} knows no {name}: correct CHARTROOM_BACKUP_TOOL."),
    marked("Checks of {tool} fail: {names}."),
    marked("{tool} has no backup that can be restored."),
    marked("{tool} has lost what it knows of {name}."),
    marked(
        "Repositories of {tool} are not as they should be (number {keys}): run "
        "{command} by hand to see why."
    ),
    marked(
        "Another server leads than when the newest backup was made, and {tool} does "
        "not tell how far the log goes since: make a backup."
    ),
    marked("Of the log from backup {name} to the end, segments are missing: {count}."),
    marked(
        "Of the log from backup {name} to the next backup, segments are missing: "
        "{count}."
    ),
    marked("The log of backup {name} is not in the archive, from {first} to {last}."),
    marked("Backup {name} has pages whose checksums are wrong."),
    marked(
        "Backup {name} is of {time} UTC, which is to come: set the clock of the tool's "
        "machine."
    ),
    marked(
        "The backups are of another PostgreSQL ({other}, this one is {own}): correct "
        "CHARTROOM_BACKUP_TOOL, which is {name}."
    ),
    marked("The log could not be received: {why}"),
    marked(
        "The log did not come within {seconds} seconds: back up again when the servers"
        " are less busy."
    ),
    marked(
        "No server kept the log for the backup within {seconds} seconds: back up again "
        "when the cluster is well."
    ),
    marked("The incremental backup does not go on from {name}."),
    marked("The last one cannot be read ({why})."),
    marked("The audit log no longer has entry {entry} as backup {name} ends with it."),
    marked(
        "Backup {name} has only what changed since backup {base}, which is missing in "
        "{place}."
    ),
    marked("There is no backup in {place} that leads to {time} UTC."),
    marked("There are no backups of Chartroom in {place}: see bucket and prefix."),
    marked(
        "The backups in {place} are of another clinic (PostgreSQL {other}, this one is "
        "{own}): name this clinic's bucket and prefix."
    ),
    marked(
        "{part} of backup {name} is the set's {other} in {place}: they were swapped."
    ),
    marked("{part} of backup {name} was changed in {place}."),
    marked(
        "{why} What was fetched stays in {folder}: the same command goes on from there."
    ),
    marked("The folder {folder} cannot be used ({why}): name another with --into."),
    marked(
        "{folder} is not empty, and was not begun to be fetched from {place}: name "
        "another folder with --into."
    ),
    marked("Backup {name} is of a history that the clinic has left."),
    marked("Backup {name} is of an earlier version, which made full ones."),
    marked(
        "Backup {name} has only what changed since backup {base}, whose manifest "
        "cannot be read."
    ),
    marked(
        "Backup {name} has only what changed since backup {base}, which is missing."
    ),
    marked("The manifest of backup {name} is not what was written."),
    marked("The manifest of backup {name} cannot be read."),
    marked(
        "Backup {name} has only what changed since backup {base}, and that is not the "
        "one it was made from: its manifest was changed."
    ),
    marked("{part} of backup {name} is missing here: the backup is not copied."),
    marked("{part} of backup {name} was changed here: the backup is not copied."),
    marked("{part} of backup {name} is missing."),
    marked("{part} of backup {name} was changed."),
    marked("{part} of backup {name} does not open: it is not what was written."),
    marked("{part} of backup {name} is not what was written."),
    marked("{part} of backup {name} is the set's {other}: they were swapped."),
    marked(
        "The manifest of the newest backup, {name}, cannot be read: no older one is "
        "taken in its place unasked."
    ),
    marked(
        "Backup {name} was sealed with a key that {file} does not have: put the key "
        "file of its time back."
    ),
    marked(
        "Backup {name} restores other rows than a replica had shown at {place}, in "
        "{tables}."
    ),
    marked(
        "The audit log of backup {name} does not reach entry {entry}, where its rows "
        "say that it ends."
    ),
    marked(
        "The audit log of backup {name} has other entries than those that were sealed."
    ),
    marked("Backup {name} lacks the file of {what}."),
    marked("{file} is missing in {place}."),
    marked("{file} was changed in {place}."),
    marked("{file} was changed in {place}: it is not copied."),
    marked("{file} has the bytes of another file in {place}: they were swapped."),
    marked("{file} was sealed with a key that is not here."),
    marked("{file} does not open: it is not what was filed."),
    marked("{file} is not the file that its row names."),
    marked("The log cannot be kept: {why}"),
    marked(
        "The log could not be written into the backup folder ({why}): see how full its"
        " disk is."
    ),
    marked("The backup folder {folder} is not there: mount its disk."),
    marked("A piece of the log's segment {name} is not as long as its name says."),
    marked("A piece of the log's segment {name} is missing."),
    marked(
        "The log's {what} was sealed with a key that {file} does not have: put the key "
        "file of its time back."
    ),
    marked(
        "The log's {what} does not open: it is not what was written under this name."
    ),
    marked("The log's {what} is missing."),
    marked(
        "The log ends in segment {name}, before {time}: its newest part is missing."
    ),
    marked("The log that there is ends before {time} UTC: its newest part is missing."),
    marked("At {time} UTC the log is on a history that the clinic has left."),
    marked("Patroni does not keep the log: {why}"),
    marked("The backups cannot be read ({why})."),
    marked("The backups cannot be read: {why}."),
    marked(
        "There is no backup in {folder}: make one with python -m dashboard backup, or "
        "name the folder that has them."
    ),
    marked("There is no backup in {folder}."),
    marked("{time} is outside what the backups reach: they go {windows}."),
    marked("to any second from {since} to {until} and {more}"),
    marked("to any second from {since} to {until}"),
    marked(
        "The backup cannot be put together in {folder} (no space left on device): free"
        " some space."
    ),
    marked("The backups {names} cannot be put together: {why}"),
    marked("The backup cannot be unpacked in {folder} ({why}): free some space."),
    marked("Another backup is being restored in {folder}: wait for it."),
    marked("The base backup does not verify: {why}"),
    marked("A restored table and its indexes do not belong together: {why}"),
    marked("The backup's PostgreSQL did not reach its place in the log: {why}"),
    marked("The backup's PostgreSQL stands at {reached}, not at {place}."),
    marked(
        "A table was being changed at each of {count} seconds that were gone to: "
        "nothing was proven of them."
    ),
    marked("The restored audit log is not sealed as it was: {why}"),
    marked("MongoDB does not answer, so nobody knows what was purged since."),
    marked(
        "The audit log does not go on from where it was then: {why} Run python -m "
        "dashboard verify-audit first."
    ),
    marked("The audit log does not go on from where it was then: {why}"),
    marked(
        "Going back to {time} UTC would bring back what was purged, erased or taken "
        "since: {id}."
    ),
    marked(
        "{place} cannot be reached: see that the store runs, and the network to it."
    ),
    marked(
        "There is no bucket {bucket} for {place}: make it, or correct "
        "CHARTROOM_BACKUP_S3_URL."
    ),
    marked("There are no credentials for {place}: {how}"),
    marked("The store refuses the credentials for {place} ({code}): {how}"),
    marked(
        "{place} cannot be used ({kind}): see {setting} and the settings beside it."
    ),
    marked("The store of {place} answers {code}."),
    marked(
        "{file} came changed to {place}: it is sent again. If this goes on, see what "
        "lies between this machine and the store."
    ),
    marked(
        "The backup folder {folder} is not there: mount its disk. Its copy stays as it"
        " is."
    ),
    marked(
        "{place} has objects that are no backups of Chartroom: name an empty prefix "
        "with CHARTROOM_BACKUP_S3_URL. Nothing was sent."
    ),
    marked(
        "{place} has the backups of another clinic (PostgreSQL {other}, this one is "
        "{own}): name a prefix of this clinic's own with CHARTROOM_BACKUP_S3_URL. "
        "Nothing was sent."
    ),
    marked("{said} Nothing was written."),
    marked("Another backup into {folder} is being made: wait for it."),
    marked("Backup {name} has no {part}."),
    marked("The backup's {part} is no archive."),
    marked("{why} It is that of {what}."),
    marked("The log's {what} is no archive."),
    marked("The log's {what} is no history."),
    marked("The log's {what} is no list of purged files."),
    marked("Patroni still keeps the log: {why}"),
    marked(
        "{place} has the backups of another clinic (PostgreSQL {other}, this one is "
        "{own})."
    ),
    marked(
        "{file} in {place} is not what was sent, and does not say which keys it needs."
    ),
    marked(
        "{place} does not say which clinic its backups are of: its {part} was changed."
    ),
    marked("{file} is locked in the store."),
    marked(
        "{file} of the copy was sealed with a key that is not in {keys}: take the "
        "newest recovery kit, or the key file of its time."
    ),
    marked(
        "{file} of the copy does not open: it is not what was sent there under this "
        "name."
    ),
    marked("{file} of the copy is not what was sent there."),
    marked("{file} of the copy holds what is no log."),
    marked("{program} failed: {why}"),
    marked(
        "Of the recovery kit's {count} codes these are missing: {missing}. Scan them "
        "as well."
    ),
    marked(
        "This is no recovery kit: it has no line {line}. Take the whole text, or all "
        "of its codes."
    ),
    marked(
        "The recovery kit is cut off after its line {number}: take the whole text, or "
        "all of its codes."
    ),
    marked(
        "The recovery kit has {number} of {count} lines: take the whole text, or all "
        "of its codes."
    ),
    marked(
        "The recovery kit is not what was made, in line {lines}: compare each, and its "
        "check, with the paper."
    ),
    marked("The restored PostgreSQL did not reach its target: {why}"),
    marked("The restored PostgreSQL stands at {reached}, not at {place}."),
    marked("The restored PostgreSQL did not reach its target in an hour."),
    marked(
        "{tool} did not restore backup {name} and ended with exit code {code}: run it"
        " by hand, as the worker's user, to see why."
    ),
    marked(
        "{tool} restored backup {name}, and nothing of it is in {folder}: drills need"
        " a tool that restores to the worker's own machine."
    ),
    marked(
        "What was restored is of PostgreSQL {version}, which is not on the worker's "
        "machine: install its programs there."
    ),
    marked(
        "The disk of {folder} has {free} MB free and a drill needs {needed} MB: free "
        "some, or name a folder on another disk with CHARTROOM_BACKUP_TOOL_SANDBOX."
    ),
    marked(
        "The folder {folder} for drills cannot be used ({why}): make it the worker's "
        "to write, or name another with CHARTROOM_BACKUP_TOOL_SANDBOX."
    ),
    marked(
        "The servers have tablespaces, which {tool} would restore to where they are: "
        "nothing was restored."
    ),
    marked("{tool} was not asked yet: wait a minute."),
    marked(
        "It is not known yet until when {tool} has the log, so there is no second to "
        "go to: the page Backups says what is missing."
    ),
    marked("{tool} has no backup any more that leads to {time} UTC."),
    marked(
        "The owner of the schema (CHARTROOM_OWNER_URL) may not read every table of a "
        "replica, so the restored rows were compared with nothing."
    ),
    marked(
        "The archive of {tool} did not come as far as the clinic within 15 minutes: "
        "the newest second was not restored. PostgreSQL's archive_timeout says how "
        "long a segment may take."
    ),
    marked(
        "{tool} restores other rows than a replica had shown at {place}, in {tables}."
    ),
    marked("MongoDB does not answer, so the files of restored rows were not read."),
    marked("MongoDB has not the file of {what} that its row names."),
    marked("MongoDB does not answer, so the audit log was not followed."),
    marked("The audit log is broken: {why}"),
    marked("The audit log has other entries than the restored rows know of."),
    marked("segment {name}"),
    marked("The audit log cannot be read: {why}"),
    marked("The backup lacks the file {file}."),
    marked(
        "The disk of {folder} is full: free some space, or name a folder on another "
        "disk with --data."
    ),
    marked(
        "Chartroom cannot use the data folder {folder} ({why}): make it yours to read"
        " and write, or name another folder with --data."
    ),
    marked("No cluster is running in {folder}. Start one with script/server."),
    marked("There is no key file {file}: put it back from your copy."),
    marked(
        "There is no folder {folder} any more, and the keys are in it: rename it back, "
        "or mount its disk again."
    ),
    marked("The key file {file} cannot be used: {why}."),
    marked("{file} does not contain a keyset of Tink."),
    marked("There is no key file {file}."),
    marked("The key file {file} cannot be read: {why}."),
    marked(
        "{file} does not contain Ed25519 keys in PEM. Make one with: openssl genpkey "
        "-algorithm ed25519"
    ),
    marked(
        "There is no key file {file}, although there was one: put it back from your "
        "copy. If it is lost for good, make another with python -m dashboard "
        "new-file-keys {path}; no document, photo or backup so far will open with it."
    ),
    marked(
        "There is no key file {file}, although there was one: put it back from your "
        "copy. The audit log's seals so far are signed with its key, and none counts "
        "without it."
    ),
    marked(
        "There is no signing key {file}, although there was one: put it back from your "
        "copy. What was signed so far is only recognised with its certificate. If it "
        "is lost for good, remove {mark}; another key is made then."
    ),
    # What is wrong with an audit log; the sentences above give it as their reason.
    marked("Entry {number} is missing, and all up to {last}."),
    marked("Entry {number} is missing."),
    marked("Entry {number} was changed."),
    marked("Entry {number} is another one than it was."),
    marked("Entry {number} was not written by Chartroom."),
    marked("Entry 1 does not follow the beginning: one of them was replaced."),
    marked("Entry {number} does not follow entry {before}: one of them was replaced."),
    marked(
        "{who} knows another entry {number}: it, or one before it, was written anew."
    ),
    marked(
        "The seal of {day} knows {sealed} entries, the head in PostgreSQL only "
        "{number}: it was set back."
    ),
    marked(
        "The seal of {day} at entry {number} is not signed by a known key, or one "
        "before it is gone."
    ),
)
# A sentence without values is its own message.
_WHOLE: Final = (
    marked("Another server leads than when the backup began: back up again."),
    marked(
        "A photo of an earlier version is not encrypted yet: the worker does that "
        "within minutes of its start. Back up again then."
    ),
    marked(
        "The log waits for the backup folder: no more is received until some of it is "
        "sealed."
    ),
    marked("The log's receiver stands still: it is started again."),
    marked("The leader has no log any more where the receiver stopped."),
    marked("The leader has given up the log's slot: it begins anew."),
    marked("The log is received once Patroni has made its slot."),
    marked("The log does not go on from the newest backup."),
    marked("Asking the backup tool broke: the worker's log says why."),
    marked("Another worker keeps the log of this clinic."),
    marked("Another worker copies the backups."),
    marked("The backups are not copied: the worker's log says why."),
    marked("The repository changes faster than it can be copied."),
    marked(
        "A table was being changed just then and cannot be read: name a time some "
        "seconds earlier."
    ),
    marked("No server led the database while it was compared: ask again."),
    marked("No server led the database while it was opened: ask again."),
    marked("The restored clinic does not list its patients as pages do."),
    marked("The restored clinic does not show a patient as pages do."),
    marked("The restored clinic does not list its documents as pages do."),
    marked("The restored clinic does not show a document as pages do."),
    marked("The restored clinic does not open a document as pages do."),
    marked("Opening ended in an unexpected error: see the worker's log."),
    marked("The restored PostgreSQL does not start again: {why}"),
    marked(
        "The restored PostgreSQL refuses the password of {login} that is in {file}: it "
        "was another one then. Put the file of that time back; the recovery kit has it."
    ),
    marked("The backup's PostgreSQL did not start within two minutes."),
    marked(
        "{folder}, or a server's folder in it, is a disk of its own, and restored data "
        "cannot be put in place from one disk to another: stop Chartroom, move what is "
        "in it to the disk of {data}, and go back then. Nothing was changed."
    ),
    marked("The restored PostgreSQL did not stop in good order."),
    marked("The restored PostgreSQL does not take writes."),
    marked("The backup is a full one, and was made as another."),
    marked("The file lacks its last bytes."),
    marked("An entry of a file is not what was written."),
    marked("The audit log's copy is not what was written."),
    marked(
        "No log leads on from any backup yet, so there is no second to go to: the page"
        " Backups says from when to when one can go back."
    ),
    marked(
        "No replica could say what its tables hold at one place in the log, so the "
        "restored rows were compared with nothing."
    ),
    marked(
        "The sealed log did not come as far as the clinic within two minutes: the "
        "newest second was not restored."
    ),
    marked("A backup was made meanwhile: run the drill once more."),
    marked(
        "The copy of the backups is not whole yet: there is nothing to restore from it."
    ),
    marked(
        "The copy did not come as far as the clinic within three minutes: nothing was "
        "restored from it."
    ),
    marked("No copy of the backups is kept elsewhere any more."),
    marked(
        "It ended in an unexpected error: logs/going-back.log in the data folder has "
        "it. See that the clinic is as it was before you try again."
    ),
    marked(
        "The launcher ended before the clinic had gone back, so it is as it was before."
        " Compare once more, and go back again."
    ),
    marked(
        "Its process was stopped before the clinic had gone back, so the clinic is as "
        "it was before. Compare once more, and go back again."
    ),
    marked("A backup is being read."),
    marked("A backup is being made."),
    marked(
        "The passphrase does not open this recovery kit. Each of its lines is what was "
        "made: try the passphrase again."
    ),
    marked(
        "The recovery kit does not open: the passphrase is another, or a character was "
        "changed. With the lines that begin with Check, which are missing, it would be "
        "said which."
    ),
    marked("This was sealed by something else than Chartroom."),
    marked("This recovery kit is not one of this version's."),
    marked(
        "This machine is too slow, or too busy, to open the recovery kit. Try again "
        "when it has less to do, or on a faster one."
    ),
    marked("These are codes of different recovery kits: take one kit's."),
    marked("MongoDB does not answer: nothing was changed."),
    marked(
        "The restored clinic would take a timeline that is already taken: try again."
    ),
    marked(
        "Another server has just begun to lead, and the backups do not know of it "
        "yet: try again in a minute."
    ),
    marked(
        "The clinic is already going back in time: start it with script/server, which"
        " continues."
    ),
    marked(
        "Somebody is taking the clinic back in time right now: wait until that has "
        "ended, or stop their restore --go-back."
    ),
    marked("The launcher ended while closing the clinic."),
    marked(
        "The launcher ended while opening the clinic: start it again with "
        "script/server, which continues."
    ),
    marked("The key file has no private key, so nothing is sealed."),
    marked("The head of the audit log is gone from PostgreSQL."),
    marked("Something else than an entry is in the log."),
    marked("no space left on device"),
    marked("permission denied"),
    marked("no such file or directory"),
    marked("not a directory"),
    marked("read-only file system"),
    marked("input/output error"),
    marked("No space left on device"),
    marked("Permission denied"),
    marked("No such file or directory"),
    marked("Not a directory"),
    marked("Read-only file system"),
    marked("Input/output error"),
    # The purposes for which room is needed.
    marked("the sandbox"),
    marked("a backup, verified,"),
    marked("a backup"),
    marked("verifying a backup"),
)
# The alerts of the servers use them as well.
BACKUP_FAILURES: Final = (*_WHOLE, *_MESSAGES)
_KEPT: Final = SentenceTranslator(BACKUP_FAILURES)


def translate_failure(sentence: str) -> str:
    """Return the reason for a failure; as it was kept if it is not known."""
    return _KEPT.translate(sentence)
