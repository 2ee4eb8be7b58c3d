"""E-mail by SMTP (RFC 5321). Before DATA nothing has happened; after it, silence leaves the outcome unknown."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from asimati.notifications.channels import Letter, Outcome, Receipt
from asimati.notifications.channels.mail import written
from asimati.settings import settings

NOBODY = {550, 551, 553}  # answers to RCPT that say nobody is there (RFC 5321, 4.2.3)


def send(url: str, letter: Letter) -> Receipt:
    """Hand one letter to the mail server."""
    server, named, handed_over = None, False, False
    try:
        mail = written(letter)
        server = _connect(url)
        _expect(server.mail(parseaddr(settings().providers.mail_from)[1]))
        named = True
        _expect(server.rcpt(letter.to))
        named = False
        handed_over = True
        _expect(server.data(mail.as_bytes()))
        return Receipt(Outcome.SENT, mail["Message-ID"])
    except smtplib.SMTPResponseException as fault:
        outcome = Outcome.REFUSED if 500 <= fault.smtp_code < 600 else Outcome.AGAIN
        if named and fault.smtp_code in NOBODY:
            outcome = Outcome.WRONG_ADDRESS
        return Receipt(outcome, error=f"SMTP {fault.smtp_code}")
    except (smtplib.SMTPException, OSError) as fault:
        return Receipt(Outcome.UNKNOWN if handed_over else Outcome.AGAIN, error=type(fault).__name__)
    except ValueError as fault:  # an address or a text that no mail can carry
        return Receipt(Outcome.REFUSED, error=type(fault).__name__)
    finally:
        if server is not None:
            _part(server)


def _connect(address: str) -> smtplib.SMTP:
    url, timeout = urlsplit(address), settings().providers.timeout
    secure = ssl.create_default_context()
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=timeout, context=secure)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=timeout)
    if parse_qs(url.query).get("starttls"):
        server.starttls(context=secure)
    server.ehlo_or_helo_if_needed()
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server


def _part(server: smtplib.SMTP) -> None:
    with contextlib.suppress(smtplib.SMTPException, OSError):  # whatever happens now, the letter's fate is known
        server.quit()
    server.close()


def _expect(answer: tuple[int, bytes]) -> None:
    if answer[0] // 100 != 2:
        raise smtplib.SMTPResponseException(*answer)
