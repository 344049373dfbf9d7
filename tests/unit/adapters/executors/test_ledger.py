"""The ledger: which worker may start a change, and what is reported of one that was started."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Dict

import pytest

pytest.importorskip("distributed")

from stagectl.adapters.executors.ledger import GO, NEVER, Ledger, key_of, split_key
from stagectl.adapters.handlers import Order
from stagectl.adapters.running.action import order_json, read_order
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.run_document import outcome_json
from stagectl.core.values import EnvVariable, Template

RUN, CLIENT = "20260101T000000Z-000001-aa", "Client-1"


@pytest.fixture
def ledger() -> Ledger:
    """A ledger that one attempt has begun in."""
    workers = {"tcp://1": SimpleNamespace(name="w1", resources={"web1": 3})}
    found = Ledger(SimpleNamespace(handlers={}, workers=workers))
    assert [RUN] == found.begin(RUN, CLIENT, {"run": "x"})
    return found


def unseen(worker: str) -> str:
    """How a change ended that a worker started, before that says how."""
    outcome = Outcome("UNKNOWN", message=f"{worker} started it; its end was not seen")
    return json.dumps(outcome_json(outcome))


def test_a_change_is_claimed_once(ledger: Ledger) -> None:
    """
    The worker that comes second learns which came first, and how it ended as soon as that is known.
    """
    assert GO == ledger.claim(RUN, "a.run", "w1")
    assert unseen("w1") == ledger.claim(RUN, "a.run", "w2") == ledger.claim(RUN, "a.run", "w1")
    ledger.finish(RUN, "a.run", "fine")
    assert "fine" == ledger.claim(RUN, "a.run", "w2")
    assert GO == ledger.claim(RUN, "b.run", "w2")


def test_what_was_settled_before_it_was_claimed_cannot_be_claimed(ledger: Ledger) -> None:
    """
    The apply that runs changes learned that it never started, and so it never does.
    """
    assert NEVER == ledger.resolve(RUN, "a.run") == ledger.claim(RUN, "a.run", "w1")
    ledger.claim(RUN, "b.run", "w1")
    assert unseen("w1") == ledger.resolve(RUN, "b.run")


def test_after_a_stop_only_what_was_claimed_is_reported(ledger: Ledger) -> None:
    """
    Nothing more starts.
    """
    ledger.claim(RUN, "a.run", "w1")
    ledger.stop(RUN)
    assert NEVER == ledger.claim(RUN, "b.run", "w1")
    assert unseen("w1") == ledger.claim(RUN, "a.run", "w2")


@pytest.mark.parametrize("gone", ["end", "remove_client"])
def test_of_a_run_that_no_apply_waits_for_nothing_starts(ledger: Ledger, gone: str) -> None:
    """
    It ended, or the connection of who ran it did; another client's attempts stay.
    """
    ledger.begin("other", "Client-2", {})
    ledger.claim(RUN, "a.run", "w1")
    if gone == "end":
        ledger.end(RUN)
    else:
        ledger.remove_client(None, CLIENT)
    ledger.finish(RUN, "a.run", "too late")
    assert NEVER == ledger.claim(RUN, "b.run", "w1") == ledger.claim(RUN, "a.run", "w1")
    assert ledger.resolve(RUN, "a.run") is None and ledger.facts(RUN) is None
    assert GO == ledger.claim("other", "a.run", "w1")


def test_a_result_is_kept_until_the_scheduler_forgets_its_task(ledger: Ledger) -> None:
    """
    Then a worker has it; the change itself stays claimed.
    """
    ledger.claim(RUN, "prod/a-b.run", "w1")
    ledger.finish(RUN, "prod/a-b.run", "fine")
    key = key_of(RUN, "prod/a-b.run")
    assert (RUN, "prod/a-b.run") == split_key(key)
    for other in ("other-key", ("tuple", 1), key_of("no-run", "a.run")):
        ledger.transition(other, "released", "forgotten")
    ledger.transition(key, "processing", "memory")
    assert "fine" == ledger.claim(RUN, "prod/a-b.run", "w2")
    ledger.transition(key, "released", "forgotten", stimulus_id="x")
    assert unseen("a worker") == ledger.claim(RUN, "prod/a-b.run", "w2")


def test_it_knows_the_workers_there_are(ledger: Ledger) -> None:
    """
    By name, and with what they were started for.
    """
    assert {"tcp://1": {"name": "w1", "resources": {"web1": 3}}} == ledger.workers()


def test_an_order_goes_over_the_wire_as_json_without_the_values_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Their names do, and come back as what they were; what looks like one stays text.
    """
    monkeypatch.setenv("TOKEN", "geheim")
    inputs: Dict[str, Any] = {"token": Template(("x-", EnvVariable("TOKEN"))), "text": "${env:TOKEN}", "list": [1, 2.5]}
    order = Order("a.run", "a", "run", "act", "r", ["true"], inputs, {}, 3.5, "shell")
    sent = json.dumps(order_json(order))
    assert "geheim" not in sent and order == read_order(json.loads(sent))
