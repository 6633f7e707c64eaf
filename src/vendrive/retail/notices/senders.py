"""How messages leave the house without a supplier's software: on the console, or by SMTP.

`VENDRIVE_NOTICES` names one: `console:`, or
`smtp://USER:PASSWORD@HOST:587?from=no-reply@example.com&to={digits}@sms.example.com`, where `to` says how a gateway
that turns mail into text messages wants a phone number: `{digits}` is the number without its plus sign.
`smtps:` speaks TLS from the first byte; `smtp:` begins TLS before it says anything, unless the host is this machine.
"""

import smtplib
import ssl
import sys
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TextIO
from urllib.parse import parse_qs, unquote, urlsplit

from vendrive.retail.ports import NoNotices, Notices

TIMEOUT_S = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class WrongSetting(ValueError):
    """`VENDRIVE_NOTICES` cannot be used as it is; the message says why."""


@dataclass(frozen=True)
class ConsoleNotices:
    """Messages as lines of a text stream, by default standard error. Whoever reads it reads the codes too."""

    stream: TextIO | None = None

    def send(self, key: str, to: str, text: str) -> None:
        print(f"notice {key} to {to}: {text}", file=self.stream or sys.stderr, flush=True)


@dataclass(frozen=True)
class SmtpNotices:
    """Messages as mails through one server. `Message-ID` is made of the key, by which a repetition can be dropped."""

    host: str
    port: int
    sender: str
    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls_first: bool = False

    def send(self, key: str, to: str, text: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, self.address_of(to)
        mail["Subject"] = "Vendrive"
        mail["Message-ID"] = f"<{key}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        with self._connected() as server:
            server.send_message(mail)

    def address_of(self, to: str) -> str:
        """Return the mail address for a phone number in E.164."""
        return self.address.format(digits=to.lstrip("+"))

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls_first:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
            if self.host not in LOOPBACK:
                server.starttls(context=context)
        if self.user:
            server.login(self.user, self.password)
        return server


def notices_from(setting: str) -> Notices:
    """Return what `VENDRIVE_NOTICES` names; nothing means that nothing can be sent. Raise WrongSetting."""
    if not setting:
        return NoNotices()
    parts = urlsplit(setting)
    if parts.scheme == "console":
        return ConsoleNotices()
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise WrongSetting("VENDRIVE_NOTICES is `console:` or `smtp://HOST:587?from=…&to={digits}@…`")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if "@" not in query.get("from", "") or "{digits}@" not in query.get("to", ""):
        raise WrongSetting("VENDRIVE_NOTICES needs `from=` a mail address and `to=` one with {digits} before its @")
    return SmtpNotices(
        host=parts.hostname,
        port=parts.port or (465 if parts.scheme == "smtps" else 587),
        sender=query["from"],
        address=query["to"],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls_first=parts.scheme == "smtps",
    )
