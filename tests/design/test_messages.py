from string import Formatter

import pytest

from vendrive.design.messages import LANGUAGES, catalogue, pick_language, say
from vendrive.wire.errors import ErrorCode


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert set(catalogue("en")) == set(catalogue("zh"))


def test_both_languages_have_the_same_placeholders() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    different = {key for key in english if placeholders(english[key]) != placeholders(chinese[key])}
    assert different == set()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_refusal_says_what_happened_and_what_to_do_next(lang: str, code: ErrorCode) -> None:
    what, following = say(lang, f"error.{code}.what"), say(lang, f"error.{code}.next")
    assert what != following
    assert what[-1] in ".。"
    assert following[-1] in ".。"


def test_no_sentence_is_left_for_a_code_that_is_gone() -> None:
    explained = {key.split(".")[1] for key in catalogue("en") if key.startswith("error.")}
    assert explained == {code.value for code in ErrorCode}


def test_an_unknown_key_or_language_or_missing_value_is_an_error() -> None:
    for lang, key in (("en", "error.nothing_like_it.what"), ("fr", "common.save"), ("en", "slot.level")):
        with pytest.raises(KeyError):
            say(lang, key)


def test_placeholders_are_filled() -> None:
    assert say("en", "common.step", number=2, total=5) == "Step 2 of 5"
    assert say("zh", "common.step", number=2, total=5) == "第 2 步，共 5 步"


@pytest.mark.parametrize(
    ("accept", "chosen", "expected"),
    [
        (None, None, "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("en-GB,zh;q=0.9", None, "en"),
        ("en;q=0.2, zh-Hans;q=0.7", None, "zh"),
        ("fr-FR, zh;q=0.1", None, "zh"),
        ("fr, zh;q=0", None, "en"),
        ("zh;q=nonsense, en", None, "en"),
        ("zha, en;q=0.1", None, "en"),
        ("en", "zh", "zh"),
        ("zh", "klingon", "zh"),
    ],
)
def test_the_language_is_the_choice_then_the_browsers_then_english(
    accept: str | None, chosen: str | None, expected: str
) -> None:
    assert pick_language(accept, chosen) == expected
