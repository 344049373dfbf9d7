"""A check as Markdown, for an issue, and as annotations: values are data."""

from __future__ import annotations

import pytest

from tests.build import FOLDER, Repo
from tests.scenarios.checking.world import answer, by_hand, drop, world

OF, IN = (f'"project":"{FOLDER}",', f" in `{FOLDER}`") if FOLDER else ("", "")


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """One resource that drifted, one that is gone, and one that cannot be looked at."""
    world(repo).define("db", "server", inputs={"port": 1, "note": "a"}).define("web", "server", inputs={})
    repo.define("note", "plain", inputs={}).apply_all()
    drop(by_hand(repo, "db", port=2, note="@all `x` <b>|</b>"), "web")
    return repo


def test_markdown_has_a_row_for_each_value(shop: Repo) -> None:
    """Behind a marker by which its issue is found again; nothing in a value acts on a page."""
    assert shop.ok("check", "--format", "markdown").out == (
        f'<!-- stagectl:check {{{OF}"selection":{{"names":[],"tags":[]}}}} -->\n\n'
        f"### Not as applied: 1 drifted, 1 gone{IN}\n\n"
        "Checked 3: 1 drifted, 1 gone, 1 unchecked.\n\n"
        "| resource | state | value | applied | seen |\n| --- | --- | --- | --- | --- |\n"
        '| `db` | drifted | `note` | `"a"` | ``"@all `x` <b>\\|</b>"`` |\n'
        "|  |  | `port` | `1` | `2` |\n| `web` | gone |  |  |  |\n\n"
        "`stagectl check --record` lets plans put it back; `stagectl check --accept` takes it into the definitions, "
        "for review.\n"
    )


def test_annotations_are_one_for_each_resource(shop: Repo) -> None:
    """A warning for drift, an error for a check that failed."""
    answer(shop, "web", "[")
    ran = shop.run("check", "--format", "github")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0] == "::notice title=stagectl check::Checked 3: 1 drifted, 1 failed, 1 unchecked."
    assert lines[1].startswith("::warning title=db drifted::db is drifted%0Anote: ")
    assert lines[2].startswith("::error title=web failed::the result file cannot be read")
