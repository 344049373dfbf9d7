"""One action, carried out where this runs: values of the environment filled in, secrets taken out of what it says."""

from __future__ import annotations

import os
import time
from collections import ChainMap, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Mapping

from stagectl.adapters import handlers
from stagectl.adapters.handlers import Handler, Order, Request
from stagectl.adapters.running.output import Output
from stagectl.core.redact import Redactor
from stagectl.core.running.answers import BadAnswer, Compared, plain_answer
from stagectl.core.running.outcome import ERROR, SUCCESS, Outcome
from stagectl.core.running.reporting import with_plain_outputs
from stagectl.core.values import Inputs, pack, unpack
from stagectl.core.variables import variables, with_environment

_OR_EMPTY: Mapping[str, str] = ChainMap(os.environ, defaultdict(str))  # what is not set is empty


@dataclass(frozen=True)
class Site:
    """Where actions are carried out. root: where they start; private: the folder for files that only they may read;
    environment: what they inherit, but for those of the secret variables that they do not read themselves; named: how
    a message goes on that is about it, such as ` of worker w1`.
    """

    root: Path
    private: Path
    redactor: Redactor
    environment: Mapping[bytes, bytes]
    secret: FrozenSet[str] = frozenset()
    named: str = ""

    def environment_of(self, order: Order) -> Mapping[bytes, bytes]:
        """Return what one action inherits."""
        if not self.secret:
            return self.environment
        own = {*variables(dict(order.inputs)), *variables(dict(order.before))}
        hidden = {os.fsencode(name) for name in self.secret - own}
        return {key: value for key, value in self.environment.items() if key not in hidden}


def carry_out(
    order: Order, handler: Handler, place: Site, output: Output, started: Callable[[int], None] = lambda process: None
) -> Outcome:
    """Do it, and return how it ended. started: called with the number of a process that was started."""
    began = time.monotonic()
    try:
        inputs = with_environment(order.inputs, os.environ)
    except KeyError as error:
        return Outcome(ERROR, message=f"not set in the environment{place.named}: {error.args[0]}")
    known = {"inputs": inputs, "before": inputs if order.looks else with_environment(order.before, _OR_EMPTY)}
    request = Request(
        **{**vars(order), **known},
        root=place.root,
        folder=place.private,
        environment=place.environment_of(order),
        say=output.feed,
        started=started,
    )
    try:
        result = handler(request)
    except Exception as error:  # a handler of others
        result = handlers.Result(False, message=f"{type(error).__name__}: {error}")
    output.feed(result.output.encode("utf-8", "replace"))
    seconds = time.monotonic() - began
    state, message = SUCCESS if result.ok else ERROR, place.redactor.clean(result.message)
    if order.looks:
        ended = Outcome(state, False, message, output.end(), seconds)
        return _take_answer(ended, order, request.inputs, result.answer or {}, place.redactor.clean)
    ended = Outcome(state, result.changed, message, output.end(), seconds, result.outputs or {})
    return with_plain_outputs(ended, place.redactor.clean)


def _take_answer(
    ended: Outcome, order: Order, filled: Inputs, answer: Mapping[str, Any], clean: Callable[[str], str]
) -> Outcome:
    """Return how a check ended, with what it saw as outputs, as far as that may be known elsewhere."""
    if ended.state != SUCCESS:
        return ended
    try:
        seen = plain_answer(answer, Compared(order.inputs, filled, frozenset(order.sensitive), clean))
    except BadAnswer as error:
        return replace(ended, state=ERROR, message=str(error))
    seen.pop("message", None)
    said = {"message": ended.message} if ended.message else {}
    outputs = with_plain_outputs(replace(ended, outputs=seen.get("outputs", {})), clean)  # a message names the output
    return with_plain_outputs(replace(ended, outputs={**seen, **said}), clean) if outputs.state == SUCCESS else outputs


def order_json(order: Order) -> Dict[str, Any]:
    """Return an order as plain JSON; values of the environment are not in it, only the variables' names."""
    return {**vars(order), "inputs": pack(order.inputs), "before": pack(order.before)}


def read_order(raw: Mapping[str, Any]) -> Order:
    """Return what `order_json` was given."""
    values = {key: unpack(*raw[key]) for key in ("inputs", "before")}
    return Order(**{**raw, **values, "sensitive": tuple(raw["sensitive"])})
