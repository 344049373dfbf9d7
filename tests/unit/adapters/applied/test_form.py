"""The form that was applied is read back from the state as it was written, field by field."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stagectl.adapters.applied.form import form_json, parse_form
from stagectl.adapters.applied.store import indent_json, parse_state, raw_state, state_bytes
from stagectl.core.model import Applied, Attempt, Name, Resource
from stagectl.core.schemas import schema
from tests.build import resource, share
from tests.random_worlds import KINDS, REPORTING, random_case
from tests.unit.strategies import values


def read_back(found: Resource, applied: object) -> Resource:
    return parse_form(found.name, json.loads(json.dumps(form_json(found, applied))), applied)  # type: ignore[arg-type]


def full() -> Resource:
    """A resource of which every field says something."""
    front = {
        "kind": "service",
        "tags": ["prod", "tier=web"],
        "source": "resources/prod/web.yaml",
        "actions": {"restart": "2-3f9c", "again": "1-a"},
        "moved_from": ["old/web", "older/web"],
        "template": ["base/web", "base/all"],
    }
    body = {
        "inputs": {
            "plain": 1,
            "other": 1.0,
            "read": "${db.port}",
            "inside": {"x": ['a ${./db.labels["a.b"]} $${not} ${env:HOME}']},
        },
        "depends_on": {"run": ["vpc.run"], "update": ["vpc.update", "db.update"]},
        "react_on": {"restart": [{"on": "db.update", "when": "changed"}, "vpc.update"]},
        "unordered": ["db"],
        "overrides": ["plain", "inside.x.0"],
    }
    return schema.resource(Name("prod/web"), [front, body], b"", staged=True)


def test_every_field_is_read_back() -> None:
    """
    All that a file may say, but for its bytes and where it is: a new field has to be here, and in the form.
    """
    found = full()
    missing = {f.name for f in fields(found) if not getattr(found, f.name)} - {"depends_on", "content", "stored"}

    assert set() == missing, "the example has everything"
    assert replace(found, content=b"") == read_back(found, {"plain": 1, "other": 1, "gone": 5})
    listed = resource("a", depends_on=["b", "c"])
    assert replace(listed, content=b"") == read_back(listed, {})


@settings(max_examples=share(100))
@given(st.integers(min_value=0, max_value=2**40))
def test_states_are_read_back(seed: int) -> None:
    """
    Whatever was applied, tried or owed: the state that is read is the one that was written, and the same bytes again.
    """
    for name, state in random_case(Random(seed), 12, (KINDS, REPORTING)[seed % 2]).situation().applied.items():
        data = state_bytes(state)
        found = parse_state(name, raw_state(data))
        bare = None if state.resource is None else replace(state.resource, content=b"")

        assert replace(state, resource=bare, unfinished=None) == replace(found, unfinished=None)
        assert data == state_bytes(found)


def test_what_was_tried_may_have_had_a_name_twice() -> None:
    """
    It came back in between: the claims of an attempt are read as they stand, whatever it is called by now.
    """
    form = Resource(Name(""), "service", moved_from=(Name("b"), Name("a"), Name("b")))
    state = Applied(unfinished=Attempt("update", "service", (), {"n": 1}, form=form))

    assert state == parse_state(Name("a"), raw_state(state_bytes(state)))


@given(values)
def test_indented_text_is_that_of_the_standard_library(value: Any) -> None:
    """
    Which takes three times as long; states are written so, and have to stay the same bytes.
    """
    assert json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) == indent_json(value)
