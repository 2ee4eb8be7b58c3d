"""Which providers there are: those of the providers' file, and the plain ones of the settings.

The file (TOML, `providers.file`) has one `[[provider]]` for each, in the order in which they are tried:
`name`, `channel`, `kind` (`gateway`, `smtp`, `fcm`, `webpush`), perhaps `rate` (calls a second), and what the kind
needs. `${NAME}` in any text stands for an environment variable, so that the file holds no secrets.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from functools import cache, partial
from pathlib import Path
from typing import Any

from asimati.notifications.channels import Provider, fcm, gateway, smtp, webpush
from asimati.settings import SettingsError, filled, settings


def providers(channel: str) -> Sequence[Provider]:
    """The providers of a channel, in order."""
    config = settings().providers
    written = [_made(one) for one in listed(config.file) if one["channel"] == channel]
    if channel == "email" and config.smtp_url:
        written.append(Provider("smtp", partial(smtp.send, config.smtp_url)))
    if channel == "sms" and config.sms_url:
        written.append(Provider("sms", partial(gateway.send, gateway.plain(config.sms_url, config.sms_token))))
    if channel == "push" and config.push_url:
        plain = gateway.plain(config.push_url, config.push_token, titled=True)
        written.append(Provider("push", partial(gateway.send, plain)))
    return written


@cache
def listed(path: str) -> Sequence[Mapping[str, Any]]:
    """The `[[provider]]` tables of the file with variables filled in. Raises SettingsError for an unsound one."""
    if not path:
        return ()
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))["provider"]
        for one in found:
            _made(whole := filled(one))
            one.clear()
            one.update(whole)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as fault:
        raise SettingsError(f"{path}: {type(fault).__name__} {fault}") from None
    return tuple(found)


def named(name: str) -> Mapping[str, Any] | None:
    """What the file says of a provider."""
    return next((one for one in listed(settings().providers.file) if one["name"] == name), None)


def _made(one: Mapping[str, Any]) -> Provider:
    carry: Any
    match one["kind"]:
        case "gateway":
            carry = partial(gateway.send, gateway.Gateway.read(one))
        case "smtp":
            carry = partial(smtp.send, one["url"])
        case "fcm":
            carry = partial(fcm.send, one["account"], one.get("url", ""))
            one = {"platforms": ["android", "ios"], **one}
        case "webpush":
            carry = partial(webpush.send, one.get("contact") or f"mailto:{_sender()}")
            one = {"platforms": ["web"], **one}
        case other:
            raise ValueError(f"there is no kind {other!r}")
    if one["channel"] not in ("sms", "email", "push"):
        raise ValueError(f"there is no channel {one['channel']!r}")
    return Provider(one["name"], carry, one.get("rate"), frozenset(one.get("platforms", ())))


def _sender() -> str:
    return parseaddr(settings().providers.mail_from)[1]
