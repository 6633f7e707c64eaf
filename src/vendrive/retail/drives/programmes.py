"""Changing a programme's rules: looked at before, checked as a whole, written with who did it and what was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from psycopg.types.range import DateRange

from vendrive.retail.config import ports
from vendrive.retail.drives.layers import Layer, Layers
from vendrive.retail.drives.models import LIVE, Drive, Programme, RuleChange, RuleSet
from vendrive.retail.drives.queries import get_layers
from vendrive.retail.drives.rules import Rules, read_changes
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import Tower
from vendrive.wire.errors import ErrorCode, Refused


@dataclass(frozen=True)
class Scope:
    """Where and when a set of rules holds: a tower's slug or empty for all, days from `start` to before `end`."""

    tower: str = ""
    start: date | None = None
    end: date | None = None

    @property
    def always(self) -> bool:
        """Whether the set has no period."""
        return self.start is None and self.end is None


@dataclass(frozen=True)
class Difference:
    """What a change makes of one rule at one tower (empty: where no set of a tower holds)."""

    tower: str
    name: str
    before: object
    after: object


@dataclass(frozen=True)
class Preview:
    """What a change would do. `kept` drives were booked under the old rules and keep them."""

    differences: Sequence[Difference]
    kept: int


def list_rule_sets(programme: str) -> list[RuleSet]:
    """Return the sets of a programme, wide before narrow."""
    return list(RuleSet.objects.filter(programme=programme).order_by("tower_id", "period"))


def list_changes(programme: str) -> list[RuleChange]:
    """Return who changed what, newest first."""
    return list(RuleChange.objects.filter(programme=programme).order_by("-revision"))


def preview_rules(programme: str, scope: Scope, data: Mapping[str, Any]) -> Preview:
    """Return what a change would do, with nothing changed; raise RulesInvalid, or Refused (request_invalid)."""
    rules, now_held = read_changes(data), get_layers(programme)
    _check_scope(scope)
    after = _with(now_held, scope, rules)
    day = scope.start or ports().clock.now().date()
    found = []
    for tower in [scope.tower] if scope.tower else ["", *Tower.objects.order_by("slug").values_list("slug", flat=True)]:
        found += _differences(tower, now_held.rules(tower, day), after.rules(tower, day))
    booked = Drive.objects.filter(programme=programme, state__in=LIVE)
    kept = booked.filter(tower=scope.tower) if scope.tower else booked
    return Preview(found, kept.count())


def change_rules(staff: str, programme: str, scope: Scope, data: Mapping[str, Any]) -> int:
    """Store a set of rules for a scope, which replaces the one that is there, and return the programme's new revision.

    An empty set takes the rules of a scope away. Bookings keep the terms under which they were made.
    Raise RulesInvalid with every fault, or Refused (request_invalid) where the scope's days overlap another's.
    """
    rules = read_changes(data)
    _check_scope(scope)
    try:
        with transaction.atomic():
            held = Programme.objects.select_for_update().get(pk=programme)
            _check_whole(_with(get_layers(programme), scope, rules))
            before = _write(held, scope, rules)
            held.revision += 1
            held.save(update_fields=["revision"])
            _remember(held, scope, before, rules or None, staff)
            record(f"staff:{staff}", "rules_changed", programme, revision=held.revision, tower=scope.tower, rules=rules)
            return held.revision
    except IntegrityError as error:
        raise Refused(ErrorCode.request_invalid, period="overlaps") from error


def _write(programme: Programme, scope: Scope, rules: Mapping[str, Any]) -> dict[str, Any] | None:
    """Store the set and return what it replaces."""
    period = None if scope.always else DateRange(scope.start, scope.end)
    found = RuleSet.objects.filter(programme=programme, tower=scope.tower or None, period=period).first()
    before: dict[str, Any] | None = found.rules if found else None
    if not rules:
        if found:
            found.delete()
        return before
    row = found or RuleSet(programme=programme, tower_id=scope.tower or None, period=period)
    row.rules = dict(rules)
    row.save()
    return before


def _remember(
    programme: Programme, scope: Scope, before: dict[str, Any] | None, after: Mapping[str, Any] | None, staff: str
) -> None:
    RuleChange.objects.create(
        programme=programme,
        revision=programme.revision,
        tower_id=scope.tower or None,
        period=None if scope.always else DateRange(scope.start, scope.end),
        before=before,
        after=dict(after) if after else None,
        staff=staff,
        at=ports().clock.now(),
    )


def _check_scope(scope: Scope) -> None:
    if scope.tower and not Tower.objects.filter(pk=scope.tower).exists():
        raise Refused(ErrorCode.request_invalid, tower=scope.tower)
    if scope.start and scope.end and scope.start >= scope.end:
        raise Refused(ErrorCode.request_invalid, period="empty")


def _check_whole(layers: Layers) -> None:
    """Every combination that a pick-up can meet must be whole rules: raise RulesInvalid where one is not."""
    days = {day for layer in layers.layers for day in (layer.start, layer.end) if day} | {ports().clock.now().date()}
    for tower in {"", *(layer.tower for layer in layers.layers)}:
        for day in days:
            layers.rules(tower, day)


def _with(layers: Layers, scope: Scope, rules: Mapping[str, Any]) -> Layers:
    same = (scope.tower, scope.start, scope.end)
    others = tuple(one for one in layers.layers if (one.tower, one.start, one.end) != same)
    new = (Layer(scope.tower, scope.start, scope.end, rules),) if rules else ()
    return Layers(layers.programme, layers.revision, (*others, *new))


def _differences(tower: str, before: Rules, after: Rules) -> list[Difference]:
    names = [field.name for field in fields(Rules)]
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in names]
    return [Difference(tower, name, old, new) for name, old, new in pairs if old != new]
