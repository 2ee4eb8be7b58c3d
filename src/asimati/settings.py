"""Settings: one TOML file with every default, a profile that differs, and the environment, checked at start.

`config/default.toml` is the documentation of every setting. A name it does not hold is refused, and so is a value
of another type, so that a typing slip stops the start and not the night shift.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

PROFILES = ("development", "test", "production")
PREFIX = "ASIMATI_"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
# Passwords of databases that stand in examples, ours (`compose.yaml`) and others'.
KNOWN_TO_EVERYBODY = {"asimati", "postgres", "password", "admin", "root"}
# Environment names with the prefix that are not settings.
NOT_SETTINGS = {"PROFILE", "CONFIG"}


class SettingsError(Exception):
    """A setting is unknown, of the wrong type, or not allowed in this profile."""


@dataclass(frozen=True)
class Governorate:
    """What the pack says of the governorate itself; `facts` is the whole of governorate.toml."""

    folder: Path
    facts: Mapping[str, Any]
    holidays: tuple[Mapping[str, Any], ...]

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.facts["time_zone"])

    @property
    def small_cell(self) -> int:
        """Figures about fewer people than this are withheld."""
        return int(self.facts.get("privacy", {}).get("small_cell", 5))

    @property
    def exact_people(self) -> int:
        """Up to how many people in a tally's cell are told apart one by one; beyond, their number together with
        those of other cells is estimated."""
        return int(self.facts.get("privacy", {}).get("exact_people", 1024))


@dataclass(frozen=True)
class Settings:
    """Everything read at start. Sections are namespaces: `settings().database.url`."""

    profile: str
    config: Path
    values: Mapping[str, Any]
    governorate: Governorate

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            shown = SimpleNamespace(**value) if isinstance(value, dict) else value
            object.__setattr__(self, name if name != "governorate" else "_governorate", shown)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @property
    def home_folder(self) -> Path:
        """Where data, logs, pid files and development keys live; relative paths start at the checkout."""
        home = Path(self.values["home"])
        return home if home.is_absolute() else self.config.parent / home

    @property
    def base_url(self) -> str:
        return (self.values["public_url"] or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def broker_address(self) -> str:
        """Celery's broker: its own setting, or the Redis of the limits (in the spelling kombu reads)."""
        return self.broker.url or self.redis.url.replace("unix://", "redis+socket://")

    def without(self, protection: str) -> bool:
        """Whether a test asked for this protection to be taken away. Never outside the test profile."""
        return self.profile == "test" and protection in self.values["testing"]["without"]


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the TOML files: ASIMATI_CONFIG, the checkout's, or the current folder's."""
    if named := environ.get(PREFIX + "CONFIG"):
        return Path(named)
    checkout = Path(__file__).resolve().parents[2] / "config"
    return checkout if checkout.is_dir() else Path.cwd() / "config"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check all settings. Raises SettingsError with one sentence that names the culprit."""
    folder = config_folder(environ)
    profile = environ.get(PREFIX + "PROFILE", "development")
    if profile not in PROFILES:
        raise SettingsError(f"ASIMATI_PROFILE is {profile!r}; it must be one of {', '.join(PROFILES)}.")
    values = _read(folder / "default.toml")
    _overlay(values, _read(folder / f"{profile}.toml"), f"{profile}.toml")
    _overlay(values, _from_environment(values, environ), "the environment")
    _refuse_dangers(profile, values)
    return Settings(profile, folder, values, _governorate(folder / values["governorate"]["pack"]))


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return load()


def filled(value: Any) -> Any:
    """What a file of its own says, with `${NAME}` in any text replaced by an environment variable.

    Such a file then holds no secrets. Raises KeyError for a variable that is not set.
    """
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: os.environ[found[1]], value)
    if isinstance(value, dict):
        return {key: filled(inner) for key, inner in value.items()}
    return [filled(inner) for inner in value] if isinstance(value, list) else value


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"{path}: {fault}") from None


def _overlay(values: dict[str, Any], changes: Mapping[str, Any], source: str) -> None:
    for name, value in changes.items():
        if name not in values:
            raise SettingsError(f"{source}: there is no setting {name!r}.")
        known = values[name]
        if isinstance(known, dict):
            _overlay(known, value, f"{source}, [{name}]")
        elif type(value) is not type(known) and not (isinstance(known, float) and isinstance(value, int)):
            raise SettingsError(f"{source}: {name} must be {type(known).__name__}, not {value!r}.")
        else:
            values[name] = value


def _from_environment(values: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for key, text in environ.items():
        name = key.removeprefix(PREFIX)
        if name == key or name in NOT_SETTINGS:
            continue
        section, _, rest = name.lower().partition("_")
        if name.lower() in values and not isinstance(values[name.lower()], dict):
            changes[name.lower()] = _parse(key, text, values[name.lower()])
        elif isinstance(values.get(section), dict) and rest in values[section]:
            changes.setdefault(section, {})[rest] = _parse(key, text, values[section][rest])
        else:
            raise SettingsError(f"{key} is no setting; config/default.toml lists them all.")
    return changes


def _parse(key: str, text: str, like: Any) -> Any:
    try:
        if isinstance(like, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if isinstance(like, list):
            return [part.strip() for part in text.split(",") if part.strip()]
        return type(like)(text)
    except (KeyError, ValueError):
        raise SettingsError(f"{key} must be {type(like).__name__}, not {text!r}.") from None


def _refuse_dangers(profile: str, values: Mapping[str, Any]) -> None:
    if profile != "test" and (named := [name for name, value in values["testing"].items() if value]):
        raise SettingsError(f"testing.{named[0]} is for the test profile only.")
    if profile != "production":
        return
    if values["clock_offset"]:
        raise SettingsError("clock_offset must be 0 in production.")
    if values["providers"]["mailbox"]:
        raise SettingsError("providers.mailbox keeps messages from people; production must not set it.")
    if values["sign_on"]["local"]:
        raise SettingsError("sign_on.local vouches for anybody; production must not set it.")
    for name in ("url", "owner_url"):
        if urlsplit(values["database"][name]).password in KNOWN_TO_EVERYBODY:
            raise SettingsError(f"production needs another password in ASIMATI_DATABASE_{name.upper()}.")
    address = urlsplit(values["public_url"])
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise SettingsError("production needs ASIMATI_PUBLIC_URL, an https address: cookies go over TLS alone.")
    for section, key in (("database", "url"), ("redis", "url"), ("keys", "master")):
        if not values[section][key]:
            raise SettingsError(f"production needs ASIMATI_{section.upper()}_{key.upper()}.")


def _governorate(folder: Path) -> Governorate:
    facts = _read(folder / "governorate.toml")
    dated = _read(folder / "holidays.toml") if (folder / "holidays.toml").exists() else {}
    return Governorate(folder, facts, tuple(dated.get("holiday", ())))
