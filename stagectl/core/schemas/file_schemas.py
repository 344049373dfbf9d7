"""JSON Schemas of the files that people write, for editors: draft-07, which is what they read.

They say less than `schema.py` and `settings.py` beside this do, and nothing that is not so: what stagectl accepts, they
accept. A file with a front matter and a body has one schema for both documents, because editors look at each by itself.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from stagectl.core.config import Config
from stagectl.core.model import ACTION, NAME, SEGMENT, TAG, Kind
from stagectl.core.schemas.draft07 import convert, partial, relax
from stagectl.core.stamps import STAMP

Schema = Dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
FILES = ("definition", "staged", "kind", "config")
_FOLDERS = r"(\.{1,2}/)*"  # names in a body may be relative


def file_schema(which: str, kinds: Optional[Mapping[str, Kind]] = None, only: Optional[Kind] = None) -> Schema:
    """Return the schema of one of FILES, or "template"; kinds: those a resource may have; only: the one it has.

    A template, and what is like one, need not say all that the kind wants, and may take out what others say.
    """
    if which == "config":
        return {"$schema": DRAFT, "title": "stagectl.yaml", **_config()}
    if which == "kind":
        return {"$schema": DRAFT, "title": "A kind of stagectl", **_kind()}
    title = f"A {'staged file' if which == 'staged' else 'definition'} of stagectl"
    return {"$schema": DRAFT, "title": title, **_resource(which, kinds or {}, only)}


def _object(properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "required": sorted(required)} if required else found


def _text(pattern: str, description: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern})$", "description": description}


def _list(items: Schema, description: str) -> Schema:
    return {"type": ["array", "null"], "items": items, "description": description}


# --- definitions and staged files


def _names_before() -> Schema:
    description = "The name it had before, or a list, newest first; what was applied under it is its own."
    name = {"type": "string", "pattern": f"^(?:{NAME.pattern})$"}
    return {"type": ["string", "array", "null"], "pattern": name["pattern"], "items": name, "description": description}


def _resource(which: str, kinds: Mapping[str, Kind], only: Optional[Kind]) -> Schema:
    front: Dict[str, Schema] = {
        "kind": _kind_name(kinds, only),
        "tags": _list(_text(TAG.pattern, "A word, or key=value."), "What a selection with -t goes by."),
        "moved_from": _names_before(),
    }
    if which == "staged":
        front["source"] = {"type": ["string", "null"], "description": "The definition it was copied from."}
        front["template"] = _list(_text(NAME.pattern, "A definition."), "The definitions it was expanded from.")
        stamps = _text(STAMP.pattern, "A counter and a suffix; `stagectl stage -a ACTION` writes it.")
        front["actions"] = {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^(?:{ACTION.pattern})$", "not": {"const": "remove"}},
            "additionalProperties": stamps,
            "description": "Explicit actions with their stamps, in the order staged.",
        }
    else:
        front.update(_reuse())
    said = [["kind"]] if which == "staged" else [["kind"], ["like"], ["template"]]
    return {
        "if": {"type": "object", "anyOf": [{"required": [key]} for key in sorted(front)]},
        "then": {**_object(front), "anyOf": [{"required": keys} for keys in said]},
        "else": {**_body(), "type": ["object", "null"]},
        "definitions": _relations(only, is_whole=which != "template"),
    }


def _reuse() -> Dict[str, Schema]:
    """Return the keys of a definition from which others start, that starts from another one, or makes several."""
    entry: Schema = {
        "type": ["object", "null"],
        "properties": {"key": False, "moved_from": _names_before()},
        "description": "What ${each.NAME} means for this entry.",
    }
    key = _text(SEGMENT, "The last part of the resource's name, and ${each.key}.")
    each: List[Schema] = [
        {"type": "object", "propertyNames": key, "additionalProperties": entry, "minProperties": 1},
        {"type": "array", "items": key, "minItems": 1},
    ]
    about = "The definition it starts from, by its full name; editors check it with .stagectl/schema/templates/."
    return {
        "like": _text(NAME.pattern, about),
        "template": {"const": True, "description": "Others are like it, and it is no resource itself."},
        "each": {"anyOf": each, "description": "Makes a resource for every entry: {blue: {port: 8001}}."},
    }


def _kind_name(kinds: Mapping[str, Kind], only: Optional[Kind]) -> Schema:
    found = _text(SEGMENT, "The kind: kinds/<kind>.yaml says what can be done with it.")
    names = [only.name] if only else sorted(kinds)
    return {**found, "enum": names} if names else found


def _body() -> Schema:
    names = {"$ref": "#/definitions/names"}
    return _object(
        {
            "inputs": {"$ref": "#/definitions/inputs"},
            "depends_on": {
                "description": "Order only: parents, or for an own action the parents' changes it comes after.",
                "anyOf": [names, {"$ref": "#/definitions/changesByAction"}],
            },
            "react_on": {
                "type": ["object", "null"],
                "description": "Own actions that join a plan after changes of parents.",
                "propertyNames": {"$ref": "#/definitions/reaction"},
                "additionalProperties": _list({"$ref": "#/definitions/trigger"}, "What it reacts on."),
            },
            "unordered": {"description": "Parents whose connections imply no order.", "allOf": [names]},
            "overrides": _list({"type": "string"}, "Input paths that `stagectl promote` leaves alone."),
        }
    )


def _relations(only: Optional[Kind], is_whole: bool) -> Schema:
    verbs = sorted(only.verbs()) if only else []
    action: Schema = {"pattern": f"^(?:{ACTION.pattern})$", **({"enum": verbs} if verbs else {})}
    change = _text(rf"{_FOLDERS}(?:{NAME.pattern})\.(?:{ACTION.pattern})", "name.action, such as ./db.update")
    listed = _list({"$ref": "#/definitions/change"}, "Changes of parents.")
    trigger: Dict[str, Schema] = {
        "on": {"$ref": "#/definitions/change"},
        "when": {"enum": ["success", "changed"], "description": "changed: the action said that it changed something."},
    }
    return {
        "anything": {},
        "inputs": _inputs(only, is_whole),
        "action": action,
        "reaction": {"allOf": [{"$ref": "#/definitions/action"}, {"not": {"enum": ["remove", "replace"]}}]},
        "name": _text(rf"{_FOLDERS}(?:{NAME.pattern})", "A resource; ./x and ../x are relative to its own folder."),
        "names": _list({"$ref": "#/definitions/name"}, "Parents."),
        "change": change,
        "changesByAction": {
            "type": "object",
            "propertyNames": {"$ref": "#/definitions/action"},
            "additionalProperties": listed,
        },
        "trigger": {"anyOf": [{"$ref": "#/definitions/change"}, _object(trigger, ["on"])]},
    }


def _inputs(only: Optional[Kind], is_whole: bool) -> Schema:
    """Return the schema of inputs as they are written: where a kind wants a number, a reference may stand."""
    about: Schema = {"description": "Values; ${name.path} reads one of another resource."}
    known = convert(only.schema, "#/definitions/inputs") if only else None
    found = relax(known if is_whole else partial(known))
    own: Schema = found if isinstance(found, dict) else {"type": "object"}
    return {**about, **own, **({"type": ["object", "null"]} if own.get("type") == "object" else {})}


# --- kinds and config


def _kind() -> Schema:
    words = _list({"type": "string"}, "")
    count = {"type": "integer", "minimum": 1, "maximum": 999_999}
    vector = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    found = _object(
        {
            "description": {"description": "What resources of this kind are."},
            "inputs": {"description": "A JSON Schema, draft 2020-12; it checks, it never fills in."},
            "outputs": {
                "type": ["object", "null"],
                "properties": {"properties": {"type": "object"}},
                "description": "A JSON Schema, draft 2020-12, of what actions report; its properties name the outputs.",
            },
            "reports": {
                "type": ["object", "null"],
                "propertyNames": {"pattern": f"^(?:{ACTION.pattern})$"},
                "additionalProperties": {**words, "description": "Outputs that this action may change."},
                "description": "By which action each output may change; by default by run and update.",
            },
            "handler": {
                "type": "string",
                "minLength": 1,
                "examples": ["shell", "ansible", "python", "none"],
                "description": "What carries actions out: shell by default, or one that an installed package brings.",
            },
            "actions": {
                "type": ["object", "null"],
                "propertyNames": {"pattern": f"^(?:{ACTION.pattern})$", "not": {"const": "replace"}},
                "description": "What the handler needs for each action; for shell an argument vector.",
            },
            "check": {"description": "What the handler needs to look without touching anything; as for an action."},
            "replace_on": {**words, "description": "Inputs whose change means remove, then run."},
            "sensitive": {**words, "description": "Inputs never to be shown; only ${env:NAME} may stand there."},
            "timeout": {
                "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10**9, "description": "Seconds.",
            },
            "limit": {**count, "description": "Changes of this kind at once."},
            "idempotent": {"type": "boolean", "description": "An action may be tried again without asking."},
            "protect": {"type": "boolean", "description": "Never removed or replaced without --allow-remove NAME."},
            "files": _list({"type": "string", "minLength": 1}, "Globs of files that its actions read."),
        }
    )  # fmt: skip
    shell = {"properties": {"handler": {"const": "shell"}}}
    may_look = {"anyOf": [vector, {"type": "null"}]}
    actions = {"properties": {"actions": {"additionalProperties": vector}, "check": may_look}}
    return {**found, "type": ["object", "null"], "if": shell, "then": actions}


def _config() -> Schema:
    count = {"type": "integer", "minimum": 1, "maximum": 999_999}
    default = Config()
    found = _object(
        {
            "roots": _list(_text(NAME.pattern, "A folder of definitions."), "Folders of definitions."),
            "applied_branch": {"type": "string", "description": "Where the applied state is kept."},
            "remote": {"type": "string", "description": "The remote that the applied branch is shared through."},
            "parallelism": {**count, "description": "Changes at once."},
            "executor": {"type": "string", "minLength": 1, "description": "What runs the changes."},
            "scheduler": {
                "type": "string",
                "minLength": 1,
                "description": "Where the scheduler of a cluster is, such as tls://host:8786.",
            },
            "route_targets": {"type": "boolean", "description": "Whether a `target` goes to the workers of that name."},
            "targets": {**count, "description": "Changes at once on one value of the input `target`."},
            "lock_ref": _text("refs/.+/.+", "The lock on the remote, a full ref."),
            "remote_timeout": {
                **count,
                "description": "Seconds that a fetch or a push of the applied branch may take.",
            },
            "lock_term": {
                **count,
                "maximum": 3600,
                "description": "Seconds without a renewal after which its holder is taken for dead.",
            },
            "tags": {
                "type": ["object", "null"],
                "additionalProperties": _list(_text(TAG.pattern, "A tag."), "Tags for this path."),
                "description": "Tags by path, added when staging: {prod/**: [prod]}.",
            },
            "plain": _list(
                _text("[A-Za-z_][A-Za-z0-9_]*", "A variable."), "Environment variables that are no secrets."
            ),
            "vocabulary": _list(_text(TAG.pattern, "A tag."), "All tags there may be; a selection may match none."),
        }
    )
    for key, schema in found["properties"].items():
        value = getattr(default, key)
        if isinstance(value, (str, int)):
            schema["default"] = value
    return {**found, "type": ["object", "null"]}
