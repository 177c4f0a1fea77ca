"""Sentences of failover drills, for pages of another language than English.

A drill keeps its steps, its verdict and why it was given up as plain English text.
"""

from typing import Final

from dashboard.ui.language import marked

# The first match counts: more specific messages come before general ones.
DRILL_MESSAGES: Final = (
    # A message without values is the whole sentence.
    marked("People begin to work"),
    marked("all servers are there"),
    marked("all servers are back"),
    marked("all servers follow it"),
    marked("another server takes writes"),
    marked("writes go on"),
    marked("the others continue"),
    marked("files can be stored again"),
    marked("Killing etcd"),
    marked("Killing MongoDB"),
    marked("Writing more than it can take"),
    marked("There is no sign that it happened"),
    marked("It ended before it was done. See whether the servers are whole."),
    marked("Nobody leads, so there is nothing to practise on."),
    marked("No replica follows, so there is nobody to take over."),
    marked(
        "Chartroom did not start these servers, so it cannot break anything on them. "
        "Only a switchover can be practised here."
    ),
    marked("nobody saw an error"),
    marked("acknowledged writes lost"),
    marked("people saw errors"),
    marked("readers missed what they had written"),
    marked("two servers took writes"),
    marked(
        "This machine does not let Chartroom create a network of its own, so no "
        "server can be cut off. This needs Linux with network namespaces, "
        "util-linux, and root or unprivileged user namespaces; most containers "
        "forbid both."
    ),
    marked("the disk was full"),
    marked("the network was cut"),
    # A phase of it.
    marked("All servers back"),
    # How it went.
    marked("{told} Not as promised: {faults}."),
    marked("Writing paused for {seconds} s; {loss}; {errors}."),
    marked("Files were away for {seconds} s; {loss}; {errors}."),
    marked("none of {whole} acknowledged writes is lost"),
    marked(
        "{lost} of {whole} acknowledged writes are lost, the oldest {seconds} s old"
    ),
    marked("{number} requests ended in an error"),
    marked("a pause of more than {seconds} s, {others}"),
    marked("a pause of more than {seconds} s"),
    marked("acknowledged writes lost, {others}"),
    marked("people saw errors, {others}"),
    marked("readers missed what they had written, {others}"),
    marked("two servers took writes, {others}"),
    marked("other rows on {names}, nothing shows that {what}"),
    marked("other rows on {names}"),
    marked("nothing shows that {what}"),
    marked("Skipped: {why}"),
    marked("It stopped with an error: {why}"),
    marked("This did not happen within {seconds} s: {what}."),
    marked("Waiting until {what}"),
    marked("{server} takes writes"),
    marked("{server} may come back"),
    marked("{server} follows from there"),
    marked("{server} follows"),
    marked("{server} answers"),
    marked("{server} starts again"),
    marked("{server} cannot continue"),
    marked("{server} stops replaying"),
    marked("{server} replays again"),
    marked("{server} is copied to a small disk, which is filled"),
    marked("{server} is copied anew to its usual disk"),
    marked("{server} moves into a network of its own"),
    marked("{server} is joined to the others again"),
    marked("{server} moves back into the network of all"),
    marked("{server} leads as before."),
    marked("{server} leads now."),
    marked("{number} files could not be stored."),
    marked("Handing over from {server} to {other}"),
    marked("Killing the Patroni of {server}"),
    marked("Killing PostgreSQL of {server}"),
    marked("Killing {server} with all that runs on it"),
    marked("Freezing everything on {server}"),
    marked("Cutting {server} off from all others"),
    marked("With {size} bytes free, PostgreSQL of {server} said: {answer}."),
    marked(
        "{server} is alone in a network of its own: etcd does not answer from there, "
        "{again} does not answer from here, and {number} connections hang."
    ),
    marked(
        "This machine does not let Chartroom mount a small disk, so none can be "
        "filled ({why}). This needs Linux with util-linux 2.38, and root or "
        "unprivileged user namespaces; most containers forbid both."
    ),
    marked(
        "This machine does not let Chartroom create a network of its own, so no "
        "server can be cut off ({why}). This needs Linux with network namespaces, "
        "util-linux, and root or unprivileged user namespaces; most containers "
        "forbid both."
    ),
    marked("{server} is not a replica that follows."),
    marked("{server} leads: it has nothing to replay."),
    marked("{server} already has a disk or a network of its own."),
    marked("{server} has no network of its own yet, so it cannot be cut off."),
    marked("{server} could not be moved into a network of its own: {why}."),
)
