"""The console's page about rules: what holds where, a change looked at before it is made, and who changed what."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from vendrive.retail.console.access import page, staff_only
from vendrive.retail.console.rules_form import FIELDS, TEXTS, RulesForm, text_of, texts_of
from vendrive.retail.console.sign_in import staff_name
from vendrive.retail.drives.models import RuleChange, RuleSet
from vendrive.retail.drives.programmes import (
    Difference,
    Preview,
    Scope,
    change_rules,
    list_changes,
    list_rule_sets,
    preview_rules,
)
from vendrive.retail.drives.queries import get_layers, get_programme
from vendrive.retail.drives.rules import NUMBERS, SWITCHES, RulesInvalid
from vendrive.retail.fleet.models import Tower
from vendrive.retail.fleet.queries import list_towers
from vendrive.wire.errors import Refused

SHOWN_CHANGES = 50
UNPROCESSABLE = 422


@require_http_methods(["GET", "POST"])
@staff_only
def show_rules(request: HttpRequest) -> HttpResponse:
    """Show a set of rules and its history; POST shows what a change would do, and makes it when asked to."""
    programme = get_programme().slug
    form, preview, faults, refused = _form(programme, _scope(request.GET.dict())), None, {}, None
    if request.method == "POST":
        try:
            form = RulesForm.sent(request.POST.dict())
            preview = preview_rules(programme, form.scope, form.read())
            if request.POST.get("do") == "save":
                change_rules(staff_name(request), programme, form.scope, form.read())
                return redirect(f"{reverse('console:rules')}?{urlencode(_query(form.scope))}")
        except RulesInvalid as invalid:
            faults = invalid.faults
        except Refused as error:
            refused = error
    status = UNPROCESSABLE if faults or refused else 200
    return page(request, "console/rules.html", _context(programme, form, preview, faults, refused), status=status)


def _context(
    programme: str, form: RulesForm, preview: Preview | None, faults: Mapping[str, str], refused: Refused | None
) -> dict[str, Any]:
    layers, scope = get_layers(programme), form.scope
    day = scope.start
    holds = layers.rules(scope.tower, day) if day else layers.everywhere
    return {
        "here": "rules",
        "programme": programme,
        "revision": layers.revision,
        "towers": [near.tower for near in list_towers()],
        "scope": scope,
        "form": form,
        "fields": FIELDS,
        "numbers": NUMBERS,
        "switches": SWITCHES,
        "texts": TEXTS,
        "holds": texts_of(holds),
        "preview": preview,
        "shown": [_shown(one) for one in preview.differences] if preview else [],
        "faults": faults,
        "refused": refused,
        "sets": list_rule_sets(programme),
        "changes": [(one, changed_names(one)) for one in list_changes(programme)[:SHOWN_CHANGES]],
        "tower_of": {tower.slug: tower for tower in Tower.objects.all()},
        "query_of": lambda found: urlencode(_query(scope_of(found))),
    }


def scope_of(found: RuleSet | RuleChange) -> Scope:
    """Return where and when a set holds."""
    period = found.period
    return Scope(found.tower_id or "", period.lower if period else None, period.upper if period else None)


def changed_names(change: RuleChange) -> Sequence[tuple[str, str, str]]:
    """Return what a change made of each rule that it touched: name, before, after; empty where a set says nothing."""
    before, after = change.before or {}, change.after or {}
    names = [name for name in FIELDS if before.get(name) != after.get(name)]
    return [(name, _text(name, before), _text(name, after)) for name in names]


def _text(name: str, rules: Mapping[str, Any]) -> str:
    return text_of(name, rules[name]) if name in rules else ""


def _shown(one: Difference) -> tuple[str, str, str, str]:
    before, after = (_stored(one.name, value) for value in (one.before, one.after))
    return one.tower, one.name, before, after


def _stored(name: str, value: Any) -> str:
    steps = name in ("cancellation", "overdue")
    return text_of(name, [step.__dict__ for step in value] if steps else value)


def _form(programme: str, scope: Scope) -> RulesForm:
    found = [one for one in list_rule_sets(programme) if scope_of(one) == scope]
    return RulesForm.stored(scope, found[0].rules if found else {})


def _scope(data: Mapping[str, str]) -> Scope:
    try:
        return RulesForm.sent(data).scope
    except RulesInvalid:
        return Scope()


def _query(scope: Scope) -> dict[str, str]:
    given = {"tower": scope.tower, "start": scope.start, "end": scope.end}
    return {name: str(value) for name, value in given.items() if value}
