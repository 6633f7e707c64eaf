"""Who somebody is, how a tower recognises them, and whether they may drive."""

from django.http import HttpRequest
from ninja import Router, Status

from vendrive.retail.api import schemas as s
from vendrive.retail.api.app import customer_of
from vendrive.retail.api.document import PICTURE, refuses
from vendrive.retail.api.errors import language_of, sentences
from vendrive.retail.api.keyed import keyed, keyed_in_steps
from vendrive.retail.catalogue.queries import get_model
from vendrive.retail.customers import actions as customers
from vendrive.retail.customers.documents import Introduction
from vendrive.retail.customers.queries import get_person, get_profile
from vendrive.retail.drives.queries import get_answer, get_rules
from vendrive.retail.events.idempotency import do_first
from vendrive.retail.fleet.queries import get_tower
from vendrive.wire.errors import ErrorCode

router = Router(tags=["me"])


@router.get("/me", response=s.MeOut)
def get_me(request: HttpRequest) -> dict[str, object]:
    """Return what is known of the customer; the document is cut down to its end."""
    profile = get_profile(customer_of(request))
    return {"introduced": profile is not None, "profile": profile}


@router.put(
    "/me",
    response=s.MeOut,
    openapi_extra=refuses(
        ErrorCode.name_missing,
        ErrorCode.identity_number_invalid,
        ErrorCode.passport_invalid,
        ErrorCode.identity_taken,
        ErrorCode.licence_class_not_allowed,
        ErrorCode.licence_expired,
        ErrorCode.too_young,
    ),
)
@keyed
def put_me(request: HttpRequest, body: s.IntroductionIn) -> dict[str, object]:
    """Say who one is, or correct it."""
    customer = customer_of(request)
    customers.introduce_person(customer, Introduction(**body.model_dump()))
    return {"introduced": True, "profile": get_profile(customer)}


@router.post("/me/face-consent", response={204: None}, openapi_extra=refuses(ErrorCode.profile_incomplete))
@keyed
def post_consent(request: HttpRequest) -> Status[None]:
    """Allow the use of the face."""
    customers.give_face_consent(customer_of(request))
    return Status(204, None)


@router.delete("/me/face-consent", response={204: None}, openapi_extra=refuses(ErrorCode.profile_incomplete))
@keyed
def delete_consent(request: HttpRequest) -> Status[None]:
    """Take the consent back: the template is deleted here and at every tower."""
    customers.revoke_face_consent(customer_of(request))
    return Status(204, None)


@router.put(
    "/me/face",
    response=s.VerdictOut,
    openapi_extra=PICTURE
    | refuses(
        ErrorCode.profile_incomplete,
        ErrorCode.consent_missing,
        ErrorCode.picture_unreadable,
        ErrorCode.no_face,
        ErrorCode.two_faces,
        ErrorCode.face_too_small,
        ErrorCode.too_dark,
    ),
)
@keyed_in_steps
def put_face(request: HttpRequest) -> dict[str, str]:
    """Take the body as one picture (JPEG, PNG or WebP)."""
    customer = customer_of(request)
    do_first(lambda: customers.store_face(customer, request.body))
    return {"proof": customers.prove_identity(customer)}


@router.put(
    "/me/pin",
    response=s.VerdictOut,
    openapi_extra=refuses(ErrorCode.profile_incomplete, ErrorCode.pin_too_simple),
)
@keyed_in_steps
def put_pin(request: HttpRequest, body: s.PinIn) -> dict[str, str]:
    """Set a PIN, for those who prefer no face."""
    customer = customer_of(request)
    do_first(lambda: customers.set_pin(customer, body.pin))
    return {"proof": customers.prove_identity(customer)}


@router.get("/eligibility", response=s.EligibilityOut)
def get_eligible(
    request: HttpRequest, model: s.Slug = "", tower: s.Slug = "", pickup_at: s.Moment | None = None
) -> dict[str, object]:
    """Say yes, or every reason why not and from when: for any drive, or for this model from this tower at this time."""
    customer = customer_of(request)
    if get_person(customer) is not None:
        customers.ask_standing(customer, get_rules().least_credit)
    wished = (get_model(model) if model else None, get_tower(tower) if tower else None, pickup_at)
    answer = get_answer(customer, *wished)
    lang = language_of(request)
    told = [{"code": r.code, "details": dict(r.details), **sentences(lang, r.code)} for r in answer.reasons]
    return {"eligible": answer.may, "reasons": told, "yes_from": answer.yes_from}
