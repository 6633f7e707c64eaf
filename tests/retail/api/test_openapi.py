"""The OpenAPI document, and requests that are made of it."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.fuzz.http import Caller, ask_all
from tests.retail.api.conftest import BOOKING, Phone
from tests.retail.helpers import START
from vendrive.retail.api.customer import api
from vendrive.retail.api.document import WRITES
from vendrive.retail.api.keyed import HEADER, KEYED
from vendrive.retail.drives.models import Drive, DriveState

DOCUMENT: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="api/v1/")))
OPERATIONS = [
    (method, path, operation) for path, some in DOCUMENT["paths"].items() for method, operation in some.items()
]
CASES = 300


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_write_has_a_key_and_every_refusal_an_example(method: str, path: str, operation: dict[str, Any]) -> None:
    keyed = HEADER in {parameter["name"] for parameter in operation["parameters"] if parameter["required"]}
    assert keyed == (method in WRITES)
    assert operation["description"]
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json", {})
        if int(status) < 400:
            continue
        assert content["schema"] == {"$ref": "#/components/schemas/Refusal"}
        assert all(example["value"]["code"] == code for code, example in content["examples"].items())
        assert all(example["value"]["next"] for example in content["examples"].values())


def test_no_write_is_without_the_keeper_of_keys() -> None:
    views = [
        op.view_func
        for _, router in api._routers
        for path in router.path_operations.values()
        for op in path.operations
        if set(op.methods) & {name.upper() for name in WRITES}
    ]
    assert len(views) == sum(method in WRITES for method, _, _ in OPERATIONS)
    assert [view.__name__ for view in views if not getattr(view, KEYED, False)] == []


def test_every_body_that_is_sent_has_an_example() -> None:
    for _, path, operation in OPERATIONS:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            assert not name or DOCUMENT["components"]["schemas"][name]["examples"], path


def test_the_document_is_served_to_anybody(db: None) -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.json()) == (200, DOCUMENT)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "address_unknown"),
        ("GET", "/api/nothing", 404, "address_unknown"),
        ("PATCH", "/api/v1/me", 405, "method_not_allowed"),
        ("GET", "/api/station/journal", 405, "method_not_allowed"),
        ("GET", "/api/v1/drives/7", 422, "request_invalid"),
    ],
)
def test_errors_before_an_operation_have_the_same_shape(
    phone: Phone, method: str, path: str, status: int, code: str
) -> None:
    answer = phone.client.generic(method, path, headers={"accept-language": "zh"})
    told = json.loads(answer.content)
    assert (answer.status_code, told["code"], set(told)) == (status, code, {"code", "details", "what", "next"})
    assert not told["what"].isascii()


def test_a_fault_of_ours_tells_nothing_but_its_code(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("vendrive.retail.api.catalogue.list_brands", fail)
    answer = Client(raise_request_exception=False).get("/api/v1/catalogue")
    assert (answer.status_code, answer.json()["code"], answer.json()["details"]) == (500, "unexpected", {})
    assert b"secret" not in answer.content


def test_a_body_that_is_no_json_is_refused(phone: Phone) -> None:
    answer = phone.send("PUT", "me/pin", b"{")
    assert (answer.status_code, json.loads(answer.content)["code"]) == (422, "request_invalid")


def test_requests_made_of_the_document_meet_no_surprise(phone: Phone) -> None:
    told = ask_all(caller_of(phone), CASES, number=1)
    assert told.cases >= CASES * 0.8
    assert {"200", "204", "422 request_invalid", "404 drive_not_found"} <= set(told.answers)


def caller_of(phone: Phone) -> Caller:
    """Return the phone's customer with one drive booked and one returned."""
    drives = [json.loads(phone.send("POST", "drives", BOOKING).content)["drive_id"]]
    Drive.objects.update(state=DriveState.returned, ended_at=START, returned_at=START)
    wish = BOOKING | {"model": "byd-han", "paint": "red", "pickup_at": "2026-03-09T01:15:00Z"}
    drives.append(json.loads(phone.send("POST", "drives", wish).content)["drive_id"])
    cookies = {name: morsel.value for name, morsel in phone.client.cookies.items()}
    return Caller(cookies, phone.token, tuple(drives))
