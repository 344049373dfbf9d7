"""What `--set` and its kin ask for, read from the command line, and the edits of a file that do it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile.edit import Edit, value_at
from stagectl.core import forms
from stagectl.core.errors import Step, UsageError
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import LIST_INDEX, canonical, format_path

_STEP = re.compile(r'\.?([A-Za-z0-9_-]+)|\["((?:[^"\\]|\\.)*)"\]', re.ASCII)
_SETTING = re.compile(r'((?:\.?[A-Za-z0-9_-]+|\["(?:[^"\\]|\\.)*"\])+)(=)(.*)', re.ASCII | re.DOTALL)


class Typed(NamedTuple):
    """What `--set` was given: the text, and the value that it is in YAML."""

    text: str
    value: Any


@dataclass(frozen=True)
class Settings:
    """What to set in a definition. values: (input path, value or Typed), in order; unset: input paths to take out."""

    values: Tuple[Tuple[Tuple[Step, ...], Any], ...] = ()
    unset: Tuple[Tuple[Step, ...], ...] = ()
    tags: Tuple[str, ...] = ()
    untags: Tuple[str, ...] = ()


class Sets(NamedTuple):
    """The words after `--set`, `--set-string` and `--set-json`."""

    plain: Sequence[str] = ()
    strings: Sequence[str] = ()
    json: Sequence[str] = ()

    def values(self) -> Tuple[Tuple[Tuple[Step, ...], Any], ...]:
        """Return the paths with what is to be set there; raises UsageError."""
        ways = ((_scalar, self.plain), (str, self.strings), (_json, self.json))
        pairs = [(read, *_key_and_text(setting)) for read, settings in ways for setting in settings]
        return tuple((parse_path(key), read(text)) for read, key, text in pairs)


def parse_settings(
    sets: Sets, unsets: Sequence[str] = (), tags: Sequence[str] = (), untags: Sequence[str] = ()
) -> Settings:
    """Return what `--set k=v` and its like, `--unset k`, `--tag` and `--untag` mean; raises UsageError."""
    return Settings(sets.values(), tuple(map(parse_path, unsets)), tuple(tags), tuple(untags))


def _key_and_text(setting: str) -> Tuple[str, str]:
    match = _SETTING.match(setting)  # a key in quotes may have a "=" in it
    key, equals, text = match.groups() if match else setting.partition("=")
    if not equals:
        raise UsageError(f"'{setting}' sets nothing", "write for example --set port=5433 or --set urls.0.port=80")
    return key, text


def parse_path(text: str) -> Tuple[Step, ...]:
    """Return the path that `urls.0.port` or `labels["a.b"]` means; raises UsageError."""
    steps: List[Step] = []
    position = 0
    match = _STEP.match(text)
    while match is not None:
        steps.append(_step(match.group(1), match.group(2), first=not steps))
        position = match.end()
        match = _STEP.match(text, position)
    if not steps or position != len(text):
        raise UsageError(f"'{text}' is no path of an input", 'a path looks like port, urls.0.port or labels["a.b"]')
    return tuple(steps)


def _step(word: Optional[str], quoted: str, *, first: bool) -> Step:
    if word is None:
        return str(_json(f'"{quoted}"'))
    return int(word) if LIST_INDEX.fullmatch(word) and not first else word


def _scalar(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _json(text)
    try:
        return Typed(text, yamlfile.resolve_plain(text))
    except yamlfile.BadYaml as error:
        raise UsageError(error.message) from None


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=forms.unlike, parse_float=yamlfile.resolve_plain)
    except yamlfile.BadYaml as error:
        raise UsageError(error.message) from None
    except ValueError as error:
        raise UsageError(f"'{text}' is not JSON: {error}") from None


def misread(settings: Settings, data: bytes) -> Tuple[str, ...]:
    """Return what to say of what was typed as a text and is a number in a file, such as 1.20 or the commit 7120e39."""
    typed = {steps: value.text for steps, value in settings.values if isinstance(value, Typed)}
    return tuple(
        f"{format_path(steps)}={typed[steps]} is the number {canonical(value)}; --set-string keeps what was typed"
        for steps, value in interpret(settings, data)
        if steps in typed
        and isinstance(value, (int, float))
        and canonical(value) not in (typed[steps], "true", "false")
    )


def settings_edits(settings: Settings, data: bytes) -> List[Edit]:
    """Return the edits of inputs that settings mean in a file; what was typed stays text where it replaces a text."""
    edits = [Edit(BODY, ("inputs", *steps), value) for steps, value in interpret(settings, data)]
    return edits + [Edit(BODY, ("inputs", *steps), delete=True) for steps in settings.unset]


def interpret(settings: Settings, data: bytes) -> Iterator[Tuple[Tuple[Step, ...], Any]]:
    """Yield what is to be set in a file: what was typed is text where a text stands that is no reference."""
    for steps, value in settings.values:
        if isinstance(value, Typed):
            now = value_at(data, BODY, ("inputs", *steps))
            value = value.text if isinstance(now, str) and "${" not in now else value.value
        yield steps, value
