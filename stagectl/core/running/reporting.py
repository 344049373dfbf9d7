"""What of the outputs that an action reported counts (docs/design.md, section 9)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Callable, Iterator, List, Mapping, Optional

from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import RUN, Kind
from stagectl.core.planning.resolve import DEEPEST, LARGEST
from stagectl.core.running.outcome import ERROR, SUCCESS, Outcome
from stagectl.core.schemas.quick import quick_test
from stagectl.core.schemas.words import in_words
from stagectl.core.values import Outputs, canonical, format_path, leaves, same

SHOWN = 3  # troubles in a message


def judge_outputs(outcome: Outcome, kind: Kind, action: str, known: Outputs) -> Outcome:
    """Return how a change ended once its outputs are looked at; what must not be stored makes it an ERROR without any.

    known: the outputs that it had before, those of a failed try included.
    """
    if kind.outputs is None and kind.handler == "ansible":  # `set_stats` has other uses
        return replace(outcome, outputs={})
    troubles = list(_troubles(outcome, kind, action, known))
    if not troubles:
        return outcome
    few = "; ".join(troubles[:SHOWN]) + (f"; and {len(troubles) - SHOWN} more" if len(troubles) > SHOWN else "")
    why = f"outputs: {few}" if outcome.state == SUCCESS else f"{outcome.message}; its outputs are not kept: {few}"
    return replace(outcome, state=ERROR, message=why, outputs={})


def _troubles(outcome: Outcome, kind: Kind, action: str, known: Outputs) -> Iterator[str]:
    reported = outcome.outputs
    if outcome.state not in (SUCCESS, ERROR) or not (reported or kind.outputs):
        return
    unknown = sorted(reported.keys() - kind.output_names)
    for name in unknown:
        near = nearest(name, kind.output_names)
        yield f"'{name[:60]}' is no output of kind {kind.name}{near}"
    listed = kind.may_report(action)
    for name in sorted(reported.keys() & kind.output_names - listed):
        if name not in known or not same(reported[name], known[name]):
            yield f"'{name[:60]}' may not be changed by {action}: kind {kind.name} does not report it there"
    if not unknown:
        needs_all = action == RUN and outcome.state == SUCCESS
        yield from _refusals(kind, {**known, **reported}, reported, needs_all=needs_all)


def _refusals(kind: Kind, outputs: Outputs, reported: Outputs, *, needs_all: bool) -> Iterator[str]:
    """Yield what the schema of a kind refuses of what was reported; needs_all: whether a missing one counts, too."""
    if quick_test(kind.outputs)(dict(outputs)):
        return
    from jsonschema import Draft202012Validator
    from referencing import Registry

    try:
        for error in Draft202012Validator(kind.outputs, registry=Registry()).iter_errors(dict(outputs)):
            path = tuple(error.absolute_path)
            if (path and path[0] not in reported) or (error.validator == "required" and not path and not needs_all):
                continue
            for at, message, _ in in_words(error):
                yield f"'{format_path(at)[:60]}' {message}" if at else message
    except StagectlError:  # the time is over
        raise
    except Exception as error:  # whatever the library makes of a schema, or of a number
        yield f"the schema of kind {kind.name} cannot be used: {str(error)[:300]}"


def adopting_troubles(kind: Optional[Kind], known: Outputs, given: Outputs) -> List[str]:
    """Return why outputs that are given cannot be stored: what their kind refuses, or has no name for."""
    names = kind.output_names if kind else frozenset()
    unknown = sorted(given.keys() - names)
    found = [f"'{name[:60]}' is no output of its kind{nearest(name, names)}" for name in unknown]
    return found if found or kind is None else list(_refusals(kind, {**known, **given}, given, needs_all=True))


def seen_troubles(kind: Kind, known: Outputs, seen: Outputs) -> List[str]:
    """Return why outputs that a check saw cannot be stored; known: those there are."""
    if kind.outputs is None and kind.handler == "ansible":  # `set_stats` has other uses
        return []
    unknown = sorted(seen.keys() - kind.output_names)
    if unknown or not seen:
        return [f"'{name[:60]}' is no output of kind {kind.name}{nearest(name, kind.output_names)}" for name in unknown]
    return list(_refusals(kind, {**known, **seen}, seen, needs_all=False))


_NO_SECRETS = "variables that are no secrets belong under 'plain' in stagectl.yaml"


def with_plain_outputs(outcome: Outcome, clean: Callable[[str], str]) -> Outcome:
    """Return an outcome whose outputs are plain JSON; what git must not keep, or cannot, makes it an ERROR without any.

    clean: takes secrets out of text.
    """
    if outcome.outputs == {}:
        return outcome
    why = _unfit(outcome.outputs, clean)
    if not why:
        return replace(outcome, outputs=json.loads(canonical(outcome.outputs)))
    message = why if outcome.state == SUCCESS else f"{outcome.message}; {why}"
    return replace(outcome, state=ERROR, message=message, outputs={})


def _unfit(outputs: Any, clean: Callable[[str], str]) -> str:
    """Return why values cannot be outputs at all, whatever a kind says, "" where they can; it shows none of them."""
    if not isinstance(outputs, Mapping):
        return "the outputs are no mapping of names to values"
    try:
        if len(canonical(outputs)) > LARGEST:
            return f"the outputs have more than {LARGEST} characters"
        for path, leaf in leaves(dict(outputs)):
            if len(path) > DEEPEST:
                return "the outputs are nested too deep"
            texts = [leaf if isinstance(leaf, str) else canonical(leaf), *map(_key, path)]
            for text in texts:
                text.encode("utf-8")
                if clean(text) != text:
                    name = clean(str(path[0]))[:60]
                    return f"the output '{name}' has the value of a secret variable in it; {_NO_SECRETS}"
    except (TypeError, ValueError, RecursionError) as error:
        return f"the outputs are no JSON values: {clean(str(error))[:200]}"
    return ""


def _key(step: Any) -> str:
    if not isinstance(step, (str, int)):
        raise TypeError(f"{step!r} is no key")
    return str(step)
