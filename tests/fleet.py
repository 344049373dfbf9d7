"""Plans of any size for pictures: cells of ten resources that read each other, and something shared by all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List

from stagectl.core.model import Applied, Kind, Name, Resource
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.resolve import Resolver
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.document import with_id
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection
from tests.build import kind, resource

KINDS = {
    "network": kind("network"),
    "database": kind("database", replace_on=["engine"]),
    "service": kind("service", actions={"restart": ["true"]}),
    "job": kind("job", actions={"test": ["true"]}),
}


def cell(folder: str, number: int, changed: bool) -> Dict[str, Dict[str, Any]]:
    """Ten resources in a folder; changed: whether its database has another port than the one applied."""
    port = 5433 if changed else 5432
    return {
        "db": {"kind": "database", "inputs": {"port": port, "engine": "pg", "zone": "${shared/network.domain}"}},
        "cache": {"kind": "service", "inputs": {"port": 6379, "zone": "${shared/network.domain}"}},
        "queue": {"kind": "service", "inputs": {"port": 5672, "zone": "${shared/network.domain}"}},
        "app": {"kind": "service", "inputs": {"url": "postgres://db.${./db.zone}:${./db.port}/shop", "port": 8080}},
        "worker": {"kind": "service", "inputs": {"db": "${./db.port}", "queue": "q.${./queue.zone}"}},
        "web": {"kind": "service", "inputs": {"backend": "${./app.url}", "cache": "c.${./cache.zone}"}},
        "proxy": {"kind": "service", "inputs": {"upstream": "${./web.backend}"}},
        "dns": {"kind": "network", "inputs": {"name": f"cell-{number}." + "${shared/network.domain}"}},
        "smoke": {"kind": "job", "inputs": {"target": "${./dns.name}"}, "react_on": {"test": ["./proxy.update"]}},
        "backup": {"kind": "job", "inputs": {"of": "${./db.port}"}, "depends_on": ["./worker"]},
    }


def built(cells: int, domain: str, changed: bool) -> Dict[Name, Resource]:
    found: Dict[Name, Resource] = {}
    raw: Dict[str, Dict[str, Any]] = {"shared/network": {"kind": "network", "inputs": {"domain": domain}}}
    for number in range(cells):
        environment = ("staging", "prod")[number % 2]
        folder = f"{environment}/cell-{number:03}"
        for name, body in cell(folder, number, changed and number % 7 == 0).items():
            raw[f"{folder}/{name}"] = {**body, "tags": [environment]}
    for name, body in raw.items():
        found[Name(name)] = resource(name, **body)
    return found


def fleet_plan(cells: int, *, everything: bool = True, tags: tuple[str, ...] = ()) -> Plan:
    """The plan after the databases of each seventh cell, and (with everything) the domain of all, have changed."""
    before = built(cells, "old.example", False)
    after = built(cells, "new.example" if everything else "old.example", True)
    gone = Name("staging/cell-000/backup")
    before[Name("prod/old")] = resource("prod/old", "service", ["prod"], inputs={})
    del after[gone]
    after[Name("prod/cell-001/extra")] = resource("prod/cell-001/extra", "service", ["prod"], inputs={"a": 1})
    resolver = Resolver(before, {})
    applied = {name: Applied(one, resolver.inputs(name)) for name, one in before.items()}
    kinds: Dict[str, Kind] = KINDS
    return with_id(replace(make_plan(Situation(applied, after, kinds), Selection((), tags)), dirty=False))


def ids(plan: Plan) -> List[str]:
    return [change.id for change in plan.changes]
