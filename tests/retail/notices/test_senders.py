"""The two ways out that need no supplier's software: the console, and a real SMTP conversation."""

import io
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as policy

import pytest

from vendrive.retail.notices.senders import ConsoleNotices, SmtpNotices, WrongSetting, notices_from
from vendrive.retail.ports import NoNotices

TO, TEXT = "+8613812340001", "您的 Vendrive 验证码是 123456"


class Post(socketserver.StreamRequestHandler):
    """A mail server that takes what it is given; a recipient at `full.example` is refused."""

    server: "Office"

    def handle(self) -> None:
        self.wfile.write(b"220 office\r\n")
        while line := self.rfile.readline().strip().decode():
            word = line.split()[0].upper()
            if word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"221 bye\r\n" if word == "QUIT" else self._answer(line))
            if word == "QUIT":
                return

    def _answer(self, line: str) -> bytes:
        return b"550 no room\r\n" if "full.example" in line else b"250 yes\r\n"


class Office(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.mails: list[bytes] = []


@pytest.fixture
def office() -> Iterator[Office]:
    with Office() as office:
        thread = threading.Thread(target=office.serve_forever)
        thread.start()
        yield office
        office.shutdown()
        thread.join(10)


def setting(office: Office, host: str = "sms.example.com") -> str:
    port = office.server_address[1]
    return f"smtp://127.0.0.1:{port}?from=no-reply@vendrive.example&to={{digits}}@{host}"


def test_a_message_goes_out_by_smtp_with_its_key(office: Office) -> None:
    sender = notices_from(setting(office))
    sender.send("key-1", TO, TEXT)
    (raw,) = office.mails
    mail = message_from_bytes(raw, policy=policy)
    assert isinstance(mail, EmailMessage)
    assert (mail["To"], mail["From"]) == ("8613812340001@sms.example.com", "no-reply@vendrive.example")
    assert mail["Message-ID"] == "<key-1@vendrive.example>"
    assert mail.get_content().strip() == TEXT


def test_what_the_server_refuses_is_an_error_that_the_outbox_tries_again(office: Office) -> None:
    with pytest.raises(OSError, match="no room"):
        notices_from(setting(office, "full.example")).send("key-1", TO, TEXT)
    assert office.mails == []


def test_a_password_is_never_said_in_the_clear_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Elsewhere:
        def __init__(self, host: str, port: int, timeout: float) -> None:
            said.append(f"{host}:{port}")

        def starttls(self, context: object) -> None:
            raise OSError("no TLS here")

        def login(self, user: str, password: str) -> None:
            said.append(password)

    monkeypatch.setattr("smtplib.SMTP", Elsewhere)
    sender = notices_from("smtp://demo:secret@mail.example?from=a@b.example&to={digits}@c.example")
    with pytest.raises(OSError, match="no TLS"):
        sender.send("key-1", TO, TEXT)
    assert said == ["mail.example:587"]
    assert "secret" not in repr(sender)


def test_the_console_says_it_in_one_line() -> None:
    stream = io.StringIO()
    ConsoleNotices(stream).send("key-1", TO, TEXT)
    assert stream.getvalue() == f"notice key-1 to {TO}: {TEXT}\n"


def test_the_setting_names_the_way_out() -> None:
    assert isinstance(notices_from(""), NoNotices)
    assert isinstance(notices_from("console:"), ConsoleNotices)
    secure = notices_from("smtps://mail.example?from=a@b.example&to={digits}@c.example")
    assert isinstance(secure, SmtpNotices)
    assert (secure.port, secure.tls_first) == (465, True)
    for wrong in ("carrier-pigeon:", "smtp:", "smtp://mail.example", "smtp://mail.example?from=a@b&to=c@d"):
        with pytest.raises(WrongSetting, match="VENDRIVE_NOTICES"):
            notices_from(wrong)
