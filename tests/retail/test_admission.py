"""More people than can be served are told at once to come again; stations never are."""

import json
import threading
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from vendrive.retail.admission import RETRY_AFTER_S, Admission

WAIT_S = 30


class Slow:
    """A view that answers customers when it is told to, and stations at once."""

    def __init__(self) -> None:
        self.entered, self.go_on, self.served = threading.Semaphore(0), threading.Event(), 0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/station/"):
            self.entered.release()
            assert self.go_on.wait(WAIT_S)
            self.served += 1
        return HttpResponse("done")


@pytest.fixture
def full(settings: Settings) -> Iterator[tuple[Slow, Admission]]:
    """One customer is served, and nobody may wait."""
    settings.SERVED_AT_ONCE, settings.WAITING_AT_MOST = 1, 0
    slow = Slow()
    admission = Admission(slow)
    thread = threading.Thread(target=admission, args=(RequestFactory().get("/api/v1/catalogue"),))
    thread.start()
    assert slow.entered.acquire(timeout=WAIT_S)
    yield slow, admission
    slow.go_on.set()
    thread.join()


def test_who_is_too_many_is_told_when_to_come_again(full: tuple[Slow, Admission]) -> None:
    slow, admission = full
    for path in ("/api/v1/drives", "/drives/"):
        answer = admission(RequestFactory().post(path, headers={"accept-language": "zh"}))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(RETRY_AFTER_S))
        assert "几秒" in answer.content.decode() or json.loads(answer.content)["code"] == "too_busy"
    assert slow.served == 0


def test_a_station_and_whoever_looks_after_us_come_in_all_the_same(full: tuple[Slow, Admission]) -> None:
    _, admission = full
    assert admission(RequestFactory().get("/api/station/orders?after=0")).status_code == 200


def test_there_is_room_again_when_somebody_has_left(settings: Settings) -> None:
    settings.SERVED_AT_ONCE, settings.WAITING_AT_MOST = 1, 0

    def fail(request: HttpRequest) -> HttpResponse:
        raise ValueError("broken")

    admission = Admission(fail)
    for _ in range(3):  # who fails leaves too
        with pytest.raises(ValueError, match="broken"):
            admission(RequestFactory().get("/"))


def test_who_waits_is_served_in_the_end(settings: Settings) -> None:
    settings.SERVED_AT_ONCE, settings.WAITING_AT_MOST = 1, 3
    slow = Slow()
    admission = Admission(slow)
    threads = [threading.Thread(target=admission, args=(RequestFactory().get("/"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert slow.entered.acquire(timeout=WAIT_S)
    assert not slow.entered.acquire(blocking=False), "one at a time"
    slow.go_on.set()
    for thread in threads:
        thread.join(WAIT_S)
    assert slow.served == 4
