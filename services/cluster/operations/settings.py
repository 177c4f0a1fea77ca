"""The few settings of Patroni that matter, and what they do, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting, what it is for, and its bounds or its few values."""

    name: str
    title: str
    effect: str
    default: int | str
    least: int = 0
    most: int = 0
    choices: Mapping[str, str] | None = None

    def read(self, value: Any) -> int | str:
        """Return a value that is allowed; raises InvalidInput."""
        title = Sentence(self.title)
        if self.choices is not None:
            if str(value) not in self.choices:
                known = ", ".join(self.choices)
                raise InvalidInput(
                    self.name,
                    Sentence(
                        "{setting} must be one of: {known}.", setting=title, known=known
                    ),
                )
            return str(value)
        try:
            number = int(value)
        except (TypeError, ValueError) as error:
            wrong = Sentence("{setting} must be a whole number.", setting=title)
            raise InvalidInput(self.name, wrong) from error
        if not self.least <= number <= self.most:
            raise InvalidInput(
                self.name,
                Sentence(
                    "{setting} must be between {least} and {most}.",
                    setting=title,
                    least=self.least,
                    most=self.most,
                ),
            )
        return number


SETTINGS: Final = {
    setting.name: setting
    for setting in (
        Setting(
            "ttl",
            "ttl (seconds)",
            "A primary that has not been heard from for this long is replaced, where "
            "no supervisor can prove its death sooner. A shorter time finds a lost "
            "server sooner, and mistakes a slow one for lost more often.",
            30,
            20,
            600,
        ),
        Setting(
            "loop_wait",
            "loop_wait (seconds)",
            "How often each Patroni checks its server. A shorter time notices a crash "
            "and a new primary sooner, and asks etcd more often.",
            10,
            1,
            60,
        ),
        Setting(
            "retry_timeout",
            "retry_timeout (seconds)",
            "How long Patroni keeps trying when etcd or PostgreSQL does not answer; "
            "after that the primary steps down. Twice this and loop_wait must fit "
            "into ttl.",
            10,
            3,
            120,
        ),
        Setting(
            "maximum_lag_on_failover",
            "maximum_lag_on_failover (bytes)",
            "A replica that is further behind than this does not take over by itself. "
            "Where commits wait for replicas, nothing acknowledged is lost either way.",
            1_048_576,
            0,
            1_000 * _MEGABYTE,
        ),
        Setting(
            "synchronous_mode",
            "synchronous_mode",
            "quorum: a commit is acknowledged once any one replica has it, so losing "
            "the primary loses nothing. on: the same, with one certain replica. off: "
            "nobody waits, and losing the primary may lose the last seconds.",
            "off",
            choices={
                "quorum": "any one replica",
                "on": "one certain replica",
                "off": "nobody waits",
            },
        ),
        Setting(
            "primary_start_timeout",
            "Seconds for a crashed primary to start again",
            "0: a replica takes over at once. Longer: the crashed server gets this "
            "long to come back by itself, and nobody can write meanwhile.",
            300,
            0,
            3600,
        ),
    )
}


def current(config: Mapping[str, Any]) -> dict[str, int | str]:
    """Return the present value of each setting, from Patroni's shared settings."""
    return {
        name: _shown(config.get(name, setting.default))
        for name, setting in SETTINGS.items()
    }


def read_changes(
    config: Mapping[str, Any], wanted: Mapping[str, Any]
) -> dict[str, tuple[int | str, int | str]]:
    """Return what would change, each setting with its value before and after.

    Raises InvalidInput for what is unknown, out of bounds, changes nothing, or does not
    fit together.
    """
    before = current(config)
    if unknown := sorted(set(wanted) - set(SETTINGS)):
        known = ", ".join(SETTINGS)
        raise InvalidInput(
            unknown[0],
            Sentence(
                "{setting} cannot be changed here; these can: {known}.",
                setting=unknown[0],
                known=known,
            ),
        )
    read = {name: SETTINGS[name].read(value) for name, value in wanted.items()}
    changed = {
        name: (before[name], value)
        for name, value in read.items()
        if value != before[name]
    }
    if not changed:
        raise InvalidInput(
            "changes", "Nothing would change: these already are the settings."
        )
    _require_fitting(before | read)
    return changed


def as_patch(changes: Mapping[str, tuple[int | str, int | str]]) -> dict[str, Any]:
    """Return the changes in the form that Patroni expects."""
    switched: Mapping[Any, Any] = {"on": True, "off": False}
    return {name: switched.get(after, after) for name, (_, after) in changes.items()}


def _require_fitting(settings: Mapping[str, int | str]) -> None:
    """Raise InvalidInput for what Patroni itself would silently adjust."""
    needed = int(settings["loop_wait"]) + 2 * int(settings["retry_timeout"])
    if needed > int(settings["ttl"]):
        raise InvalidInput(
            "ttl",
            Sentence(
                "ttl must be at least {seconds} s: loop_wait and twice retry_timeout "
                "have to fit into it.",
                seconds=needed,
            ),
        )


def _shown(value: Any) -> int | str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, int) else str(value)
