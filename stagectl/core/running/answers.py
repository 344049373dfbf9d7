"""What a check answered, made fit to leave the machine it ran on (docs/design.md, section 10).

Values of secret variables are compared where they are known, and nothing of them goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, FrozenSet, List, Mapping

from stagectl.core.errors import nearest
from stagectl.core.planning.resolve import DEEPEST, LARGEST
from stagectl.core.values import Inputs, Value, canonical, leaves, same
from stagectl.core.variables import variables

_FORMS = {"exists": bool, "inputs": dict, "outputs": dict, "differs": list, "changed": bool, "message": str}
_SAID = {bool: "true or false", dict: "a mapping", list: "a list of names of inputs", str: "a text"}


class BadAnswer(Exception):
    """An answer of a check that says nothing; the message shows no value of it."""


@dataclass(frozen=True)
class Compared:
    """What an answer is compared with. inputs: as applied, filled: the same with the environment filled in.

    sensitive: inputs never to be shown; clean: takes secrets out of text.
    """

    inputs: Inputs
    filled: Inputs
    sensitive: FrozenSet[str]
    clean: Callable[[str], str]


def plain_answer(raw: Any, compared: Compared) -> Dict[str, Any]:
    """Return an answer as plain JSON, of inputs that cannot be shown only whether they differ; raises BadAnswer.

    In it `inputs` has values as seen, `same` the inputs that were seen as applied and cannot be shown, `differs` (only
    if the answer has it, or one of them) those that differ; the inputs that the resource has not are left out.
    """
    _check_form(raw, compared.inputs)
    found = {key: raw[key] for key in ("exists", "changed", "outputs", "message") if key in raw}
    shown: Dict[str, Value] = {}
    alike: List[str] = []
    differs = set(raw.get("differs", ()))
    for key in sorted(raw.get("inputs", {}).keys() & compared.inputs.keys()):
        seen = raw["inputs"][key]
        if not _is_hidden(key, seen, compared):
            shown[key] = seen
        elif same(overlaid(compared.filled[key], seen), compared.filled[key]):
            alike.append(key)
        else:
            differs.add(key)
    found.update({"inputs": shown} if shown else {}, **({"same": alike} if alike else {}))
    return {**found, **({"differs": sorted(differs)} if "differs" in raw or differs else {})}


def overlaid(value: Value, seen: Value) -> Value:
    """Return a value as it was seen: of a mapping the leaves that were, the rest as it is."""
    if isinstance(value, dict) and isinstance(seen, dict):
        return {**value, **{key: overlaid(value[key], part) if key in value else part for key, part in seen.items()}}
    return seen


def _is_hidden(key: str, seen: Value, compared: Compared) -> bool:
    if key in compared.sensitive or variables({key: compared.inputs[key]}):
        return True
    texts = [text for path, leaf in leaves(seen) for text in (leaf, *path) if isinstance(text, str)]
    return any(compared.clean(text) != text for text in texts)


def _check_form(raw: Any, inputs: Inputs) -> None:
    """Raise BadAnswer for what is no answer."""
    if not isinstance(raw, Mapping):
        raise BadAnswer("the answer of the check is no mapping")
    for key, value in sorted(raw.items(), key=str):
        if key not in _FORMS:
            raise BadAnswer(f"the answer of the check has an unknown key '{str(key)[:60]}'{nearest(str(key), _FORMS)}")
        if not isinstance(value, _FORMS[key]):
            raise BadAnswer(f"'{key}' in the answer of the check is not {_SAID[_FORMS[key]]}")
    for key in raw.get("differs", ()):
        if not isinstance(key, str) or key not in inputs:
            raise BadAnswer(f"'{str(key)[:60]}' in 'differs' is no input that was applied{nearest(str(key), inputs)}")
    _check_values(raw)


def _check_values(raw: Mapping[str, Any]) -> None:
    try:
        if len(canonical(raw)) > LARGEST:
            raise BadAnswer(f"the answer of the check has more than {LARGEST} characters")
        for path, leaf in leaves(dict(raw)):
            if len(path) > DEEPEST:
                raise BadAnswer("the answer of the check is nested too deep")
            for text in (leaf, *path):
                if isinstance(text, str):
                    text.encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        raise BadAnswer("the answer of the check is no JSON") from None
