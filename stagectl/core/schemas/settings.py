"""What kind files and `stagectl.yaml` must look like: parsed values in, kinds and config out."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping, Tuple

from stagectl.core import address
from stagectl.core.config import EXECUTORS, Config
from stagectl.core.errors import Flaws
from stagectl.core.model import ACTION, NAME, REPLACE, Kind
from stagectl.core.once import pattern
from stagectl.core.schemas.json_schema import check_json_schema
from stagectl.core.schemas.outputs import output_schema, reports
from stagectl.core.schemas.schema import NO_ACTION_NAME, Documents, items_of, known_keys, mapping, tag_list

_KIND_KEYS = (
    "description", "inputs", "outputs", "reports", "handler", "actions", "check", "replace_on", "sensitive",
    "timeout", "limit", "idempotent", "protect", "files",
)  # fmt: skip
_CONFIG_KEYS = (
    "roots", "applied_branch", "remote", "parallelism", "executor", "scheduler", "route_targets", "targets",
    "lock_ref", "lock_term", "remote_timeout", "tags", "vocabulary", "plain",
)  # fmt: skip


def kind(name: str, documents: Documents, *, is_checked: bool = False) -> Kind:
    """Return the kind that a file's one document describes; raises FlawedFile with every flaw.

    is_checked: whether its JSON Schemas are known to be some, which takes long to find out.
    """
    flaws = Flaws()
    if len(documents) > 1:
        flaws.add(1, (), "a kind is one document, without front matter")
    raw = mapping(documents[0] if documents and documents[0] is not None else {}, 0, (), flaws, "a kind")
    known_keys(raw, 0, (), _KIND_KEYS, flaws)
    if not is_checked:
        check_json_schema(raw, "inputs", flaws)
        check_json_schema(raw, "outputs", flaws)
    found = Kind(
        name=name,
        schema=raw.get("inputs"),
        outputs=output_schema(raw, flaws),
        reports=reports(raw, flaws),
        handler=_check(raw, "handler", (_is_text, "the name of a handler, such as shell"), "shell", flaws),
        actions=_kind_actions(raw, flaws),
        check=_check_of(raw, flaws),
        replace_on=frozenset(_words(raw, "replace_on", flaws)),
        sensitive=frozenset(_words(raw, "sensitive", flaws)),
        timeout=_check(raw, "timeout", (_is_positive, "a number of seconds above 0"), None, flaws),
        limit=_check(raw, "limit", (_is_count, "a whole number, at least 1"), None, flaws),
        idempotent=_check(raw, "idempotent", (_is_bool, "true or false"), False, flaws),
        protect=_check(raw, "protect", (_is_bool, "true or false"), False, flaws),
        files=_globs(raw, flaws),
        raw=raw,
    )
    flaws.raise_any()
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 1_000_000


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 10**9


def _check(
    raw: Mapping[str, Any], key: str, form: Tuple[Callable[[Any], bool], str], default: Any, flaws: Flaws
) -> Any:
    """Return a value, or its default; form: whether a value is good, and what good ones are."""
    is_good, said = form
    if key not in raw:
        return default
    if not is_good(raw[key]):
        flaws.add(0, (key,), f"'{key}' must be {said}")
        return default
    return raw[key]


def _words(raw: Mapping[str, Any], key: str, flaws: Flaws) -> List[str]:
    words = items_of(raw.get(key), 0, (key,), flaws)
    for index, word in enumerate(words):
        if not isinstance(word, str):
            flaws.add(0, (key, index), f"'{key}' lists names of inputs")
    return [str(word) for word in words]


_GLOB = pattern(r"(?!/)(?!.*(?:^|/)\.\.(?:/|$))[^\x00-\x1f\x7f:\\\[\]]{1,1024}")


def _globs(raw: Mapping[str, Any], flaws: Flaws) -> Tuple[str, ...]:
    globs = items_of(raw.get("files"), 0, ("files",), flaws)
    for index, glob in enumerate(globs):
        if not isinstance(glob, str) or not _GLOB.fullmatch(glob):
            flaws.add(0, ("files", index), "'files' lists globs of files in the repository, such as migrations/*.sql")
    return tuple(map(str, globs))


def _kind_actions(raw: Mapping[str, Any], flaws: Flaws) -> Dict[str, Any]:
    actions = mapping(raw.get("actions") or {}, 0, ("actions",), flaws, "'actions'")
    handler = raw.get("handler", "shell")
    form = _FORMS.get(handler) if isinstance(handler, str) else None
    for action, does in actions.items():
        if not ACTION.fullmatch(action):
            flaws.add(0, ("actions", action), f"'{action[:60]}' {NO_ACTION_NAME}", on_key=True)
        elif action == REPLACE:
            flaws.add(0, ("actions", action), "'replace' is a remove and a run: give these", on_key=True)
        elif form and not form[0](does):
            flaws.add(0, ("actions", action), form[1])
    return actions


def _check_of(raw: Mapping[str, Any], flaws: Flaws) -> Any:
    """Return what the handler of a kind needs to look, None where it does not look."""
    does, handler = raw.get("check"), raw.get("handler", "shell")
    if does is None:
        return None
    form = _FORMS.get(handler) if isinstance(handler, str) else None
    if handler == "none":
        flaws.add(0, ("check",), "the handler 'none' cannot look: name another one", on_key=True)
    elif form and not form[0](does):
        flaws.add(0, ("check",), form[1].replace(" action ", " check ", 1))
    return does


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value) and bool(value[0])


_WORDS = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_FUNCTION = pattern(f"{_WORDS}:{_WORDS}")


def _is_function(value: Any) -> bool:
    return isinstance(value, str) and bool(_FUNCTION.fullmatch(value))


def _is_playbook(value: Any) -> bool:
    if not isinstance(value, str) or not value.endswith((".yml", ".yaml")):
        return False
    return not {"", ".."} & set(value.split("/"))


# What a built-in handler wants an action to be, and how to say so; what others want is their business.
_FORMS: Mapping[str, Tuple[Callable[[Any], bool], str]] = {
    "shell": (_is_vector, "a shell action is a list of strings: the program and its arguments"),
    "python": (_is_function, "a python action names a function of an installed package: package.module:function"),
    "ansible": (
        _is_playbook,
        "an ansible action is the path of a playbook, from the repository's root: playbooks/deploy.yml",
    ),
}


def config(documents: Documents, folder: str = "") -> Config:
    """Return what `stagectl.yaml` says; raises FlawedFile with every flaw.

    folder: the project's in its repository, "" or ending in `/`, by which its branch is called.
    """
    flaws = Flaws()
    if len(documents) > 1:
        flaws.add(1, (), "the config is one document")
    raw = mapping(documents[0] if documents and documents[0] is not None else {}, 0, (), flaws, "the config")
    known_keys(raw, 0, (), _CONFIG_KEYS, flaws)
    default = Config(applied_branch=f"stagectl/{folder}applied")
    if "applied_branch" not in raw and not _is_branch(default.applied_branch):
        flaws.add(0, (), f"'{folder[:-1]}' makes no name for a branch: set applied_branch: stagectl/NAME/applied")
    found = Config(
        roots=_roots(raw, flaws),
        applied_branch=_check(raw, "applied_branch", (_is_branch, "a branch name"), default.applied_branch, flaws),
        remote=_check(raw, "remote", (_is_branch, "the name of a remote"), default.remote, flaws),
        parallelism=_check(raw, "parallelism", (_is_count, "a whole number, at least 1"), default.parallelism, flaws),
        executor=_check(raw, "executor", (_is_executor, " or ".join(EXECUTORS)), default.executor, flaws),
        scheduler=_check(raw, "scheduler", (_is_address, "an address, such as tls://host:8786"), None, flaws),
        route_targets=_check(raw, "route_targets", (_is_bool, "true or false"), default.route_targets, flaws),
        targets=_check(raw, "targets", (_is_count, "a whole number, at least 1"), default.targets, flaws),
        lock_ref=_check(raw, "lock_ref", (_is_ref, "a full ref: refs/stagectl/lock"), "", flaws),
        lock_term=_check(raw, "lock_term", (_is_term, "a number of seconds up to 3600"), default.lock_term, flaws),
        remote_timeout=_check(
            raw, "remote_timeout", (_is_count, "a whole number of seconds, at least 1"), default.remote_timeout, flaws
        ),
        tags=_path_tags(raw.get("tags"), flaws),
        plain=_variables(raw, flaws),
        vocabulary=tag_list(raw.get("vocabulary"), 0, ("vocabulary",), flaws),
    )
    if not found.lock_ref:
        # By the branch, which two projects never share: a folder that was renamed keeps it.
        found = found._replace(lock_ref=f"refs/stagectl/locks/{found.applied_branch}" if folder else default.lock_ref)
    if found.lock_ref == f"refs/heads/{found.applied_branch}":
        flaws.add(0, ("lock_ref",), "'lock_ref' must not be the applied branch")
    flaws.raise_any()
    return found


_BRANCH = pattern(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:[/.][A-Za-z0-9_-]+)*", re.ASCII)


def _is_branch(value: Any) -> bool:
    return isinstance(value, str) and bool(_BRANCH.fullmatch(value)) and ".lock/" not in f"{value}/"


def _is_executor(value: Any) -> bool:
    return value in EXECUTORS


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and address.parse(value) is not None


def _is_ref(value: Any) -> bool:
    return _is_branch(value) and value.startswith("refs/") and value.count("/") > 1


def _is_term(value: Any) -> bool:
    return _is_count(value) and value <= 3600


def _roots(raw: Mapping[str, Any], flaws: Flaws) -> Tuple[str, ...]:
    if "roots" not in raw:
        return Config().roots
    roots = items_of(raw["roots"], 0, ("roots",), flaws)
    for index, root in enumerate(roots):
        if not isinstance(root, str) or not NAME.fullmatch(root) or root.split("/")[0] == "kinds":
            flaws.add(0, ("roots", index), "a root is a folder of definitions, such as resources")
    return tuple(str(root) for root in roots)


_VARIABLE = pattern("[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def _variables(raw: Mapping[str, Any], flaws: Flaws) -> Tuple[str, ...]:
    names = items_of(raw.get("plain"), 0, ("plain",), flaws)
    for index, name in enumerate(names):
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            flaws.add(0, ("plain", index), "'plain' lists names of environment variables")
    return tuple(map(str, names))


def _path_tags(value: Any, flaws: Flaws) -> Tuple[Tuple[str, Tuple[str, ...]], ...]:
    found = mapping(value if value is not None else {}, 0, ("tags",), flaws, "'tags'")
    return tuple((glob, tag_list(tags, 0, ("tags", glob), flaws)) for glob, tags in found.items())
