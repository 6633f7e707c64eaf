"""The terms of a loan: what a customer reads before booking and accepts with it, made from the rules that hold."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from vendrive.design.formats import money
from vendrive.design.messages import say
from vendrive.retail.config import ports
from vendrive.retail.drives.models import LoanTerms
from vendrive.retail.drives.rules import PERCENT, Overdue, Rules, text_of

VERSION_LENGTH = 16
CURRENCY = "CNY"
HOUR_MINUTES = 60


@dataclass(frozen=True)
class Terms:
    """Rules with their text in both languages; `version` is the digest of all three."""

    version: str
    rules: Rules
    text_en: str
    text_zh: str

    def lines(self, lang: str) -> list[str]:
        """Return the sentences in a language."""
        return (self.text_zh if lang == "zh" else self.text_en).splitlines()


@lru_cache(maxsize=256)
def terms_of(rules: Rules) -> Terms:
    """Return the terms that follow from rules."""
    english, chinese = ("\n".join(_sentences(lang, rules)) for lang in ("en", "zh"))
    digest = hashlib.sha256("\n\n".join((text_of(rules), english, chinese)).encode()).hexdigest()
    return Terms(digest[:VERSION_LENGTH], rules, english, chinese)


def keep_terms(terms: Terms) -> LoanTerms:
    """Write terms down where they are new; they are never changed."""
    LoanTerms.objects.bulk_create(
        [
            LoanTerms(
                version=terms.version,
                rules=json.loads(text_of(terms.rules)),
                text_en=terms.text_en,
                text_zh=terms.text_zh,
                written_at=ports().clock.now(),
            )
        ],
        ignore_conflicts=True,
    )
    return LoanTerms.objects.get(pk=terms.version)


def _sentences(lang: str, rules: Rules) -> list[str]:
    found = [
        say(lang, "terms.loan", days=rules.loan_days),
        say(lang, "terms.window", early=rules.early_minutes, grace=rules.no_show_grace_minutes),
        say(lang, "terms.quota", most=rules.drives_in_two_months),
    ]
    if rules.each_model_once:
        found.append(say(lang, "terms.once"))
    found += _money_sentences(lang, rules)
    if rules.swaps:
        found.append(say(lang, "terms.swap", most=rules.swaps))
    if rules.extension_days:
        found.append(say(lang, "terms.extend", days=rules.extension_days))
    found.append(say(lang, "terms.elsewhere" if rules.return_elsewhere else "terms.same_tower"))
    found += [_rung(lang, rung.minutes, rung.act, rung.amount_minor) for rung in rules.overdue]
    found.append(say(lang, "terms.never_stopped"))
    return found


def _money_sentences(lang: str, rules: Rules) -> list[str]:
    found = []
    if rules.fee_minor:
        found.append(say(lang, "terms.fee", amount=money(rules.fee_minor, CURRENCY)))
    if rules.fee_below_credit_minor:
        amount = money(rules.fee_below_credit_minor, CURRENCY)
        found.append(say(lang, "terms.fee_below", least=rules.least_credit, amount=amount))
    if rules.deposit_minor:
        found.append(say(lang, "terms.deposit", amount=money(rules.deposit_minor, CURRENCY)))
    if not (rules.fee_minor or rules.fee_below_credit_minor):
        return [*found, say(lang, "terms.cancel_free")]
    for step in rules.cancellation:
        key = "terms.cancel_all" if step.percent == PERCENT else "terms.cancel_part"
        found.append(say(lang, key if step.percent else "terms.cancel_none", hours=step.hours, percent=step.percent))
    return found


def _rung(lang: str, minutes: int, act: Overdue, amount_minor: int) -> str:
    after = say(lang, "terms.hours", count=minutes // HOUR_MINUTES) if minutes % HOUR_MINUTES == 0 else ""
    after = after or say(lang, "terms.minutes", count=minutes)
    return say(lang, f"terms.{act}", after=after, amount=money(amount_minor, CURRENCY))
