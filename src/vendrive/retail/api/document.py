"""The OpenAPI document: what django-ninja knows of each operation, and everything that may be refused.

Each operation names the codes of its own refusals (`refuses`); those that all of a kind share are added here, with
their status and the sentences of the message catalogue as examples.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from vendrive.retail.api.errors import CONFLICT, STATUS, sentences
from vendrive.retail.api.keyed import HEADER
from vendrive.retail.events.idempotency import KEY_PATTERN, MAX_KEY_LENGTH
from vendrive.wire.errors import ErrorCode

OWN = "x-refusals"
WRITES = ("post", "put", "patch", "delete")
SESSION, TOKEN, GUEST = "CustomerSession", "CsrfToken", "Guest"
OF_WRITES = (
    ErrorCode.not_allowed,
    ErrorCode.idempotency_key_missing,
    ErrorCode.idempotency_in_flight,
    ErrorCode.idempotency_mismatch,
)
PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            f"image/{kind}": {"schema": {"type": "string", "format": "binary"}} for kind in ("jpeg", "png", "webp")
        },
    }
}
KEY_PARAMETER: Mapping[str, Any] = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "Names this write, so that it happens once however often it is sent: a random UUID, for example.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": KEY_PATTERN},
    "example": "6f1c2b7e-8f0e-4c39-9d39-1f6b1a1c2f10",
}
STATUS_WORDS: Mapping[int, str] = {
    400: "The write names no key.",
    401: "Nobody is signed in.",
    403: "The token is missing or wrong.",
    404: "There is no such thing, or it is somebody else's.",
    409: "Refused as things stand.",
    422: "The request cannot be read, or its key was used for another one.",
    429: "Too often, or more people ask than can be served: `Retry-After` says when to come again.",
}


def refuses(*codes: ErrorCode) -> dict[str, Any]:
    """Return what an operation says of its own refusals, for django-ninja's `openapi_extra`."""
    return {OWN: list(codes)}


def complete(document: OpenAPISchema, api: NinjaAPI) -> OpenAPISchema:
    """Add keys, tokens and refusals to every operation of the document."""
    components = document["components"]
    components["schemas"]["Refusal"] = _refusal_schema(list(ErrorCode))
    components["securitySchemes"].pop(GUEST, None)
    components["securitySchemes"][TOKEN] = {"type": "apiKey", "in": "header", "name": "X-CSRFToken"}
    for operations in document["paths"].values():
        for method, operation in operations.items():
            _complete(method, operation)
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    codes = [*operation.pop(OWN, ()), ErrorCode.too_busy]
    for parameter in operation["parameters"]:
        parameter.pop("examples", None)  # a list, which belongs into the schema, where it is as well
    signed_in = any(SESSION in way for way in operation.get("security", ()))
    if signed_in:
        codes.append(ErrorCode.sign_in_needed)
    if operation["parameters"] or "requestBody" in operation:
        codes.append(ErrorCode.request_invalid)
    if method in WRITES:
        codes += OF_WRITES
        operation["parameters"].append(dict(KEY_PARAMETER))
    operation["security"] = [({SESSION: []} if signed_in else {}) | ({TOKEN: []} if method in WRITES else {})]
    for status, some in sorted(_by_status(codes).items()):
        operation["responses"][status] = _refusal(status, some)


def _by_status(codes: Iterable[ErrorCode]) -> dict[int, list[ErrorCode]]:
    found: dict[int, list[ErrorCode]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(STATUS.get(code, CONFLICT), []).append(code)
    return found


def _refusal(status: int, codes: list[ErrorCode]) -> dict[str, Any]:
    examples: dict[str, Any] = {
        code.value: {"value": {"code": code.value, "details": {}, **sentences("en", code)}} for code in codes
    }
    schema = {"$ref": "#/components/schemas/Refusal"}
    return {
        "description": f"{STATUS_WORDS[status]} `code` is one of: {', '.join(codes)}.",
        "content": {"application/json": {"schema": schema, "examples": examples}},
    }


def _refusal_schema(codes: list[ErrorCode]) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "title": "Refusal",
        "description": "Why something was refused, with no effect.",
        "type": "object",
        "required": ["code", "details", "what", "next"],
        "properties": {
            "code": {"type": "string", "enum": [code.value for code in codes], "description": "For programs."},
            "details": {"type": "object", "description": "What of the request or of the rules the code is about."},
            "what": {**text, "description": "What happened, for a person."},
            "next": {**text, "description": "What to do next, for a person."},
        },
    }
