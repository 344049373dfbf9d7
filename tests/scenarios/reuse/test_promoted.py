"""`promote` between folders whose resources are expanded: what differs is written where it belongs."""

from __future__ import annotations

import pytest

from tests.build import Repo
from tests.scenarios.reuse.conftest import BASE, WEB

EACH = """\
---
kind: plain
each:
  blue: {{port: {0}}}
  green: {{port: {1}}}
---
inputs:
  port: ${{each.port}}
  shared: {2}
"""


@pytest.fixture
def folders(repo: Repo) -> Repo:
    """In staging and prod a server that is like a template, and a shop in two colours; applied."""
    repo.write("resources/base/web.yaml", BASE.replace("depends_on: [./app]", "overrides: [size]"))
    for number, folder in enumerate(("staging", "prod")):
        repo.write(f"resources/{folder}/web.yaml", WEB.format(folder, f"size{number}"))
        repo.write(f"resources/{folder}/shop.yaml", EACH.format(8001 + number, 9001 + number, "same"))
    return repo.apply_all()


def test_what_differs_is_written_on_top_of_the_template(folders: Repo) -> None:
    """
    The target stays like it; what it keeps for itself stays, too.
    """
    folders.ok("update", "staging/web", "--set", "labels.cost=high", "--set", "size=huge")
    folders.apply()
    folders.ok("promote", "staging", "prod", "web")

    text = WEB.format("prod", "size1").replace("environment\n", "environment\n  labels:\n    cost: high\n")
    assert text == folders.read("resources/prod/web.yaml")
    assert ["prod/web.update"] == folders.plan().ids


def test_a_templates_edit_is_promoted_by_staging_it(folders: Repo) -> None:
    """
    The definition in the target says it already; nothing is written, and what is applied in the source is staged.
    """
    text = folders.read("resources/base/web.yaml").replace("1.27", "1.28")
    folders.write("resources/base/web.yaml", text).ok("stage", "-t", "staging")
    folders.apply()
    folders.ok("promote", "staging", "prod", "web")

    assert WEB.format("prod", "size1") == folders.read("resources/prod/web.yaml")
    assert ["image"] == [row["path"] for row in folders.plan().change("prod/web.update")["diff"]]


def test_the_values_of_an_entry_are_promoted_into_the_entry(folders: Repo) -> None:
    """
    Of each colour into its own; what is written for several is refused, with the place.
    """
    folders.ok("promote", "staging", "prod", "shop/*")
    assert EACH.format(8001, 9001, "same") == folders.read("resources/prod/shop.yaml")
    folders.apply()

    folders.write("resources/staging/shop.yaml", EACH.format(8001, 9001, "other")).ok("stage")
    folders.apply()
    reported = folders.run("promote", "staging", "prod", "shop/blue")
    assert "error: prod/shop/blue: shared is written in resources/prod/shop.yaml:9:11, and not for" in reported.err


def test_what_is_new_in_the_target_is_like_the_same_template(folders: Repo) -> None:
    """
    As its origin is; of an entry whose definition the target does not have, a definition of its own is written.
    """
    own = ["--set", "web.size=small"]
    folders.ok("promote", "staging", "live", "web", "--create", *own)
    assert "---\nlike: base/web\ntags: [live]\n---\ninputs:\n  size: small\n" == folders.read("resources/live/web.yaml")
    assert "template: [base/web]\n" in folders.read(".staged/live/web.yaml")

    folders.ok("promote", "staging", "live", "shop/blue")
    assert "---\nkind: plain\ntags: []\n---\ninputs:\n  port: 8001\n  shared: same\n" == folders.read(
        "resources/live/shop/blue.yaml"
    )


def test_an_entry_that_the_target_lacks_is_added_by_hand(folders: Repo) -> None:
    """
    The error says where.
    """
    text = folders.read("resources/staging/shop.yaml").replace("  green", "  red: {port: 1}\n  green")
    folders.write("resources/staging/shop.yaml", text).ok("stage")
    folders.apply()

    reported = folders.run("promote", "staging", "prod")
    assert reported.err == (
        "error: prod/shop/red would be an entry of resources/prod/shop.yaml, which has none of that name\n"
        "hint: add 'red' to its 'each', then promote again\n"
    )
    assert "" == folders.git("status", "--short")


def test_an_override_that_has_no_place_is_reported_where_it_is_written(folders: Repo) -> None:
    """
    In the template, if it stands there.
    """
    folders.write("resources/base/web.yaml", folders.read("resources/base/web.yaml").replace("[size]", "[size.x]"))
    for folder in ("staging", "prod"):
        folders.write(f"resources/{folder}/web.yaml", WEB.format(folder, "{x: 1}" if folder == "prod" else "5"))
    folders.commit()
    folders.ok("stage")
    folders.apply()

    reported = folders.run("promote", "staging", "prod", "web")
    assert reported.err.startswith(
        "resources/base/web.yaml:14:13: the override 'size.x' has no place in what is promoted: "
    )
