"""Requests made of the API's own OpenAPI document, good ones and bad ones, against the whole product in this process.

No answer may be a server's error, or one that the document does not have, or take in what the document forbids.
Each case runs in a transaction of its own that is rolled back, so that all meet the same customer and the same drives.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast
from unittest import SkipTest

import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy, sampled_from
from schemathesis import GenerationMode, Response
from schemathesis.checks import CHECKS, CheckContext, load_all_checks

NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)
DOCUMENT = "/api/v1/openapi.json"
# Who is there is the matrix's matter (tests/retail/test_authorisation.py): here it is always the caller.
CONFIG = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})


@schemathesis.serializer("image/jpeg", "image/png", "image/webp")
def picture(context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send what was made as it is; nobody takes it for a picture."""
    return value if isinstance(value, bytes) else str(value).encode()


@dataclass(frozen=True)
class Caller:
    """Who asks: cookies and token of a browser, and drives that are the customer's own."""

    cookies: Mapping[str, str]
    token: str
    drives: tuple[str, ...]


@dataclass
class Told:
    """What was asked and answered: cases, and how many answers of each status and code."""

    cases: int = 0
    answers: Counter[str] = field(default_factory=Counter)


def ask_all(caller: Caller, cases: int, number: int, show: Callable[[Told], None] = lambda told: None) -> Told:
    """Make about `cases` requests, shared among all operations and both kinds; raise where an answer is wrong."""
    load_all_checks()
    told, checks = Told(), [*CHECKS.get_by_names(NAMES), has_a_documented_code]
    with whole_requests():
        schema = schemathesis.openapi.from_wsgi(DOCUMENT, get_wsgi_application(), config=CONFIG)
        kinds = list(_kinds(schema, caller))
        for index, strategy in enumerate(kinds):
            # What has only one request leaves its share to those that follow.
            share = -(-(cases - told.cases) // (len(kinds) - index))
            _ask(strategy, caller, share, number, told, checks)
            show(told)
    return told


def has_a_documented_code(context: CheckContext, response: Response, case: Any) -> bool | None:
    """Whether the operation's document names the code of a refusal, at the status that it has."""
    if response.status_code >= 400:
        content = case.operation.definition.raw["responses"][str(response.status_code)]["content"]
        code = response.json()["code"]
        assert code in content["application/json"]["examples"], f"{code} is not documented"
        assert response.json()["what"]
        assert response.json()["next"]
    return None


@contextmanager
def whole_requests() -> Iterator[None]:
    """Let WSGI requests share one connection and its transaction: Django would end it with each."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    logging.disable(logging.WARNING)  # Django tells of each refusal
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        for signal in signals:
            signal.connect(close_old_connections)


def _kinds(schema: Any, caller: Caller) -> Iterator[SearchStrategy[Any]]:
    """Return what to draw from: each operation with good and with bad requests, and with drives that are there."""
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:
            yield operation.as_strategy(mode)
        if "{drive_id}" in operation.path:
            yield sampled_from(caller.drives).flatmap(partial(_about, operation))


def _about(operation: Any, drive: str) -> SearchStrategy[Any]:
    return cast(SearchStrategy[Any], operation.as_strategy(path_parameters={"drive_id": drive}))


def _ask(strategy: SearchStrategy[Any], caller: Caller, cases: int, number: int, told: Told, checks: list[Any]) -> None:
    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(case: Any) -> None:
        with transaction.atomic():
            answer = case.call(headers={"X-CSRFToken": caller.token}, cookies=dict(caller.cookies))
            transaction.set_rollback(True)
        told.cases += 1
        code = answer.json().get("code", "") if answer.status_code >= 400 else ""
        told.answers[f"{answer.status_code} {code}".strip()] += 1
        case.validate_response(answer, checks=checks)

    try:
        one()
    except (SkipTest, Unsatisfiable):
        pass  # an operation without parameters has no bad requests
