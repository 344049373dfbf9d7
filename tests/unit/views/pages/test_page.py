"""The text of the pages: one file, a policy with hashes, nothing that a value could end or open."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from typing import List

from stagectl.core.diff import Difference, Op
from stagectl.core.plans.plan import Plan
from stagectl.views.pages.page import graph_page, plan_page
from stagectl.views.plans.plan_text import plan_text
from tests.fleet import fleet_plan
from tests.unit.views.pages.test_svg import HOSTILE, one_of_each


def hostile() -> Plan:
    plan = one_of_each()
    update = replace(
        plan.changes[1], diff=(Difference((HOSTILE,), Op.REPLACE, "${" + HOSTILE, HOSTILE),), tags=(HOSTILE,)
    )
    return replace(plan, changes=(plan.changes[0], update), held=(plan.held[0]._replace(message=HOSTILE),))


def between(page: str, tag: str) -> List[str]:
    return re.findall(f"<{tag}>(.*?)</{tag.split()[0]}>", page, re.DOTALL)


def test_the_policy_names_what_is_there_and_nothing_else() -> None:
    """
    The hashes are those of the page's own style and script; no address is in it but that of a namespace.
    """
    for page in (plan_page(fleet_plan(2)), plan_page(hostile()), graph_page([])):
        policy = re.findall('http-equiv="Content-Security-Policy" content="([^"]*)"', page)
        (style,), (script,) = between(page, "style"), between(page, "script")
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
        assert [
            f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
            "base-uri 'none'; form-action 'none'"
        ] == policy
        assert {"http://www.w3.org/2000/svg"} == set(re.findall(r"https?://[^\s\"'<>;]+", page)) - {
            "http://old.example"
        }


def test_no_value_ends_the_data_or_opens_a_tag() -> None:
    """
    Two script elements begin and end, the data and the script of the page, and the data read back is whole.
    """
    page = plan_page(hostile())

    assert 2 == page.lower().count("<script") == page.lower().count("</script")
    assert not re.search(r"<(img|iframe|b|a)\b", page)
    (data,) = re.findall('<script type="application/json" id="data">(.*?)</script>', page)
    update = json.loads(data)["nodes"][1]
    assert "alert(1)" in update["values"][0][2] and [HOSTILE] == update["tags"]


def test_without_scripts_the_plan_is_there_as_text() -> None:
    """
    As `stagectl plan` prints it.
    """
    plan = fleet_plan(2)

    (text,) = re.findall("<noscript><pre>(.*?)</pre></noscript>", plan_page(plan), re.DOTALL)

    assert plan_text(plan) == unescape(text)


def test_a_sensitive_value_is_not_on_the_page() -> None:
    """
    Neither as text nor as data.
    """
    update = replace(
        one_of_each().changes[1],
        diff=(Difference(("key",), Op.REPLACE, "0ld", "s3cret"),),
        sensitive=frozenset({"key"}),
    )

    page = plan_page(Plan(changes=(update,)))

    assert "s3cret" not in page and "0ld" not in page
    assert '["key","(sensitive)","(sensitive)"]' in page
