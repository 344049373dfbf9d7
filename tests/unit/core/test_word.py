"""Words of closed lists beside plain strings."""

from __future__ import annotations

import json

from stagectl.core.diff import Op
from stagectl.core.plans.plan import CauseType, Reason


def test_a_word_is_its_value_wherever_text_is_made() -> None:
    """
    On every Python: in a string, formatted, in JSON, beside and under plain strings.
    """
    for word, text in ((CauseType.CHILD, "child"), (Reason.OUTSIDE, "outside-selection"), (Op.ADD, "add")):
        assert text == word
        assert (text, text, f"{text:>20}") == (str(word), f"{word}", f"{word:>20}")
        assert f'["{text}"]' == json.dumps([word])
        assert {text: 1}[word] == 1
