"""The shop of `init --example` looks at its own world, which is files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.checking.world import looked
from tests.scenarios.stories.test_shop_story import Shop

pytestmark = pytest.mark.once


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """All of it is applied."""
    found = Shop(tmp_path / "shop")
    found.stage().apply()
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_the_shop_sees_its_world(shop: Shop) -> None:
    """As applied at first; then an input, an output, and a file that is gone; jobs are nothing that exists."""
    before = looked(shop)
    assert {name for name, state in before.items() if state != "ok"} == {"prod/smoke", "staging/smoke"}
    edit(shop.root / "world/staging/app.json", "8080", "9090")
    edit(shop.root / "world/prod/db.json", "cloud.example", "else.example")
    (shop.root / "world/shared/network.json").unlink()

    after = {"staging/app": "drifted", "prod/db": "drifted", "shared/network": "gone"}
    assert looked(shop, "--record") == {**before, **after}

    plan = shop.plan()
    assert [plan.cause(f"{name}") for name in ("shared/network.run", "staging/app.update", "prod/smoke.update")] == [
        "drift",
        "drift",
        "child",
    ]
    assert "prod/db.update" not in plan.ids
