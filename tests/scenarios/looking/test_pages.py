"""The pages of `--format html` in a real browser: what is seen, clicked and typed, and that nothing leaves or acts."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from stagectl.core.plans.plan import Plan
from stagectl.views.pages.page import plan_page

if sys.version_info < (3, 9):
    pytest.skip("what drives the browser is not installed on Python 3.8", allow_module_level=True)

from tests.browser import Browser, Keys, browser
from tests.build import Repo
from tests.fleet import fleet_plan, ids

pytestmark = pytest.mark.once

HOSTILE = "</script><script>document.title='acted'</script><img src=x onerror=\"document.title='acted'\">'\"&--><b>"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def page(window: Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens a plan as a page; afterwards nothing was asked of any network, and the console is empty."""

    def opened(plan: Plan) -> Browser:
        path = tmp_path / "plan.html"
        path.write_text(plan_page(plan), encoding="utf-8")
        return window.open(path)

    window.driver.set_window_size(1280, 800)
    window.requests(), window.console()
    yield opened
    assert [] == window.requests()
    assert [] == window.console()


def choose(window: Browser, name: str, value: str) -> None:
    """Choose in one of the page's menus, as a person's choice reaches it."""
    window.js(
        "const menu = document.getElementById(arguments[0]); menu.value = arguments[1];"
        "menu.dispatchEvent(new Event('change'))",
        name,
        value,
    )


def count(window: Browser) -> str:
    return window.texts("#count")[0]


SMALL = fleet_plan(6)


def test_sixty_changes_are_all_drawn(page: Any) -> None:
    """
    Each with its id, sign and cause, and none on top of another.
    """
    window: Browser = page(SMALL)

    assert sorted(ids(SMALL)) == sorted(window.boxes())
    assert "Shown: 64 of 64 changes." == count(window)
    assert {
        "~ prod/cell-001/app.update",
        "+ prod/cell-001/extra.run",
        "- prod/old.remove",
        "! prod/cell-001/smoke.test",
    } < set(window.texts(".box .name"))
    assert "reads ./app.update, ./cache.update" in window.texts(".box .note")
    assert 0 == window.js(
        "const boxes = [...document.querySelectorAll('.box rect')].map((box) => box.getBoundingClientRect());"
        "return boxes.filter((a) => boxes.some((b) => a !== b && a.left < b.right - 1 && b.left < a.right - 1"
        " && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length"
    )


def test_search_finds_names_and_values(page: Any) -> None:
    """
    Several words have to be there all; what nothing matches says so; Clear brings everything back.
    """
    window: Browser = page(SMALL)
    search = window.one("#search")

    search.send_keys("cell-001 OLD.example:5432")
    assert [f"prod/cell-001/{name}.update" for name in ("app", "proxy", "web")] == sorted(window.boxes())
    search.clear()
    search.send_keys("no such thing")
    assert "Shown: 0 of 64 changes. Nothing matches." == count(window)
    window.one("#clear").click()
    assert 64 == len(window.boxes())


def test_filters_choose_by_tag_kind_action_and_state(page: Any) -> None:
    """
    Together they meet; the list beside the picture shows the same.
    """
    window: Browser = page(SMALL)

    choose(window, "tag", "staging")
    assert all(key.startswith("staging/") for key in window.boxes())
    choose(window, "kind", "job")
    choose(window, "action", "test")
    expected = [f"staging/cell-00{number}/smoke.test" for number in (0, 2, 4)]
    assert expected == sorted(window.boxes())
    assert [f"! {identity}" for identity in expected] == sorted(window.texts("#list button"))


def test_held_back_and_not_selected_changes_are_states(page: Any) -> None:
    """
    Held back ones are dashed and show their reason; what was not selected is shown when it is asked for.
    """
    plan = fleet_plan(4, tags=("not prod",))
    assert plan.held and plan.pending
    window: Browser = page(plan)

    assert sorted([*ids(plan), *(held.id for held in plan.held)]) == sorted(window.boxes())
    choose(window, "state", "held back")
    assert sorted(held.id for held in plan.held) == sorted(window.boxes())
    assert "5px, 4px" == window.one(".box rect").value_of_css_property("stroke-dasharray")
    choose(window, "state", "not selected")
    assert sorted(plan.pending) == sorted(window.boxes())


