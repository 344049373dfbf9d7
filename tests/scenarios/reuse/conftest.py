"""The fixtures of this folder."""

from __future__ import annotations

import pytest

from tests.build import Repo, made_once

BASE = """\
---
template: true
kind: service
tags: [tier=web]
---
# what every web server has
inputs:
  image: nginx:1.27
  labels: {team: shop, cost: low}
  conf: |
    server {
      listen 80;
    }
depends_on: [./app]
"""
WEB = """\
---
like: base/web
tags: [{0}]
---
inputs:
  size: {1}   # of this environment
"""
SHOP = """\
---
kind: service
tags: [shop, "colour=${each.key}"]
each:
  blue: {port: 8001}   # the old one
  green: {port: 8002}
---
inputs:
  port: ${each.port}
  url: "http://${each.key}:${each.port}/"
"""


@pytest.fixture
@made_once
def alike(repo: Repo) -> Repo:
    """A template, two web servers that are like it, and a shop in two colours; applied."""
    repo.write("resources/base/web.yaml", BASE)
    for folder, size in (("prod", "large"), ("staging", "small")):
        repo.write(f"resources/{folder}/web.yaml", WEB.format(folder, size))
        repo.define(f"{folder}/app", inputs={"port": 8080})
    repo.write("resources/shop.yaml", SHOP)
    return repo.apply_all()
