"""Mistakes in definitions that are expanded: reported where they are written, with line and column."""

from __future__ import annotations

from typing import Dict, List

import pytest

from stagectl.adapters.worktree.snapshot import parse_snapshot
from tests.unit.core.expanding.build import KINDS, problems, snapshot

BASE = "---\ntemplate: true\nkind: service\ntags: [t]\n---\ninputs:\n  port: 80\n  url: ${./db.url}\n"
SHOP = "---\nkind: service\neach: "
NO_NAME = "is no name: use letters, digits, '_' and '-', the first no '-'"
NO_EACH = "'each' must be names with their values, {blue: {port: 8001}}, or a list of names, one at least"
QUOTED = "'${each.x}'"
NO_LIKE = "'like' must be the full name of one definition, such as base/web"
BELONGS = "3:1: a template makes no resource, so"
LIKE = "---\nlike: base\n---\n"


@pytest.mark.parametrize(
    "texts, wanted",
    [
        # like
        (
            {"web": "---\nlike: bsae\n---\n", "base": BASE},
            ["web.yaml:2:7: there is no definition 'bsae' to be like; did you mean 'base'?"],
        ),
        ({"web": "---\nlike: ./base\n---\n"}, [f"web.yaml:2:7: {NO_LIKE}"]),
        ({"web": "---\nlike: [a, b]\n---\n"}, [f"web.yaml:2:7: {NO_LIKE}"]),
        ({"web": "---\nlike: web\n---\n"}, ["web.yaml:2:7: 'like' goes in a ring: web -> web"]),
        (
            {"a": "---\nlike: b\n---\n", "b": "---\nlike: c\n---\n", "c": "---\nlike: b\n---\n"},
            [
                "b.yaml:2:7: 'like' goes in a ring: b -> c -> b",
                "c.yaml:2:7: 'like' goes in a ring: c -> b -> c",
            ],
        ),
        (
            {"web": "---\nlike: shop/blue\n---\n", "shop": SHOP + "[blue]\n---\n"},
            ["web.yaml:2:7: 'shop/blue' is made by resources/shop.yaml, and 'like' names a definition: shop"],
        ),
        ({"web": LIKE, "base": "---\ntemplate: true\n---\n"}, ["web.yaml:2:1: the key 'kind' is missing"]),
        (
            {"web": LIKE, "base": "---\ntemplate: true\nkind: [\n---\n"},
            ["base.yaml:4:1: not YAML: did not find expected node content while parsing a flow node"],
        ),
        # template
        ({"base": "---\ntemplate: yes\nkind: service\n---\n"}, ["base.yaml:2:11: 'template' is true, or is left out"]),
        (
            {"base": "---\ntemplate: true\neach: [a]\n---\n"},
            [f"base.yaml:{BELONGS} 'each' belongs into a definition that is like it"],
        ),
        (
            {"base": "---\ntemplate: true\nmoved_from: a\n---\n"},
            [f"base.yaml:{BELONGS} 'moved_from' belongs into the definition that moved"],
        ),
        (
            {"base": "---\ntemplate: true\n"},
            ["base.yaml:2:1: the front matter has no end: write '---' in a line below it, then the body, if any"],
        ),
        (
            {"base": "---\ntemplate: true\nkin: service\n---\ninput: {}\n"},
            [
                "base.yaml:3:1: unknown key 'kin'; did you mean 'kind'?",
                "base.yaml:5:1: unknown key 'input'; did you mean 'inputs'?",
            ],
        ),
        (
            {"base": "---\ntemplat: true\nkind: service\n---\n"},
            ["base.yaml:2:1: unknown key 'templat'; did you mean 'template'?"],
        ),
        (
            {"base": "---\ntemplate: true\n---\ninputs: 5\n"},
            ["base.yaml:4:9: 'inputs' must be a mapping of keys to values"],
        ),
        # what is wrong in a template is reported there, once, however many are like it
        (
            {"base": BASE.replace("${./db.url}", "${./db}"), "a": LIKE, "b": LIKE},
            ["base.yaml:8:8: '${./db}' names no value; write ${./db.<input>}"],
        ),
        (
            {"base": BASE.replace("service", "srevice"), "a": LIKE, "b": LIKE},
            ["base.yaml:3:7: there is no kind 'srevice'; did you mean 'service'?"],
        ),
        (
            {"base": BASE.replace("[t]", "[t, 5]"), "a": LIKE},
            ["base.yaml:4:11: 5 is not a tag, which is a string: quote it"],
        ),
        (
            {"base": BASE + "depends_on: {run: [5]}\n", "a": LIKE},
            ["base.yaml:9:20: 5 is not a change; write name.action, such as db.update"],
        ),
        # and what a definition says, in the definition
        (
            {"base": BASE, "a": LIKE + "inputs:\n  url: ${x}\n"},
            ["a.yaml:5:8: '${x}' names no value; write ${x.<input>}"],
        ),
        (
            {"base": BASE, "a": LIKE.replace("base", "base\ntags: [x, x]")},
            ["a.yaml:3:11: the tag 'x' stands here twice"],
        ),
        (
            {"base": BASE, "a": LIKE.replace("base", "base\nkind: nope")},
            ["a.yaml:3:7: there is no kind 'nope'; add kinds/nope.yaml"],
        ),
        # each
        ({"shop": SHOP + "{}\n---\n"}, [f"shop.yaml:3:7: {NO_EACH}"]),
        ({"shop": SHOP + "blue\n---\n"}, [f"shop.yaml:3:7: {NO_EACH}"]),
        (
            {"shop": SHOP + "{a b: {}, c/d: {}, -e: {}}\n---\n"},
            [f"shop.yaml:3:{column}: '{key}' " + NO_NAME for column, key in ((8, "a b"), (17, "c/d"), (26, "-e"))],
        ),
        (
            {"shop": SHOP + "[a, 5, a, A]\n---\n"},
            [
                "shop.yaml:3:11: 5 is not a name, which is a string: quote it",
                "shop.yaml:3:14: 'a' stands here twice, or as 'a'",
                "shop.yaml:3:17: 'A' stands here twice, or as 'a'",
            ],
        ),
        (
            {"shop": SHOP + "{blue: 8001}\n---\n"},
            ["shop.yaml:3:14: the values of 'blue' must be a mapping of keys to values"],
        ),
        (
            {"shop": SHOP + "{blue: {key: 1}}\n---\n"},
            ["shop.yaml:3:15: 'key' is the entry's own name: call the value something else"],
        ),
        (
            {"shop": SHOP + "{blue: {a: 'x-${each.key}'}}\n---\n"},
            ["shop.yaml:3:18: a value of 'each' cannot read another one: write it out"],
        ),
        (
            {"shop": "---\nkind: service\nmoved_from: x\neach: [a]\n---\n"},
            ["shop.yaml:3:1: with 'each', every entry has a 'moved_from' of its own"],
        ),
        (
            {"shop": SHOP + "[blue, green]\n---\n", "shop__blue": "---\nkind: service\n---\n"},
            ["shop.yaml:3:8: shop/blue exists already: see resources/shop/blue.yaml"],
        ),
        (
            {"shop": SHOP + "{Blue: }\n---\n", "shop__blue": "---\ntemplate: true\n---\n"},
            ["shop.yaml:3:8: shop/Blue exists already: see resources/shop/blue.yaml"],
        ),
        # ${each...}
        (
            {"shop": SHOP + "{a: {port: 1}}\n---\ninputs: {x: '${each.prot}'}\n"},
            ["shop.yaml:5:13: 'a' has no value for ${each.prot}; did you mean 'port'?"],
        ),
        (
            {"shop": SHOP + "{a: {port: 1}, b: {}}\n---\ninputs: {x: '${each.port}'}\n"},
            ["shop.yaml:3:22: 'b' has no value for ${each.port}"],
        ),
        (
            {"shop": SHOP + "{a: {l: [1]}}\n---\ninputs: {x: 'a${each.l}'}\n"},
            ["shop.yaml:5:13: ${each.l} is a list, which cannot stand inside a string"],
        ),
        (
            {"shop": SHOP + "[a]\n---\ninputs: {x: '${each}'}\n"},
            ["shop.yaml:5:13: '${each}' names no value; write ${each.key} or ${each.<value>}"],
        ),
        (
            {"shop": SHOP + "[a]\n---\ninputs: {'${each.key}': 1}\n"},
            ["shop.yaml:5:10: a key is not filled in by 'each': write it out"],
        ),
        (
            {"base": BASE.replace("80", "${each.port}"), "a": LIKE},
            ["base.yaml:7:9: ${each.port} is filled in by 'each', and resources/a.yaml has none"],
        ),
        # what an entry fills in is reported at the entry
        (
            {"shop": "---\nkind: service\neach:\n  a: {x: '${db}'}\n---\ninputs: {x: '${each.x}'}\n"},
            ["shop.yaml:4:10: '${db}' names no value; write ${db.<input>}"],
        ),
        (
            {"shop": "---\nkind: service\ntags: ['x ${each.key}']\neach: [a]\n---\n"},
            ["shop.yaml:3:8: 'x a' is not a tag: write a word or key=value"],
        ),
        (
            {"shop": "---\nkind: service\neach:\n  a: {moved_from: 'x y'}\n---\n"},
            ["shop.yaml:4:19: 'moved_from' must be the full name the resource had before"],
        ),
    ],
)
def test_a_mistake_is_reported_where_it_is_written(texts: Dict[str, str], wanted: List[str]) -> None:
    """
    All of them in one go, each once; what follows from one that was reported is not reported as well.
    """
    assert wanted == problems(snapshot(**texts))