def test_a_click_shows_values_causes_and_what_waits(page: Any) -> None:
    """
    The chain of causes back to what was staged; following it selects the change there.
    """
    window: Browser = page(SMALL)

    window.box("staging/cell-000/web.update").click()

    assert ["~ staging/cell-000/web.update"] == window.texts("#details h2")
    rows = window.texts("#details tbody td")
    assert ["backend", '"postgres://db.old.example:5432/shop"', '"postgres://db.new.example:5433/shop"'] == rows[:3]
    because = window.texts("#details section:nth-of-type(2) button")
    assert [
        "~ staging/cell-000/cache.update",
        "~ shared/network.update",
        "~ staging/cell-000/app.update",
        "~ staging/cell-000/db.update",
    ] == because
    assert "What waits for it (2)" in window.texts("#details h3")
    window.one("#details section:nth-of-type(2) li:last-child ul button").click()
    assert ["~ staging/cell-000/db.update"] == window.texts("#details h2")
    assert "staging/cell-000/db.update" == window.focused()
    assert "update staging/cell-000/db. 5 changes wait for it." == window.texts("#said")[0]


def test_it_is_walked_through_by_keyboard_alone(page: Any) -> None:
    """
    Tab reaches one box, arrow keys follow the arrows, Enter shows details, Escape leaves them, / searches.
    """
    window: Browser = page(SMALL)

    for _ in range(30):
        if window.js("return document.activeElement.classList.contains('box')"):
            break
        window.keys(Keys.TAB)
    assert "shared/network.update" == window.focused()
    window.keys(Keys.ARROW_RIGHT)
    first = window.focused()
    assert first.endswith(("cache.update", "db.update", "dns.update", "queue.update"))
    window.keys(Keys.ARROW_DOWN)
    assert window.focused() not in (first, "shared/network.update")
    window.keys(Keys.ARROW_UP, Keys.ARROW_LEFT)
    assert "shared/network.update" == window.focused()
    window.keys(Keys.ENTER)
    assert ["~ shared/network.update"] == window.texts("#details h2")
    window.keys(Keys.ESCAPE)
    assert [] == window.texts("#details h2")
    window.keys("/")
    assert "search" == window.focused()


def test_a_screen_reader_hears_names_and_roles(page: Any) -> None:
    """
    From the browser's own accessibility tree: a box is a button with action, name and cause; every field has a label.
    """
    window: Browser = page(fleet_plan(1))
    window.box("shared/network.update").click()

    tree = window.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named: Dict[str, List[str]] = {}
    for node in tree:
        if not node.get("ignored"):
            named.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert {"update staging/cell-000/web, reads ./app.update, ./cache.update", "update shared/network, staged"} < set(
        named["button"]
    )
    assert "" not in named["button"]
    assert ["Search (/)"] == named["searchbox"]
    assert ["Tag", "Kind", "Action", "State", "Folders"] == [name.strip() for name in named["combobox"]]
    assert ["Details"] == named["region"]


def test_five_hundred_changes_open_on_what_was_changed(page: Any) -> None:
    """
    And one step around it, folders standing for the rest; a folder opens at a click or Enter, and closes again.
    """
    plan = fleet_plan(50)
    own = {change.id for change in plan.changes if change.cause.type == "staged"}
    near = own | {change.id for change in plan.changes if own & set(change.after)}
    near |= {before for change in plan.changes if change.id in own for before in change.after}
    window: Browser = page(plan)

    assert f"Shown: {len(near)} of 511 changes, those changed and one step around them." == count(window)
    assert own | {"prod/", "staging/"} == set(window.boxes())
    window.box("prod/").click()
    assert "prod/cell-003/" in window.boxes() and "staging/" in window.boxes()
    window.js("arguments[0].focus()", window.box("prod/cell-003/"))
    window.keys(Keys.ENTER)
    assert "prod/cell-003/queue.update" in window.boxes()
    window.box("prod/cell-003/queue.update").click()
    window.one("#details section:last-child button:last-child").click()
    assert "prod/cell-003/" in window.boxes() and "prod/cell-003/queue.update" not in window.boxes()

    window.one("#focus").click()
    assert "Shown: 511 of 511 changes." == count(window)
    assert "staging/cell-004/" in window.boxes()
    window.one("#search").send_keys("cell-004/")
    assert sorted(one for one in ids(plan) if "cell-004/" in one) == sorted(window.boxes())


def test_five_thousand_changes_are_never_drawn_at_once(page: Any) -> None:
    """
    Whatever is asked for, three hundred boxes are drawn at most, and what is left out is said.
    """
    window: Browser = page(fleet_plan(500))
    assert len(window.boxes()) < 120

    window.one("#focus").click()
    assert ["prod/", "shared/network.update", "staging/"] == sorted(window.boxes())
    choose(window, "depth", "all")
    assert 300 == len(window.boxes())
    assert re.search(r"Shown: 5075 of 5075 changes\. 4775 more boxes than are drawn", count(window))
    window.one("#search").send_keys("cell-123/")
    assert 10 == len(window.boxes())
    window.box("prod/cell-123/db.update").click()
    assert "What waits for it (5)" in window.texts("#details h3")


