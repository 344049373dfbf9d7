"""The ledger: which worker may start a change, and what is reported of one that was started."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Dict

import pytest

pytest.importorskip("distributed")

from stagectl.adapters.executors.ledger import NEVER, Ledger
from stagectl.adapters.handlers import Order
from stagectl.adapters.running.action import order_json, read_order
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.run_document import outcome_json
from stagectl.core.values import EnvVariable, Template

RUN, CLIENT = "20260101T000000Z-000001-aa", "Client-1"


@pytest.fixture
def ledger() -> Ledger:
    """A ledger that one attempt has begun in."""
    found = Ledger(SimpleNamespace(handlers={}))
    assert [RUN] == found.begin(RUN, CLIENT, {"run": "x"})
    return found


def unseen(worker: str) -> str:
    """How a change ended that a worker started, before that says how."""
    outcome = Outcome("UNKNOWN", message=f"{worker} started it; its end was not seen")
    return json.dumps(outcome_json(outcome))


def test_a_change_is_claimed_once(ledger: Ledger) -> None:
    """
    Also once its end is known, and once the apply has heard of that, which is said once, or that it has not started.
    """
    assert ledger.claim(RUN, "a.run", "w1") and ledger.claim(RUN, "b.run", "w2")
    assert not ledger.claim(RUN, "a.run", "w2") and not ledger.claim(RUN, "a.run", "w1")
    ledger.finish(RUN, "a.run", "fine")
    assert not ledger.claim(RUN, "a.run", "w2")
    assert ("fine", NEVER) == (ledger.resolve(RUN, "a.run"), ledger.resolve(RUN, "a.run"))
    assert unseen("w2") == ledger.resolve(RUN, "b.run")
    assert not ledger.claim(RUN, "a.run", "w2") and not ledger.claim(RUN, "b.run", "w1")
    assert NEVER == ledger.resolve(RUN, "c.run") and not ledger.claim(RUN, "c.run", "w1")


def test_after_a_stop_only_what_was_claimed_is_reported(ledger: Ledger) -> None:
    """
    Nothing more starts.
    """
    ledger.claim(RUN, "a.run", "w1")
    ledger.stop(RUN)
    assert not ledger.claim(RUN, "b.run", "w1") and unseen("w1") == ledger.resolve(RUN, "a.run")


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
    assert not ledger.claim(RUN, "b.run", "w1") and not ledger.claim(RUN, "a.run", "w1")
    assert ledger.resolve(RUN, "a.run") is None and ledger.facts(RUN) is None
    assert ledger.claim("other", "a.run", "w1")


def test_an_order_goes_over_the_wire_as_json_without_the_values_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Their names do, and come back as what they were; what looks like one stays text.
    """
    monkeypatch.setenv("TOKEN", "geheim")
    inputs: Dict[str, Any] = {"token": Template(("x-", EnvVariable("TOKEN"))), "text": "${env:TOKEN}", "list": [1, 2.5]}
    order = Order("a.run", "a", "run", "act", "r", ["true"], inputs, {}, 3.5, "shell")
    sent = json.dumps(order_json(order))
    assert "geheim" not in sent and order == read_order(json.loads(sent))