def test_what_cannot_be_read_again_is_not_staged() -> None:
    """
    Put together, values may be deeper, or more, than in any of the files they come from.
    """
    deep = ["{a: " * 40, "}" * 40]
    shop = SHOP + f"{{a: {{x: {'1'.join(deep)}}}}}\n---\ninputs: {{x: {QUOTED.join(deep)}}}\n"
    half = "\n".join(f"  k{{0}}{index}: {'x' * 100}" for index in range(1300))
    large = {
        "base": f"---\ntemplate: true\nkind: service\n---\ninputs:\n{half.format('a')}\n",
        "web": f"---\nlike: base\n---\ninputs:\n{half.format('b')}\n",
    }

    assert ["shop.yaml:3:8: shop/a cannot be staged: nested deeper than 64 levels"] == problems(snapshot(shop=shop))
    most = "the file has more than 262144 bytes, which is the most that is read"
    assert [f"web.yaml:2:1: web cannot be staged: {most}"] == problems(snapshot(**large))


def test_a_tag_that_is_not_in_the_vocabulary() -> None:
    """
    In the template, once for all that are like it, and at the entry's string.
    """
    found = parse_snapshot(
        {
            **KINDS,
            "stagectl.yaml": b"vocabulary: [web, blue]\n",
            "resources/base.yaml": b"---\ntemplate: true\nkind: service\ntags: [web, wbe]\n---\n",
            "resources/a.yaml": b"---\nlike: base\n---\n",
            "resources/b.yaml": b'---\nlike: base\ntags: ["${each.key}"]\neach: [blue, green]\n---\n',
        }
    )

    assert [
        "b.yaml:3:8: the tag 'green' is not in the vocabulary of stagectl.yaml; it has: web, blue",
        "base.yaml:4:13: the tag 'wbe' is not in the vocabulary of stagectl.yaml; did you mean 'web'?",
    ] == problems(found)