def test_no_value_acts_on_the_page(repo: Repo, window: Browser, tmp_path: Path) -> None:
    """
    Markup in keys, values and a kind's name for an action, through the real command line, seen as text in every view.
    """
    repo.define("a/db", inputs={"x": 1, HOSTILE: HOSTILE}, tags=["prod"]).apply_all()
    repo.define("a/db", inputs={"x": HOSTILE, HOSTILE: [HOSTILE]}, tags=["prod"]).stage()
    window.requests(), window.console()
    for command in (["plan"], ["graph"], ["plan", "-t", "prod"]):
        path = tmp_path / "page.html"
        path.write_text(repo.ok(*command, "--format", "html").out, encoding="utf-8")
        window.open(path)
        window.one(".box").click()
        assert window.driver.title.startswith("stagectl: ")
        assert 0 == len(window.driver.find_elements("css selector", "img, b, iframe"))
        if command[0] == "plan":
            assert json.dumps(HOSTILE) in window.texts("#details td")
    assert [] == window.requests()
    assert [] == window.console()


def test_the_policy_stops_what_is_not_ours(page: Any, window: Browser) -> None:
    """
    Even a script that got into the page would not run, and a picture from elsewhere is not asked for.
    """
    page(fleet_plan(1))

    window.js(
        "const script = document.createElement('script'); script.textContent = \"document.title = 'acted'\";"
        "document.body.append(script); const picture = document.createElement('img');"
        "picture.src = 'http://127.0.0.1:9/x.png'; document.body.append(picture);"
    )

    refused = window.console()
    assert 2 == len(refused) and all("Content Security Policy" in message for message in refused)
    assert window.driver.title.startswith("stagectl: Plan ")
    window.requests()  # the one that was refused is reported there, too


def test_the_graph_of_resources_is_such_a_page(repo: Repo, window: Browser, tmp_path: Path) -> None:
    """
    With what a plan has for each; of a named resource what it has to do with.
    """
    repo.define("p/db", inputs={"port": 1}, tags=["prod"]).define("p/app", inputs={"port": "${./db.port}"}).apply_all()
    repo.define("p/db", inputs={"port": 2}, tags=["prod"]).define("alone").stage()
    path = tmp_path / "graph.html"

    path.write_text(repo.ok("graph", "--format", "html").out, encoding="utf-8")
    window.open(path)
    assert ["alone", "p/app", "p/db"] == sorted(window.boxes())
    assert {"~ p/db", "~ p/app", "+ alone"} == set(window.texts(".box .name"))
    choose(window, "tag", "prod")
    assert ["p/db"] == window.boxes()

    path.write_text(repo.ok("graph", "p/app", "--format", "html").out, encoding="utf-8")
    window.open(path)
    assert ["p/app", "p/db"] == sorted(window.boxes())


def test_a_run_over_time_with_its_longest_chain(repo: Repo, window: Browser, tmp_path: Path) -> None:
    """
    A bar per change that started, in bold where the run could not have been shorter; failures with their output.
    """
    repo.kind("slow", actions=())
    script = 'sleep 0.3; if [ "$STAGECTL_RESOURCE" = late ]; then echo "<b>no luck</b>"; exit 3; fi'
    repo.write("kinds/slow.yaml", json.dumps({"actions": {"run": ["sh", "-c", script]}}))
    repo.define("base", "slow", inputs={"x": 1}).define("late", "slow", inputs={"x": "${base.x}"})
    repo.define("after", "slow", depends_on=["late"]).define("quick", "plain").commit()
    repo.stage()
    assert 1 == repo.apply().code
    path = tmp_path / "run.html"
    path.write_text(repo.ok("report", "--format", "html").out, encoding="utf-8")
    window.requests(), window.console()

    window.open(path)

    assert re.fullmatch(r"Run \S+: incomplete", window.texts("h1")[0])
    assert "base.run → late.run" in window.texts("p")
    assert "4 changes: 1 ERROR, 1 SKIPPED, 2 SUCCESS." in window.texts("p")
    assert ["+ base.run", "+ late.run"] == window.texts(".name.critical")
    assert 2 == len(window.driver.find_elements("css selector", "rect.SUCCESS"))
    assert 1 == len(window.driver.find_elements("css selector", "rect.ERROR.critical"))
    assert "<b>no luck</b>" in window.texts("td pre")
    assert ["SKIPPED"] == [text for text in window.texts("svg .time") if text.isupper()]
    assert [] == window.requests()
    assert [] == window.console()
