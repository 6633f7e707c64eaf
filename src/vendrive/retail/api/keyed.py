"""Every write of the API has an Idempotency-Key: the first answer is stored with the effect, and given again.

A refusal has no effect and is not stored: the same key may be tried again when the reason is gone. Where a refusal does
have one (a wrong code counts), the view says so with `refuse_for_good`.
"""

import json
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja.decorators import decorate_view

from vendrive.retail.api.errors import answer_refusal
from vendrive.retail.config import keys
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.sessions import current_customer
from vendrive.retail.events.idempotency import Write, claim, fingerprint_of, in_flight, keep, keep_answer, under
from vendrive.retail.events.models import IdempotencyKey
from vendrive.wire.errors import Refused

HEADER = "Idempotency-Key"
KEYED = "_keyed"
_FINAL, _SUBJECT = "_refused_for_good", "_subject"

Run = Callable[..., HttpResponse]
Again = Callable[[HttpRequest, IdempotencyKey], None]


def keyed(view: Any) -> Any:
    """Store effect, key and answer of a customer's operation in one transaction."""
    return _mark(view, _in_one_transaction)


def keyed_for_guests(again: Again | None = None) -> Callable[[Any], Any]:
    """As `keyed`, for somebody who is not signed in.

    `again` is called before a stored answer is given, with the key's row; it may refuse.
    """
    return partial(_mark, wrapper=partial(_in_one_transaction, guests=True, again=again))


def keyed_in_steps_for_guests(view: Any) -> Any:
    """As `keyed_in_steps`, for whoever is there, signed in or not."""
    return _mark(view, partial(_in_steps, guests=True))


def keyed_in_steps(view: Any) -> Any:
    """Store the answer after the effect: between the two the operation asks outside parties, under no lock.

    The view's actions store the key with their effect (`once`, `do_first`); after a crash a replay asks on from there.
    """
    return _mark(view, _in_steps)


def keyed_by_action(view: Any) -> Any:
    """Mark an operation whose action takes the key itself and stores the answer with its effect (`answer_kept`)."""
    setattr(view, KEYED, True)
    return view


def answer_kept(request: HttpRequest, stored: IdempotencyKey) -> HttpResponse:
    """Answer with what is stored under the write's key, be it of now or of before."""
    return _replay(request, stored, None)


def came_of(request: HttpRequest, subject: object) -> None:
    """Say which identifier the write made, where the answer names no `drive_id`."""
    setattr(request, _SUBJECT, str(subject))


def refuse_for_good(request: HttpRequest, refused: Refused) -> Refused:
    """Return a refusal that has an effect, which is stored under the key like any other answer."""
    setattr(request, _FINAL, True)
    return refused


def write_of(request: HttpRequest, customer: Customer | None, one_transaction: bool = True) -> Write:
    """Return the write that a request asks for, in the scope of who asks it at which address."""
    # Guests are told apart by the secret of their CSRF cookie, which they need to write at all.
    who = str(customer.pk) if customer else keys().fingerprint("guest", request.COOKIES.get("csrftoken", ""))[:36]
    asked = "\n".join((str(request.method), request.path, request.content_type or "")).encode() + b"\n" + request.body
    scope = keys().fingerprint("route", f"{request.method} {request.path}")[:16]
    return Write(f"{who}:api:{scope}", request.headers.get(HEADER, ""), fingerprint_of(asked), one_transaction)


def _mark(view: Any, wrapper: Callable[[Run], Run]) -> Any:
    setattr(view, KEYED, True)
    return decorate_view(wrapper)(view)


def _in_one_transaction(run: Run, guests: bool = False, again: Again | None = None) -> Run:
    @wraps(run)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Who signs in and asks again is somebody by then, and has to be found as who it was.
        customer = None if guests else current_customer(request)
        if customer is None and not guests:
            return run(request, *args, **kwargs)  # which says that somebody has to sign in
        write = write_of(request, customer)
        try:
            with transaction.atomic(), under(write):
                stored = claim(write)
                if stored is not None:
                    return _replay(request, stored, again)
                response = run(request, *args, **kwargs)
                if _is_final(request, response):
                    keep(write, _subject(request, response, kwargs), packed(response))
                else:
                    transaction.set_rollback(True)
                return response
        except Refused as refused:
            return answer_refusal(request, refused)

    return answer


def _in_steps(run: Run, guests: bool = False) -> Run:
    @wraps(run)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        customer = current_customer(request)
        if customer is None and not guests:
            return run(request, *args, **kwargs)
        write = write_of(request, customer, one_transaction=False)
        try:
            with in_flight(write):
                with transaction.atomic():
                    stored = claim(write)
                if stored is not None and stored.answer:
                    return _replay(request, stored, None)
                with under(write):
                    response = run(request, *args, **kwargs)
                if _is_final(request, response):
                    keep_answer(write, _subject(request, response, kwargs), packed(response))
                return response
        except Refused as refused:
            return answer_refusal(request, refused)

    return answer


def _is_final(request: HttpRequest, response: HttpResponse) -> bool:
    return response.status_code < 400 or getattr(request, _FINAL, False)


def _replay(request: HttpRequest, stored: IdempotencyKey, again: Again | None) -> HttpResponse:
    if again is not None:
        again(request, stored)
    told = json.loads(stored.answer)
    return HttpResponse(told["body"].encode(), content_type=told["type"], status=told["status"])


def packed(response: HttpResponse) -> str:
    """Return an answer as it is stored."""
    return json.dumps(
        {
            "status": response.status_code,
            "type": response.headers.get("Content-Type", ""),
            "body": response.content.decode(),
        }
    )


def _subject(request: HttpRequest, response: HttpResponse, kwargs: dict[str, Any]) -> str:
    """Return the drive that the write made or was about, by which the key's life is measured."""
    named = getattr(request, _SUBJECT, "") or str(kwargs.get("drive_id", ""))
    if named or not response.content:
        return named
    told = json.loads(response.content)
    return str(told.get("drive_id", "")) if isinstance(told, dict) else ""
