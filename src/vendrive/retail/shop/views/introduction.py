"""Who somebody is, how the tower recognises them, and whether they may drive."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from vendrive.retail.customers.actions import enrol_face, give_face_consent, introduce_person, prove_identity, set_pin
from vendrive.retail.customers.documents import LICENCE_CLASSES
from vendrive.retail.customers.models import Customer, DocumentKind
from vendrive.retail.customers.queries import get_profile
from vendrive.retail.drives.queries import get_rules
from vendrive.retail.ports import Verdict
from vendrive.retail.shop.choice import get_choice
from vendrive.retail.shop.forms import IntroductionForm, Problem
from vendrive.retail.shop.pages import posts_to, show, signed_in, status_of
from vendrive.retail.shop.views.booking import answer_for
from vendrive.wire.errors import ErrorCode, Refused

MAX_PICTURE_BYTES = 12 * 1024 * 1024


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def introduce(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Ask for name, document and licence."""
    profile, refused = get_profile(customer), None
    form = IntroductionForm.known(profile)
    if request.method == "POST":
        form = IntroductionForm.typed(request.POST)
        try:
            introduce_person(customer, form.read())
            return redirect("shop:recognise")
        except Refused as error:
            refused = error
    return show(
        request,
        "introduce",
        status_of(refused),
        form=form,
        profile=profile,
        kinds=list(DocumentKind.values),
        licence_classes=[(name, name) for name in LICENCE_CLASSES],
        problem=Problem(refused),
    )


@require_http_methods(["GET", "HEAD"])
@signed_in
def recognise(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Offer the face, with consent, and the PIN."""
    return _recognise(request, customer)


@posts_to("shop:recognise")
@signed_in
def consent(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Take the consent to the use of the face, given by a tick of its own."""
    if request.POST.get("consent") != "yes":
        return _recognise(request, customer, Refused(ErrorCode.consent_missing))
    give_face_consent(customer)
    return redirect("shop:recognise")


@posts_to("shop:recognise")
@signed_in
def face(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Take the selfie."""
    try:
        enrol_face(customer, _picture(request))
    except Refused as refused:
        return _recognise(request, customer, refused)
    return redirect("shop:eligible")


@posts_to("shop:recognise")
@signed_in
def pin(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Take a PIN in place of the face."""
    try:
        set_pin(customer, request.POST.get("pin", ""))
    except Refused as refused:
        return _recognise(request, customer, refused)
    prove_identity(customer)
    return redirect("shop:eligible")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def eligible(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Say yes, or every reason why not. POST asks the outside parties again."""
    if request.method == "POST":
        prove_identity(customer)
        return redirect("shop:eligible")
    choice = get_choice(request)
    answer = answer_for(customer, choice)
    context: dict[str, Any] = {
        "reasons": answer.reasons,
        "yes_from": answer.yes_from,
        "choice": choice,
        "programme": get_rules(),
    }
    return show(request, "eligible", **context)


def _recognise(request: HttpRequest, customer: Customer, refused: Refused | None = None) -> HttpResponse:
    profile = get_profile(customer)
    if profile is None:
        return redirect("shop:introduce")
    proved = profile.proof == Verdict.yes
    return show(request, "recognise", status_of(refused), profile=profile, proved=proved, problem=Problem(refused))


def _picture(request: HttpRequest) -> bytes:
    sent = request.FILES.get("picture")
    if not isinstance(sent, UploadedFile) or not sent.size or sent.size > MAX_PICTURE_BYTES:
        raise Refused(ErrorCode.picture_unreadable)
    return bytes(sent.read())
