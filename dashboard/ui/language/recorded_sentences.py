"""Kept sentences about servers and refusals, shown in the language of the page.

The code that watches the servers, the tables of alerts and states, and the audit log
keep plain English. A sentence is recognised by its message, and its values are put into
the translation.
"""

from collections.abc import Iterable
from typing import Final

from dashboard.ui.language import long_date, marked, using_language
from dashboard.ui.language.backup_failures import BACKUP_FAILURES
from dashboard.ui.language.drill_sentences import DRILL_MESSAGES
from dashboard.ui.language.sentence_translator import SentenceTranslator
from services.core.actors import LANGUAGES
from services.core.sentences import with_days

# The first match counts: more specific messages come before general ones.
_MESSAGES: Final = (
    # States of servers.
    marked("{state}, replay paused"),
    marked("leading on timeline {timeline}"),
    marked("streaming on timeline {timeline}"),
    marked("running but diverged at {lsn}"),
    marked(
        "running as a primary that is no longer one: timeline {timeline}, the cluster "
        "is on {current}"
    ),
    marked("running on timeline {timeline}, nobody leads"),
    marked(
        "running but not streaming: timeline {timeline}, the primary is on {current}"
    ),
    marked("running but not streaming: {status}"),
    # Alerts.
    marked("{server} is {seconds} s behind."),
    marked("{server} keeps {size} GB of log for a slot."),
    marked("The disk of {server} is {share} full."),
    marked("The disk of the backups is {share} full."),
    marked("The clock of {server} is {seconds} s off."),
    marked("Replay on {server} has cancelled queries there."),
    marked("The newest backup is {hours} h old."),
    marked("There is no backup yet, {hours} h after the worker began."),
    marked("The last backup failed. {why}"),
    marked("Something is wrong with the backups that {tool} makes. {why}"),
    marked("The newest second to which one can go back was {seconds} s ago. {why}"),
    marked("The newest second to which one can go back was {seconds} s ago."),
    marked("The copy of the backups is {minutes} min behind. {why}"),
    marked("The copy of the backups is {minutes} min behind."),
    marked(
        "Backups that cannot be restored: {sets}; files that are gone: {files}; what "
        "belongs to no backup: {strays}. The page Backups names them; python -m "
        "dashboard backup --full makes one that needs no other."
    ),
    marked(
        "The backup folder does not answer: no backup is made, and none can be "
        "restored from it, until its disk is back."
    ),
    marked("A restore was last proven {days} days ago."),
    marked("There are backups for {days} days, and no proven restore."),
    marked(
        "{tool} has backups for {days} days, and Chartroom practises no restore of "
        "them."
    ),
    marked(
        "Backups of {tool} that are not counted on: {sets}. The page Backups names "
        "them."
    ),
    marked(
        "The error budget burns {times} times too fast: the clinic was away too long "
        "within the last hour."
    ),
    # Steps of operations, and their outcomes.
    marked("Asking Patroni to let {server} lead"),
    marked("Waiting until {server} has rewound what only it has, and streams"),
    marked("Waiting until {server} follows"),
    marked("{server} streams from the primary"),
    marked("{server} streams from {upstream}"),
    marked("{server} does not follow yet: rejoin it"),
    marked("Restarting PostgreSQL on {server}"),
    marked("{server} runs again. Writers waited {seconds} s."),
    marked("{server} runs again."),
    marked("{server} was copied anew and streams, after {seconds} s."),
    marked("Rewinding did not help {server}: its data is copied anew"),
    marked("{server} is back and streams, after {seconds} s; it kept its data."),
    marked("{server} is back and streams, after {seconds} s; it was copied anew."),
    marked("Ending what keeps {server} down"),
    marked("Waiting for Patroni on {server}"),
    marked("Copying the primary's data to {server}"),
    marked("Changed: {changes}."),
    marked(
        "{server} is there and streams, {delay} s late on purpose, after {seconds} s."
    ),
    marked("{server} is there and streams, after {seconds} s."),
    marked("Removing {server}"),
    marked("{server} is gone."),
    marked("Pausing replay on {server}"),
    marked("{server} shows nothing new until {time}, then goes on by itself."),
    marked("{server} leads. Writers waited {seconds} s. {kept}"),
    marked("{server} leads. {kept}"),
    marked("{lost} of {written} acknowledged writes are lost."),
    marked("All {written} acknowledged writes are there."),
    marked(
        "The last write acknowledged on timeline {former} ends at {last}; timeline "
        "{new} begins at {first}."
    ),
    marked("{server} leads"),
    marked("{server} streams"),
    # What the audit log keeps of verifications of itself.
    marked("{whole} The clinic went back in time on {times}."),
    marked(
        "{whole} The key of the seals up to entry {number} ({time}) was lost, so that "
        "these cannot be checked any more: nothing proves that what was in the log "
        "before the key was replaced is what was written."
    ),
    marked(
        "The audit log is whole up to entry {last} ({checked} checked), {seal}; events "
        "that have yet to be added: {waiting}."
    ),
    marked("sealed up to entry {number} on {time}"),
    marked("{time} to {to} (entry {number})"),
    marked("The audit log is broken at entry {number}: {why}"),
    # Refusals, which the audit log keeps.
    marked(
        "You may not {permission}: your role is {role}. Ask a colleague whose work it "
        "is."
    ),
    marked(
        "You may not {permission}: your role is {role}. Ask an administrator if your "
        "work needs it."
    ),
    marked(
        "You may not {permission}: this is for the clinic's staff. If you need "
        "something from here, ask at the front desk."
    ),
    marked(
        "You may not {permission}: this token was made for less. Ask an administrator "
        "for one with the scope {scope}."
    ),
    marked(
        "You may not {permission}: this token is limited to scopes, and no scope "
        "includes this."
    ),
    # As releases up to 0.4.0 recorded it.
    marked(
        "You may not {permission}: this token was made for less. Ask an administrator "
        "for one with the scope that it needs."
    ),
)
# Last, because "There is no backup" would match as a server's state.
_LAST: Final = (marked("{server} is {state}."),)
# A message without values is the whole sentence.
_WHOLE: Final = (
    marked("Looking at the servers"),
    marked("Writers are answered again"),
    marked("Comparing what was acknowledged with what is there"),
    marked("Telling Patroni to leave the servers to people"),
    marked("Automatic failover is off: nobody replaces a primary that is lost."),
    marked("Telling Patroni to look after the servers again"),
    marked("Automatic failover is on again."),
    marked("Telling Patroni the new settings"),
    marked("Making a new node"),
    marked("No write was acknowledged before, so there is no comparison."),
    marked("Patroni does not tell where the former timeline ended."),
    marked("It stopped with an error; see this process's log."),
    marked("Whoever did it went away before it was done."),
    marked(
        "It could not begin within five minutes of its time: no worker was running, no "
        "server led, or another operation was under way."
    ),
    marked(
        "Whoever planned it may no longer act on the database servers, or did so with "
        "a token that was revoked. So it was cancelled; an administrator can plan it "
        "again."
    ),
    marked("running but not streaming"),
    marked("not answering"),
    marked("being copied anew"),
    marked("being founded"),
    marked("starting up"),
    marked("restarting"),
    marked("shutting down"),
    marked("stopped"),
    marked("crashed"),
    marked("does not start"),
    marked("does not stop"),
    marked("does not start again"),
    marked("not heard of"),
    marked("cut off"),
    marked("No server takes changes."),
    marked("Changes wait for replicas that do not acknowledge them."),
    marked("Keys have changed since the recovery kit was made: make another."),
    marked("Nobody has shown for a quarter that the recovery kit opens."),
    marked("There is no recovery kit: without this machine no backup opens."),
)
_KEPT: Final = SentenceTranslator(
    (*_WHOLE, *_MESSAGES, *DRILL_MESSAGES, *BACKUP_FAILURES, *_LAST)
)


def translate_recorded(sentence: str) -> str:
    """Return a kept sentence in the language of the page; unchanged if unknown."""
    return _KEPT.translate(sentence)


def translate_all_recorded(sentences: Iterable[str]) -> list[str]:
    """Return several, as `translate_recorded` does; looks up the language once."""
    return _KEPT.translate_all(sentences)


def recorded_in(language: str | None, sentence: str, *, usual: str) -> str:
    """Return a sentence about the servers, with its days, outside of any page.

    It is in the usual language if the other one is unknown.
    """
    with using_language(language if language in LANGUAGES else usual):
        return translate_recorded(with_days(sentence, long_date))
