"""Commands for another site: invite it, join, forget it, and promote it."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dashboard.cli.clinic_clock import in_utc
from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose, require_new, write_new
from dashboard.cli.recovery.kits import ask_passphrase
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboard.wiring import Wiring
    from db.embedded import DataFolder
    from db.embedded.sites.main_signs import MainSigns
    from db.embedded.sites.newest_changes import NewestChanges
    from db.endpoints import Endpoints
    from db.settings import Settings

_PASSPHRASE: Final = "Passphrase of the invitation"  # noqa: S105 - a question
_SHORTEST: Final = 10
_LONGEST: Final = 500

site_group = typer.Typer()

Site = Annotated[str, typer.Argument(help="The other site's name, such as north.")]
Reason = Annotated[
    str,
    typer.Option(help="The reason, in at least ten characters; kept in the audit log."),
]
CutOff = Annotated[
    str,
    typer.Option(
        help="Who stopped the main site from writing, and how; kept in the audit log."
    ),
]


DespiteGoingBack = Annotated[
    bool,
    typer.Option(
        "--despite-going-back",
        help="Promote even with rows from before the main site went back.",
    ),
]


@site_group.command()
def invite_site(
    site: Site,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; SITE.invitation by default.")
    ] = None,
    data: Data = None,
) -> None:
    """Let another site follow: write the file with which it joins, keep log for it."""
    with explain_errors():
        settings = choose(data=data)
        path = out or Path(f"{site}.invitation")
        _require_embedded(settings)
        require_new(path)
        sentence = write_invitation(settings, site, path)
    typer.echo(sentence)


@site_group.command()
def join_site(
    invitation: Annotated[
        Path, typer.Argument(help="The file that invite-site wrote.")
    ],
    data: Data = None,
) -> None:
    """Turn an empty data folder into a standby site; script/server then starts it."""
    with explain_errors():
        settings = choose(data=data)
        _require_embedded(settings)
        name = join(settings, invitation)
    typer.echo(
        f"{settings.data} is now the site {name}. Start it with: script/server --data "
        f"{settings.data}"
    )


@site_group.command()
def forget_site(site: Site, data: Data = None) -> None:
    """Stop another site from following, and stop keeping log for it."""
    with explain_errors():
        settings = choose(data=data)
        _require_embedded(settings)
        forget(settings, site)
    typer.echo(f"The site {site} no longer follows; no log is kept for it.")


@site_group.command()
def promote_site(
    reason: Reason = "",
    cut_off: CutOff = "",
    data: Data = None,
    despite_going_back: DespiteGoingBack = False,
) -> None:
    """Promote this standby site, once the main one is lost and cannot write."""
    with explain_errors():
        settings = choose(data=data)
        _require_embedded(settings)
        let_lead(settings, reason, cut_off, is_undone_wanted=despite_going_back)


def write_invitation(settings: "Settings", site: str, path: Path) -> str:
    """Have the log kept for a site, and write the file with which it joins.

    Raises CannotStart, NotRunning, and the refusals of a recovery kit's passphrase.
    """
    from dashboard import wiring
    from db import embedded
    from db.backups.recovery_kit import RecoveryKit
    from db.cluster.site_slots import slot_of
    from db.embedded.sites import standby_site
    from db.embedded.sites.invitation import (
        MainSite,
        SiteInvitation,
        require_site_name,
    )
    from db.postgres import SYSTEM
    from services.backups import kits
    from services.cluster import sites

    require_site_name(site)
    folder = embedded.DataFolder(settings.data)
    _require_other(folder, site)
    _require_leading(folder)
    # Before somebody thinks of a passphrase for nothing.
    wiring.endpoints_of(settings)
    passphrase, repeated = ask_passphrase(_PASSPHRASE), ask_passphrase("Once more")
    kits.require_good_passphrase(passphrase, repeated)
    with contextlib.closing(wiring.connect(settings)) as wired:
        addresses = embedded.attach(settings.data)
        wiring.make_missing_keys(settings)
        kit = RecoveryKit(
            folder.system_id() or "",
            datetime.now(UTC),
            wiring.key_files(settings).read(),
        )
        main = MainSite(
            tuple(
                f"127.0.0.1:{addresses.ports[name]}"
                for name in addresses.members.ordinary
            ),
            tuple(addresses.endpoints.patroni_urls.values()),
            addresses.mongo.place,
        )
        invitation = SiteInvitation(site, main, kit.sealed(passphrase))
        write_new(path, invitation.packed().encode(), of="The invitation")
        # The log that is kept for a site without a file to join with fills the disk.
        with _deleted_on_failure(path):
            _keep_log(wired.endpoints, slot_of(site))
            wired.database.write(
                lambda session: sites.record_invited(session, CONSOLE, site),
                identity=SYSTEM,
            )
            standby_site.note_invited(folder, site)
    return (
        f"{path} contains the clinic's keys, sealed with the passphrase, and the "
        "addresses of its servers. The other site joins with: python -m dashboard "
        "join-site. From now on, the log is kept for it."
    )


@contextlib.contextmanager
def _deleted_on_failure(path: Path) -> "Iterator[None]":
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def join(settings: "Settings", path: Path) -> str:
    """Make the empty data folder a standby site's; return the site's name.

    Raises CannotRestore, CannotStart and KitBroken; then the folder is as it was.
    """
    from db.backups.recovery_kit import RecoveryKit
    from db.embedded import DataFolder
    from db.embedded.sites import standby_site
    from db.embedded.sites.invitation import SiteInvitation, require_site_name
    from jobs.backups.elsewhere import emptied_on_failure, require_empty, write_keys

    require_empty(settings.data)
    invitation = SiteInvitation.read(path)
    require_site_name(invitation.site)
    folder = DataFolder(settings.data)
    with emptied_on_failure(folder):
        # Before anybody fetches the passphrase from its safe for nothing.
        folder.prepare()
        folder.require_space()
        kit = RecoveryKit.opened(invitation.kit, ask_passphrase(_PASSPHRASE))
        write_keys(folder, kit)
        standby_site.join(folder, invitation)
    return invitation.site


def forget(settings: "Settings", site: str) -> None:
    """Stop keeping log for a site; raises CannotStart and NotRunning."""
    from dashboard import wiring
    from db import embedded
    from db.cluster.site_slots import slot_of
    from db.embedded.sites import files_member, standby_site
    from db.postgres import SYSTEM
    from services.cluster import sites

    folder = embedded.DataFolder(settings.data)
    with contextlib.closing(wiring.connect(settings)) as wired:
        _require_leading(folder)
        if site not in standby_site.invited(folder):
            raise embedded.CannotStart(f"No site {site} was invited.")
        addresses = embedded.attach(settings.data)
        _keep_log(wired.endpoints, slot_of(site), is_kept=False)
        files_member.leave(addresses.mongo, site)
        wired.database.write(
            lambda session: sites.record_forgotten(session, CONSOLE, site),
            identity=SYSTEM,
        )
        standby_site.note_forgotten(folder, site)


def let_lead(
    settings: "Settings", reason: str, cut_off: str, *, is_undone_wanted: bool = False
) -> None:
    """Show what would be lost, require proof and a typed name, and promote the site.

    Raises CannotStart, also if the main site may still write; NotRunning.
    """
    from dashboard import wiring
    from db import embedded
    from db.embedded.sites import (
        files_member,
        main_signs,
        newest_changes,
        standby_site,
    )
    from jobs.cluster import site_promotion
    from services.cluster.sites import SitePromoted

    reason, cut_off = " ".join(reason.split()), " ".join(cut_off.split())
    folder = embedded.DataFolder(settings.data)
    site = standby_site.remembered(folder)
    if site is None or not site.is_following:
        raise embedded.CannotStart(
            f"{settings.data} does not follow another site: there is nothing to "
            "promote. If this site's data are in another folder, name it with --data."
        )
    with contextlib.closing(wiring.connect(settings)) as wired:
        addresses = embedded.attach(settings.data)
        newest = newest_changes.look(addresses)
        if site.rows_at is not None and site_promotion.is_begun(addresses):
            newest = _as_begun(newest, site.rows_at, site.files_at)
        for line in in_words(newest, datetime.now(UTC)):
            typer.echo(line)
        require_reason(reason)
        if newest.rows_at is None or not files_member.is_following(addresses.mongo):
            raise embedded.CannotStart(
                "This site's servers do not answer, or its MongoDB has fallen too far "
                f"behind the main one: see {folder.logs}. Nothing was changed."
            )
        require_silent(main_signs.look(site, addresses), site.name, cut_off)
        if not is_undone_wanted:
            require_same_history(wired)
        require_typed(site.name, settings.clinic_name)
        # Typing the name may have taken long.
        require_silent(main_signs.look(site, addresses), site.name, cut_off)
        standby_site.note_begun(folder, newest.rows_at, newest.files_at)
        site_promotion.promote(
            site_promotion.StandbyClinic(
                folder, addresses, wired.audit, wired.seal_keys.read_or_make()
            ),
            SitePromoted(site.name, reason, cut_off, newest.rows_at, newest.files_at),
            CONSOLE,
            report=lambda stage, seconds: typer.echo(f"  {stage:<40}{seconds:6.1f} s"),
        )
    typer.echo(
        f"The site {site.name} leads. Its launcher opens it for changes in a moment; "
        "docs/runbooks/lost-site.md describes the next steps."
    )


def in_words(newest: "NewestChanges", now: datetime) -> tuple[str, ...]:
    """Return lines on what this site has of the clinic, as a basis for the decision."""
    if newest.as_of is None:
        loss = (
            "It is not known how recent this site's data is: check that its servers "
            "answer."
        )
    else:
        loss = (
            f"All that the main site acknowledged until {in_utc(newest.as_of)} is "
            "here, files included. What it acknowledged later may be lost."
        )
    rows = f"Rows: the newest change is from {_with_age(newest.rows_at, now)}."
    changed, stored = newest.files_at, newest.file_at
    files = (
        f"Files: the newest change is from {_with_age(changed, now)}; the newest file "
        f"is from {_with_age(stored, now)}."
    )
    return rows, files, loss


def require_silent(signs: "MainSigns", site: str, cut_off: str) -> None:
    """Raise CannotStart unless it is certain that the main site cannot write.

    It must not answer, and somebody must state by whom and how it was cut off: a cut
    cable causes silence as well, and behind it people go on working.
    """
    from db.embedded import CannotStart

    if signs.writing:
        raise CannotStart(
            f"The main site still takes writes: {', '.join(signs.writing)}. If both "
            "sites take writes, their data can never be merged again. Stop it first, "
            "with Ctrl-C where it runs. Nothing was changed."
        )
    if signs.answering:
        raise CannotStart(
            f"The main site still answers: {', '.join(signs.answering)}. A server "
            "there may start to take writes at any second. Stop it first, with Ctrl-C "
            "where it runs. Nothing was changed."
        )
    if len(cut_off) < _SHORTEST:
        raise CannotStart(
            f"The main site of {site} does not answer from here, but a broken "
            "connection would look the same. Say who stopped it from writing, and "
            'how, with --cut-off "...": the audit log keeps it. Nothing was changed.'
        )
    if len(cut_off) > _LONGEST:
        raise CannotStart(
            f"--cut-off is longer than {_LONGEST} characters: shorten it."
        )


def require_same_history(wired: "Wiring") -> None:
    """Raise CannotStart if the main site went back after the rows here."""
    from db.embedded import CannotStart
    from db.postgres import SYSTEM
    from jobs.cluster import site_promotion

    to = wired.database.read(
        lambda session: site_promotion.went_back_to(session, wired.audit),
        identity=SYSTEM,
    ).value
    if to is not None:
        raise CannotStart(
            f"The main site went back to {in_utc(to)}, and this site has not "
            "followed it: the rows here still have what was undone then, and nothing "
            "that came later. Restore from the copy elsewhere if there is one; to "
            "promote this site anyway, add --despite-going-back. Nothing was changed."
        )


def require_reason(reason: str) -> None:
    """Raise CannotStart without a reason that others can understand later."""
    from db.embedded import CannotStart

    if len(reason) < _SHORTEST:
        raise CannotStart(
            f"Give the reason for promoting this site, in at least {_SHORTEST} "
            "characters, with --reason: the audit log keeps it. Nothing was changed."
        )
    if len(reason) > _LONGEST:
        raise CannotStart(f"--reason is longer than {_LONGEST} characters: shorten it.")


def require_typed(site: str, clinic_name: str) -> None:
    """Raise CannotStart unless the name of the site or of the clinic is typed."""
    from db.embedded import CannotStart

    try:
        typed = typer.prompt(
            f"Type {site} or {clinic_name} to promote this site", default=""
        ).strip()
    except typer.Abort:
        typed = ""
    if typed not in {site, clinic_name}:
        raise CannotStart("Not confirmed: nothing was changed.")


def _as_begun(
    newest: "NewestChanges", rows_at: str, files_at: str | None
) -> "NewestChanges":
    """Return the times from before a promotion that was interrupted."""
    return replace(
        newest,
        rows_at=datetime.fromisoformat(rows_at),
        files_at=datetime.fromisoformat(files_at) if files_at else None,
    )


def _require_other(folder: "DataFolder", name: str) -> None:
    """Raise CannotStart if a name is this site's own, which its servers' names have."""
    from db.embedded import CannotStart
    from db.embedded.sites import standby_site

    own = standby_site.remembered(folder)
    if own is not None and own.name == name:
        raise CannotStart(
            f"{name} is the name of this site, and part of its servers' names: choose "
            "another name for the other site."
        )


def _require_leading(folder: "DataFolder") -> None:
    from db.embedded import CannotStart
    from db.embedded.sites import standby_site

    site = standby_site.remembered(folder)
    if site is not None and site.is_following:
        raise CannotStart(
            f"This is the site {site.name}, which follows another site: run the "
            "command there."
        )


def _require_embedded(settings: "Settings") -> None:
    from db.embedded import CannotStart

    if not settings.is_embedded:
        raise CannotStart(
            "Chartroom only joins sites whose servers it starts itself. For your own "
            "servers, docs/deployment.md says how a second site follows and is "
            "promoted."
        )


def _keep_log(endpoints: "Endpoints", slot: str, *, is_kept: bool = True) -> None:
    """Have every server that may lead keep a slot, or none keep it."""
    from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent
    from db.embedded import CannotStart

    wanted = {"type": "physical"} if is_kept else None
    try:
        Patroni(endpoints).patch_config({"slots": {slot: wanted}})
    except (PatroniRefused, PatroniSilent) as error:
        raise CannotStart(f"Patroni does not keep the log: {error}") from error


def _with_age(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "an unknown time"
    return f"{in_utc(at)}, {max(0.0, (now - at).total_seconds()):.0f} s ago"
