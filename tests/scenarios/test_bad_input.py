"""What is wrong in a file is said with its place, everything in one go, and nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import pytest

from tests.build import PATIENCE, ROOT, Ran, Repo


class Bad(NamedTuple):
    """A file with mistakes, and what is said about each: `line:column: message`."""

    path: str
    content: Any  # text, bytes, or a function that makes the file
    messages: Tuple[str, ...]


def front(kind: str = "service", tags: str = "[]", more: str = "") -> str:
    """A front matter of four lines, or five with *more*: the body starts on the line after it."""
    return f"---\nkind: {kind}\ntags: {tags}\n{more}---\n"


def define(name: str, body: str, *messages: str) -> Bad:
    """A definition whose body, from line 5 on, is wrong."""
    return Bad(f"resources/{name}.yaml", front() + body, messages)


def matter(name: str, front_matter: str, *messages: str) -> Bad:
    """A definition whose front matter, from line 2 on, is wrong."""
    return Bad(f"resources/{name}.yaml", f"---\n{front_matter}---\n", messages)


def staged(name: str, front_matter: str, *messages: str) -> Bad:
    """A staged file whose front matter, from line 4 on, is wrong."""
    return Bad(f".staged/{name}.yaml", front(more=front_matter), messages)


def named(path: str, *messages: str) -> Bad:
    """A definition that is right but for its name."""
    return Bad(path, front(), messages)


def kind(name: str, text: str, *messages: str) -> Bad:
    return Bad(f"kinds/{name}.yaml", text, messages)


def link(target: str) -> Callable[[str], None]:
    return lambda path: os.symlink(target, path)


NO_FRONT = "the front matter is missing: start the file with '---', 'kind: ...' and another '---'"
NO_NAME = "is no name for a resource or folder: use letters, digits, '_' and '-', the first no '-'"
NO_FILE = "a link or special file: only regular files are read here"
NO_ACTION_NAME = "is no name for an action: use lower case letters, digits, '_' and '-', a letter first"
NO_SCHEMA = "not a JSON Schema (draft 2020-12)"
NO_TAG = "is not a tag: write a word or key=value"
NO_WORD = "is not a tag, which is a string: quote it"
NO_OLD_NAME = "3:13: 'moved_from' must be the full name the resource had before"
NO_PATH = "is no path of an input, such as port or urls.0.port"
NO_CHANGES = [f"5:{column} is not a change; write name.action, such as db.update" for column in ('27: ["x"]', "33: 3")]
NO_MAPPING = "must be a mapping of keys to values"
NO_REFERENCE = "is not a reference like ${db.port}; a literal ${ is written $${"
NO_STAMP = "4:20: a stamp is a counter and a suffix, such as 2-3f9c; stage it with -a"
NO_SOURCE = "4:9: 'source' must be the path of a definition, such as resources/db.yaml"
NO_ARGUMENTS = "1:16: a shell action is a list of strings: the program and its arguments"
NO_FUNCTION = "2:16: a python action names a function of an installed package: package.module:function"
NO_PLAYBOOK = "2:16: an ansible action is the path of a playbook, from the repository's root: playbooks/deploy.yml"
BODY_KEYS = "known keys: inputs, depends_on, react_on, unordered, overrides"
KIND_KEYS = (
    "known keys: description, inputs, handler, actions, replace_on, sensitive, timeout, limit, idempotent, protect"
)

YAML = [
    define("duplicate-key", "inputs:\n  a: 1\n  a: 2\n", "7:3: the key 'a' stands here twice"),
    define("duplicate-top-key", "inputs: {}\ninputs: {}\n", "6:1: the key 'inputs' stands here twice"),
    define("duplicate-quoted-key", 'inputs:\n  m:\n    x: 1\n    "x": 2\n', "8:5: the key 'x' stands here twice"),
    define("duplicate-number-key", 'inputs:\n  1: 1\n  "1": 2\n', "7:3: the key '1' stands here twice"),
    define("list-as-key", "inputs:\n  [a]: 2\n", "6:3: a list or a mapping cannot be a key"),
    matter("duplicate-in-front", "kind: a\nkind: b\n", "3:1: the key 'kind' stands here twice"),
    define("anchor", "inputs:\n  a: &x 1\n", "6:6: the anchor &x is not read here: write values out"),
    define("alias", "inputs:\n  b: *x\n", "6:6: the alias *x is not read here: write values out"),
    define("merge-key", "inputs:\n  <<: {a: 1}\n", "6:3: merge keys (<<) are not read here: write values out"),
    define("own-tag", "inputs:\n  a: !foo 1\n", "6:6: the tag !foo is not read here: a value's form says its type"),
    define(
        "core-tag",
        "inputs:\n  a: !!str 1\n",
        "6:6: the tag !!str is not read here: a value's form says its type",
    ),
    Bad("resources/directive.yaml", "%YAML 1.1\n" + front(), ("1:1: YAML directives are not read here",)),
    Bad("resources/tag-directive.yaml", "%TAG ! tag:x,2000:\n" + front(), ("1:1: YAML directives are not read here",)),
    define("third-document", "inputs: {}\n---\na: 1\n", "6:1: a third document; a file has a front matter and a body"),
    define("nan", "inputs:\n  a: .nan\n", "6:6: .nan is no number in JSON; quote it if it is a string"),
    define("infinity", "inputs:\n  a: .inf\n", "6:6: .inf is no number in JSON; quote it if it is a string"),
    define("minus-infinity", "inputs:\n  a: [-.Inf]\n", "6:7: -.Inf is no number in JSON; quote it if it is a string"),
    define("huge-number", "inputs:\n  a: 1e999\n", "6:6: the number 1e999 is too large; quote it if it is a string"),
    define(
        "long-number",
        f"inputs:\n  a: {'9' * 5000}\n",
        "6:6: a number of 5000 characters; quote it if it is a string",
    ),
    define("deep-65", f"inputs: {'[' * 65}{']' * 65}\n", "5:72: nested deeper than 64 levels"),
    define("deep-20000", f"inputs: {'[' * 20000}{']' * 20000}\n", "5:72: nested deeper than 64 levels"),
    define("unclosed", "inputs: [\n", "6:1: not YAML: did not find expected node content while parsing a flow node"),
    define(
        "unclosed-string",
        "inputs:\n  a: 'x\n",
        "7:1: not YAML: found unexpected end of stream while scanning a quoted scalar",
    ),
    define(
        "tabulator",
        "inputs:\n\ta: 1\n",
        "6:1: not YAML: found character that cannot start any token while scanning for the next token",
    ),
    Bad("resources/empty.yaml", "", (f"1:1: {NO_FRONT}",)),
    Bad("resources/no-front.yaml", "inputs: {}\n", (f"1:1: {NO_FRONT}",)),
    Bad("resources/no-body.yaml", "---\nkind: service\n", (f"2:1: {NO_FRONT}",)),
]

CHARACTERS = [
    define("control", 'inputs:\n  a: "x\u0007y"\n', "6:8: the character U+0007 may not stand in a file"),
    define("escape", 'inputs:\n  a: "x\u001by"\n', "6:8: the character U+001B may not stand in a file"),
    define("zero", 'inputs:\n  a: "x\0y"\n', "6:8: the character U+0000 may not stand in a file"),
    define("delete", 'inputs:\n  a: "x\u007fy"\n', "6:8: the character U+007F may not stand in a file"),
    define("next-line", 'inputs:\n  a: "x\u0085y"\n', "6:8: the character U+0085 may not stand in a file"),
    define("c1-control", 'inputs:\n  a: "x\u009by"\n', "6:8: the character U+009B may not stand in a file"),
    define("bidi-override", 'inputs:\n  a: "x\u202ey"\n', "6:8: the character U+202E may not stand in a file"),
    define("bidi-in-comment", "inputs:\n  a: 1 # \u2066\n", "6:10: the character U+2066 may not stand in a file"),
    Bad(
        "resources/byte-order-mark.yaml",
        "\ufeff" + front(),
        ("1:1: the character U+FEFF, a byte order mark, may not stand in a file",),
    ),
    Bad("resources/latin-1.yaml", front().encode() + b'inputs: {a: "\xff"}\n', ("5:14: these bytes are not UTF-8",)),
    Bad("resources/utf-16.yaml", front().encode("utf-16"), ("1:1: these bytes are not UTF-8",)),
    Bad("resources/fifo.yaml", os.mkfifo, (f"1:1: {NO_FILE}",)),
    Bad("resources/link.yaml", link("self.yaml"), (f"1:1: {NO_FILE}",)),
    Bad("resources/link-out.yaml", link("/etc/hostname"), (f"1:1: {NO_FILE}",)),
    named("resources/-dash.yaml", f"1:1: '-dash' {NO_NAME}"),
    named("resources/a.b.yaml", f"1:1: 'a.b' {NO_NAME}"),
    named("resources/bad name.yaml", f"1:1: 'bad name' {NO_NAME}"),
    named("resources/bad dir/x.yaml", f"1:1: 'bad dir' {NO_NAME}"),
    named("resources/größe.yaml", f"1:1: 'größe' {NO_NAME}"),
    named("resources/x.yml", "1:1: the file's name has to end in .yaml"),
    named("resources/Twin.yaml"),
    named("resources/twin.yaml", "1:1: two names that are the same or differ only in case: see resources/Twin.yaml"),
    named("resources/Folder/x.yaml"),
    named(
        "resources/folder/x.yaml",
        "1:1: two names that are the same or differ only in case: see resources/Folder/x.yaml",
    ),
]

FORMS = [
    define("fine", "inputs: {port: 1}\n"),
    define("near-key", "inputz:\n  a: 1\n", "5:1: unknown key 'inputz'; did you mean 'inputs'?"),
    define("far-key", "zebra: 1\n", f"5:1: unknown key 'zebra'; {BODY_KEYS}"),
    define("list-body", "- 1\n", f"5:1: the body {NO_MAPPING}"),
    define("list-inputs", "inputs: [1]\n", f"5:9: 'inputs' {NO_MAPPING}"),
    define("word-depends", "depends_on: vpc\n", "5:13: 'depends_on' must be a list, [...]"),
    define(
        "bad-depends",
        "depends_on: [a b, {}]\n",
        "5:14: 'a b' is not a resource name",
        "5:19: '{}' is not a resource name",
    ),
    define("depends-out", "depends_on: [../../x]\n", "5:14: '../../x' leads out of the root folder"),
    define("word-in-mapping", "depends_on: {run: db.run}\n", "5:19: 'run' must be a list, [...]"),
    define("bad-action", "depends_on: {Run: [fine.run]}\n", f"5:14: 'Run' {NO_ACTION_NAME}"),
    define(
        "no-change",
        "depends_on: {run: [fine]}\n",
        "5:20: 'fine' is not a change; write name.action, such as db.update",
    ),
    define("list-react", "react_on: [a]\n", f"5:11: 'react_on' {NO_MAPPING}"),
    define("word-react", "react_on: {restart: fine.update}\n", "5:21: 'restart' must be a list, [...]"),
    define(
        "no-change-react",
        "react_on: {restart: [fine]}\n",
        "5:22: 'fine' is not a change; write name.action, such as db.update",
    ),
    define(
        "bad-when",
        "react_on: {restart: [{on: fine.update, when: chnged}]}\n",
        "5:46: 'when' is success or changed",
    ),
    define(
        "near-on",
        "react_on: {restart: [{onn: fine.update}]}\n",
        "5:22: the key 'on' is missing",
        "5:23: unknown key 'onn'; did you mean 'on'?",
    ),
    define("react-remove", "react_on: {remove: [fine.update]}\n", "5:12: a reaction cannot remove a resource"),
    define("no-changes-in-reaction", "react_on: {restart: [{on: [x]}, 3]}\n", *NO_CHANGES),
    define("word-overrides", "overrides: size\n", "5:12: 'overrides' must be a list, [...]"),
    define("bad-overrides", "overrides: [a, 'a..b', '']\n", f"5:16: 'a..b' {NO_PATH}", f"5:24: '' {NO_PATH}"),
    define("word-unordered", "unordered: fine\n", "5:12: 'unordered' must be a list, [...]"),
    define(
        "references",
        "inputs:\n"
        "  a: ${fine}\n"
        "  b: ${\n"
        "  c: ${fine.port\n"
        "  d: ${../../x.y}\n"
        "  e: ${}\n"
        "  f: ['${env:}']\n"
        "  g: ${env:1X}\n"
        "  h: 'a ${b c.d} e'\n"
        "  i: ${fine.a..b}\n",
        "6:6: '${fine}' names no value; write ${fine.<input>}",
        f"7:6: '${{' {NO_REFERENCE}",
        f"8:6: '${{fine.port' {NO_REFERENCE}",
        "9:6: '../../x' leads out of the root folder",
        f"10:6: '${{}}' {NO_REFERENCE}",
        f"11:7: '${{env:}}' {NO_REFERENCE}",
        f"12:6: '${{env:1X}}' {NO_REFERENCE}",
        f"13:6: '${{b c.d}}' {NO_REFERENCE}",
        f"14:6: '${{fine.a..b}}' {NO_REFERENCE}",
    ),
    matter("no-kind", "tags: []\n", "2:1: the key 'kind' is missing"),
    matter("number-kind", "kind: 3\n", "2:7: a kind is a word of letters, digits, '_' and '-'"),
    matter("path-kind", "kind: ../x\n", "2:7: a kind is a word of letters, digits, '_' and '-'"),
    matter("near-front", "kind: service\ntag: [a]\n", "3:1: unknown key 'tag'; did you mean 'tags'?"),
    matter("far-front", "kind: service\nzebra: [a]\n", "3:1: unknown key 'zebra'; known keys: kind, tags, moved_from"),
    matter(
        "own-source",
        "kind: service\nsource: resources/x.yaml\n",
        "3:1: unknown key 'source'; known keys: kind, tags, moved_from",
    ),
    matter(
        "own-actions",
        "kind: service\nactions: {a: 1-a}\n",
        "3:1: unknown key 'actions'; known keys: kind, tags, moved_from",
    ),
    matter("old-name", "kind: service\nmoved_from: a b\n", NO_OLD_NAME),
    matter("old-names", "kind: service\nmoved_from: [a]\n", NO_OLD_NAME),
    matter("old-path", "kind: service\nmoved_from: ./a\n", NO_OLD_NAME),
    matter("its-own-old-name", "kind: service\nmoved_from: its-own-old-name\n", NO_OLD_NAME),
    matter(
        "no-words",
        "kind: service\ntags: [1, null, 1.5, true, [a]]\n",
        f"3:8: 1 {NO_WORD}",
        f"3:11: null {NO_WORD}",
        f"3:17: 1.5 {NO_WORD}",
        f"3:22: true {NO_WORD}",
        f'3:28: ["a"] {NO_TAG}',
    ),
    matter("word-tags", "kind: service\ntags: prod\n", "3:7: 'tags' must be a list, [...]"),
    matter(
        "bad-tags",
        "kind: service\ntags: [a b, -x, k=, a=b=c, '', 'p/q.r:s']\n",
        f"3:8: 'a b' {NO_TAG}",
        f"3:13: '-x' {NO_TAG}",
        f"3:17: 'k=' {NO_TAG}",
        f"3:21: 'a=b=c' {NO_TAG}",
        f"3:28: '' {NO_TAG}",
    ),
    matter("twice-tagged", "kind: service\ntags: [a, a]\n", "3:11: the tag 'a' stands here twice"),
    Bad(
        "resources/many.yaml",
        front(tags="[a b]", more="knd: x\n") + "inputz: {}\ndepends_on: vpc\ninputs: {a: '${b}'}\n",
        (
            f"3:8: 'a b' {NO_TAG}",
            "4:1: unknown key 'knd'; did you mean 'kind'?",
            "6:1: unknown key 'inputz'; did you mean 'inputs'?",
            "7:13: 'depends_on' must be a list, [...]",
            "8:13: '${b}' names no value; write ${b.<input>}",
        ),
    ),
    staged("number-source", "source: 3\n", NO_SOURCE),
    staged("absolute-source", "source: /etc/passwd\n", NO_SOURCE),
    staged("outer-source", "source: ../x.yaml\n", NO_SOURCE),
    staged("text-source", "source: resources/x.txt\n", NO_SOURCE),
    staged("near-source", "soruce: x\n", "4:1: unknown key 'soruce'; did you mean 'source'?"),
    staged("far-staged", "zebra: x\n", "4:1: unknown key 'zebra'; known keys: kind, tags, moved_from, source, actions"),
    staged("list-actions", "actions: [restart]\n", f"4:10: 'actions' {NO_MAPPING}"),
    staged("number-stamp", "actions: {restart: 1}\n", NO_STAMP),
    staged("null-stamp", "actions: {restart: null}\n", NO_STAMP),
    staged("zero-stamp", "actions: {restart: 0-ab}\n", NO_STAMP),
    staged("minus-stamp", "actions: {restart: -1-ab}\n", NO_STAMP),
    staged("short-stamp", "actions: {restart: 1-}\n", NO_STAMP),
    staged("swapped-stamp", "actions: {restart: x-1}\n", NO_STAMP),
    staged("padded-stamp", "actions: {restart: 01-ab}\n", NO_STAMP),
    staged("stamped-remove", "actions: {remove: 1-ab}\n", "4:11: 'remove' is not an action that can be staged"),
    staged("upper-action", "actions: {Restart: 1-ab}\n", "4:11: 'Restart' is not an action that can be staged"),
    Bad(".staged/link.yaml", link("/etc/hostname"), (f"1:1: {NO_FILE}",)),
    Bad(".staged/a.b.yaml", front(), (f"1:1: 'a.b' {NO_NAME}",)),
]

KINDS = [
    kind("near-key", "handlr: shell\n", "1:1: unknown key 'handlr'; did you mean 'handler'?"),
    kind("far-key", "zebra: shell\n", f"1:1: unknown key 'zebra'; {KIND_KEYS}"),
    kind("list", "- a\n", f"1:1: a kind {NO_MAPPING}"),
    kind("two-documents", "limit: 1\n---\nlimit: 2\n", "3:1: a kind is one document, without front matter"),
    kind("twice", "limit: 1\nlimit: 2\n", "2:1: the key 'limit' stands here twice"),
    kind("anchor", "actions: &a {run: [sh]}\n", "1:10: the anchor &a is not read here: write values out"),
    kind(
        "number-inputs",
        "inputs: 3\n",
        f"1:9: {NO_SCHEMA}: must be a mapping or true or false, not 3",
    ),
    kind(
        "bad-pattern",
        "inputs: {properties: {a: {pattern: '('}}}\n",
        '1:36: not a JSON Schema (draft 2020-12): "(" is no regex',
    ),
    kind("number-handler", "handler: 3\n", "1:10: 'handler' must be the name of a handler, such as shell"),
    kind("list-actions", "actions: [run]\n", f"1:10: 'actions' {NO_MAPPING}"),
    kind("upper-action", "actions: {Run: [a]}\n", f"1:11: 'Run' {NO_ACTION_NAME}"),
    kind("one-string", "actions: {run: 'sh -c x'}\n", NO_ARGUMENTS),
    kind("no-program", "actions: {run: []}\n", NO_ARGUMENTS),
    kind("number-argument", "actions: {run: [sh, 1]}\n", NO_ARGUMENTS),
    kind("null-action", "actions: {run: null}\n", NO_ARGUMENTS),
    kind("module-alone", "handler: python\nactions: {run: package.module}\n", NO_FUNCTION),
    kind("no-module", "handler: python\nactions: {run: ':function'}\n", NO_FUNCTION),
    kind("called", "handler: python\nactions: {run: 'module:function()'}\n", NO_FUNCTION),
    kind("function-list", "handler: python\nactions: {run: ['module:function']}\n", NO_FUNCTION),
    kind("null-function", "handler: python\nactions: {run: null}\n", NO_FUNCTION),
    kind("playbook-list", "handler: ansible\nactions: {run: [deploy.yml]}\n", NO_PLAYBOOK),
    kind("playbook-script", "handler: ansible\nactions: {run: deploy.sh}\n", NO_PLAYBOOK),
    kind("playbook-outside", "handler: ansible\nactions: {run: ../deploy.yml}\n", NO_PLAYBOOK),
    kind("playbook-elsewhere", "handler: ansible\nactions: {run: /etc/deploy.yml}\n", NO_PLAYBOOK),
    kind("playbook-and-shell", "handler: ansible\nactions: {run: a.yml, x: [sh]}\n", NO_PLAYBOOK.replace("16", "26")),
    kind("word-replace-on", "replace_on: port\n", "1:13: 'replace_on' must be a list, [...]"),
    kind(
        "number-replace-on",
        "replace_on: [1, {}]\n",
        "1:14: 'replace_on' lists names of inputs",
        "1:17: 'replace_on' lists names of inputs",
    ),
    kind("word-sensitive", "sensitive: pw\n", "1:12: 'sensitive' must be a list, [...]"),
    kind("word-timeout", "timeout: 10m\n", "1:10: 'timeout' must be a number of seconds above 0"),
    kind("minus-timeout", "timeout: -1\n", "1:10: 'timeout' must be a number of seconds above 0"),
    kind("zero-timeout", "timeout: 0\n", "1:10: 'timeout' must be a number of seconds above 0"),
    kind("true-timeout", "timeout: true\n", "1:10: 'timeout' must be a number of seconds above 0"),
    kind("zero-limit", "limit: 0\n", "1:8: 'limit' must be a whole number, at least 1"),
    kind("half-limit", "limit: 1.5\n", "1:8: 'limit' must be a whole number, at least 1"),
    kind("true-limit", "limit: true\n", "1:8: 'limit' must be a whole number, at least 1"),
    kind("yes-idempotent", "idempotent: yes\n", "1:13: 'idempotent' must be true or false"),
    kind("number-protect", "protect: 1\n", "1:10: 'protect' must be true or false"),
    kind("bad name", "{}\n", "1:1: 'bad name' is no name for a kind: use letters, digits, '_' and '-'"),
    kind("a/b", "{}\n", "1:1: 'a/b' is no name for a kind: use letters, digits, '_' and '-'"),
    Bad("kinds/x.yml", "{}\n", ("1:1: the file's name has to end in .yaml",)),
    Bad("kinds/link.yaml", link("service.yaml"), (f"1:1: {NO_FILE}",)),
]

NEEDS_ITSELF = "this input needs itself: ring1.a -> ring2.a -> ring1.a"
NO_LITERAL = "'password' is sensitive: write ${env:NAME} or a reference to a sensitive value, never a literal"
NO_KINDS = [
    Bad("resources/near.yaml", front(kind="servce"), ("2:7: there is no kind 'servce'; did you mean 'service'?",)),
    Bad("resources/far.yaml", front(kind="zebra"), ("2:7: there is no kind 'zebra'; add kinds/zebra.yaml",)),
]
RELATIONS = [
    define("fine", 'inputs: {l: [1, 2], s: str, port: 1, m: {a.b: 1, "true": 2}}\n'),
    define(
        "depends",
        "depends_on: [zz, fin]\n",
        "5:14: there is no resource 'zz'",
        "5:18: there is no resource 'fin'; did you mean 'fine'?",
    ),
    define(
        "parents-action",
        "depends_on: {run: [fine.rum]}\n",
        "5:20: 'rum' is no action of kind service; did you mean 'run'?",
    ),
    define(
        "parent-of-action",
        "depends_on: {run: [fin.run]}\n",
        "5:20: there is no resource 'fin'; did you mean 'fine'?",
    ),
    define(
        "own-action",
        "depends_on: {rum: [fine.run]}\n",
        "5:14: 'rum' is no action of kind service; did you mean 'run'?",
    ),
    define(
        "own-reaction",
        "react_on: {restartt: [fine.update]}\n",
        "5:12: 'restartt' is no action of kind service; did you mean 'restart'?",
    ),
    define(
        "reaction",
        "react_on: {restart: [fine.updat, {on: fin.update}]}\n",
        "5:22: 'updat' is no action of kind service; did you mean 'update'?",
        "5:34: there is no resource 'fin'; did you mean 'fine'?",
    ),
    define("near-itsel", "depends_on: [near-itself]\n", "5:14: there is no resource 'near-itself'"),
    define("unordered", "unordered: [zz]\n", "5:13: there is no resource 'zz'"),
    define("self", "inputs:\n  a: ${self.a}\n", "6:6: this input needs itself: self.a -> self.a"),
    define("ring1", "inputs:\n  a: ${ring2.a}\n", f"6:6: {NEEDS_ITSELF}"),
    define("ring2", "inputs:\n  a: ${ring1.a}\n", f"6:6: {NEEDS_ITSELF}"),
    define(
        "references",
        "inputs:\n"
        "  a: ${zz.x}\n"
        "  b: ${fine.nope}\n"
        "  c: ${fine.prt}\n"
        "  d: ${fine.l.9}\n"
        "  e: ${fine.s.q}\n"
        "  f: ${fin.port}\n"
        '  g: ${fine.m["a.c"]}\n'
        "  h: 'x${fine.l}'\n"
        "  i: ['${./fin.port}']\n",
        "6:6: ${zz.x}: there is no resource 'zz'",
        "7:6: ${fine.nope}: 'fine' has no input 'nope'; it has: l, m, port, s",
        "8:6: ${fine.prt}: 'fine' has no input 'prt'; did you mean 'port'?",
        "9:6: ${fine.l.9}: 'fine' has no such value in its input 'l'",
        "10:6: ${fine.s.q}: 'fine' has no such value in its input 's'",
        "11:6: ${fin.port}: there is no resource 'fin'; did you mean 'fine'?",
        "12:6: ${fine.m[\"a.c\"]}: 'fine' has no such value in its input 'm'",
        "13:6: ${fine.l} is a list or a mapping; inside a string only scalars can stand",
        "14:7: ${fin.port}: there is no resource 'fin'; did you mean 'fine'?",
    ),
]
SECRETS = [
    define("fine", "inputs: {s: str}\n"),
    Bad("resources/secret.yaml", front("safe") + "inputs: {password: '${env:PW}'}\n", ()),
    Bad("resources/reads-secret.yaml", front("safe") + "inputs: {password: '${secret.password}'}\n", ()),
    Bad("resources/literal.yaml", front("safe") + "inputs: {password: hunter2}\n", (f"5:20: {NO_LITERAL}",)),
    Bad("resources/number.yaml", front("safe") + "inputs: {password: 12}\n", (f"5:20: {NO_LITERAL}",)),
    Bad("resources/mixed.yaml", front("safe") + "inputs: {password: 'x${env:PW}'}\n", (f"5:20: {NO_LITERAL}",)),
    Bad("resources/escaped.yaml", front("safe") + "inputs: {password: '$${env:PW}'}\n", (f"5:20: {NO_LITERAL}",)),
    Bad("resources/plain.yaml", front("safe") + "inputs: {password: '${fine.s}'}\n", (f"5:20: {NO_LITERAL}",)),
]

SCHEMAS = [
    define("fine", "inputs: {port: 5}\n"),
    Bad(
        "resources/missing.yaml",
        front("strict") + "inputs: {port: 1}\n",
        ("5:9: kind strict: the key 'host' is missing",),
    ),
    Bad(
        "resources/no-inputs.yaml",
        front("strict") + "depends_on: []\n",
        ("5:1: kind strict: the key 'host' is missing", "5:1: kind strict: the key 'port' is missing"),
    ),
    Bad(
        "resources/extra.yaml",
        front("strict") + "inputs:\n  host: a\n  port: 1\n  prt: 1\n",
        ("8:3: kind strict: unknown key 'prt'; did you mean 'port'?",),
    ),
    Bad(
        "resources/several.yaml",
        front("strict") + "inputs:\n  host: A\n  port: 0\n  mode: c\n  list: [1, a]\n  deep:\n    - {}\n",
        (
            '6:9: kind strict: "A" does not match the pattern ^[a-z]+$',
            "7:9: kind strict: must be at least 1, not 0",
            '8:9: kind strict: "c" is none of "a", "b"',
            "9:10: kind strict: must be a string, not 1",
            "11:7: kind strict: the key 'x' is missing",
        ),
    ),
    Bad(
        "resources/through-reference.yaml",
        front("strict") + "inputs:\n  port: 1\n  host: ${fine.port}\n",
        ("7:9: kind strict: must be a string, not 5",),
    ),
    Bad("resources/environment.yaml", front("strict") + "inputs: {port: 1, host: '${env:HOST}'}\n", ()),
]
STRICT = """inputs:
  type: object
  required: [port, host]
  additionalProperties: false
  properties:
    port: {type: integer, minimum: 1}
    host: {type: string, pattern: '^[a-z]+$'}
    mode: {enum: [a, b]}
    list: {type: array, items: {type: string}}
    deep: {type: array, items: {type: object, required: [x]}}
"""

TABLES = {
    "yaml": YAML,
    "characters": CHARACTERS,
    "forms": FORMS,
    "kinds": KINDS,
    "no-kinds": NO_KINDS,
    "relations": RELATIONS,
    "secrets": SECRETS,
    "schemas": SCHEMAS,
}
COMMANDS = ("validate", "stage")
_ran: Dict[str, Tuple[Dict[str, Ran], str, str]] = {}


def write(repo: Repo, files: List[Bad]) -> None:
    for bad in files:
        path = repo.root / bad.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(bad.content):
            bad.content(str(path))
        else:
            path.write_bytes(bad.content if isinstance(bad.content, bytes) else bad.content.encode())


@pytest.fixture
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tuple[Dict[str, Ran], str, str]]:
    """What each command says to one table: one run serves all cases of it. With the git state before and after."""

    def run(table: str) -> Tuple[Dict[str, Ran], str, str]:
        if table not in _ran:
            repo = Repo(tmp_path_factory.mktemp(table) / "repo")
            repo.kind("safe", sensitive=["password"]).write("kinds/strict.yaml", STRICT)
            write(repo, TABLES[table])
            before = traces(repo)
            _ran[table] = ({command: repo.run(command) for command in COMMANDS}, before, traces(repo))
        return _ran[table]

    return run


def traces(repo: Repo) -> str:
    """All that a command might have written."""
    return repo.git("status", "--porcelain=v1", "-uall") + repo.git("for-each-ref") + repo.git("ls-files", "-s")


def about(path: str, ran: Ran) -> List[str]:
    """The lines about one file, without its path."""
    return [line[len(path) + 1 :] for line in ran.err.splitlines() if line.startswith(f"{path}:")]


@pytest.mark.parametrize(
    "table, bad", [pytest.param(table, bad, id=f"{table}-{bad.path}") for table in TABLES for bad in TABLES[table]]
)
def test_each_mistake_is_told_with_its_place(told: Any, table: str, bad: Bad) -> None:
    """
    The whole message, and no other about this file, from `validate` and from `stage`.
    """
    ran, _, _ = told(table)

    for command in COMMANDS:
        assert list(bad.messages) == about(bad.path, ran[command]), command


@pytest.mark.parametrize("table", TABLES)
def test_all_mistakes_come_in_one_go_and_nothing_is_written(told: Any, table: str) -> None:
    """
    Both commands exit 1 with all messages, ordered by path and place, and leave no trace.
    """
    ran, before, after = told(table)

    expected = [f"{bad.path}:{message}" for bad in sorted(TABLES[table]) for message in bad.messages]
    for command in COMMANDS:
        lines = [line for line in ran[command].err.splitlines() if not line.startswith("hint: ")]
        assert expected == lines, command
        assert (1, "") == (ran[command].code, ran[command].out), command
    assert before == after


def said(repo: Repo, command: str = "validate") -> str:
    """What a command that has to refuse says."""
    ran = repo.run(command)
    assert (1, "") == (ran.code, ran.out)
    return ran.err


def test_mistakes_of_all_sorts_come_in_one_go(repo: Repo) -> None:
    """
    A wrong form in one file does not hide a wrong name, a secret or a schema error in others.
    """
    repo.kind("safe", sensitive=["password"]).write("kinds/strict.yaml", STRICT)
    repo.define("a", dependson=[]).define("b", depends_on=["nowhere"]).define("c", "safe", inputs={"password": "x"})
    repo.define("d", "strict", inputs={"port": 1}).write("kinds/e.yaml", "limit: 0\n").write(
        "stagectl.yaml", "rots: [x]\n"
    )

    paths = [line.split(":")[0] for line in said(repo).splitlines()]

    assert ["kinds/e.yaml", *(f"resources/{name}.yaml" for name in "abcd"), "stagectl.yaml"] == paths


def test_a_file_of_256_kib_is_read_and_one_byte_more_is_not(repo: Repo) -> None:
    """
    The limit is 262144 bytes; a larger file is refused, and its size is not misstated.
    """
    empty = front() + "inputs: {a: ''}\n"
    padding = "x" * (256 * 1024 - len(empty))
    repo.write("resources/edge.yaml", front() + f"inputs: {{a: '{padding}'}}\n")
    assert repo.run("validate").code == 0

    repo.write("resources/edge.yaml", front() + f"inputs: {{a: '{padding + 'y' * 1000}'}}\n")

    assert "resources/edge.yaml:1:1: the file has more than 262144 bytes, which is the most that is read\n" == said(
        repo
    )


def test_nesting_of_64_levels_is_read(repo: Repo) -> None:
    """
    The body is the first level, its inputs the second.
    """
    repo.write("resources/deep.yaml", front() + f"inputs: {'[' * 0}{{a: {'[' * 62}{']' * 62}}}\n")

    assert repo.run("validate").code == 0


@pytest.mark.parametrize(
    "body", ["", "inputs:\n", "inputs: {}\n", "# nothing\n", '{"inputs": {"a": 1}}\n', "inputs: {a: 1}\r\n"]
)
def test_what_is_merely_empty_or_json_is_fine(repo: Repo, body: str) -> None:
    """
    No inputs at all, JSON, and Windows line ends.
    """
    (repo.root / "resources").mkdir()
    (repo.root / "resources/a.yaml").write_bytes((front() + body).encode())

    assert "All is well: 1 definitions, 0 staged files, 2 kinds.\n" == repo.ok("validate").out


def test_an_unknown_action_in_a_staged_file_is_refused(repo: Repo) -> None:
    """
    A typing mistake in a stamp is no action that runs nothing and succeeds.
    """
    repo.write(".staged/a.yaml", front(more="actions: {restrt: 1-ab}\n"))

    expected = ".staged/a.yaml:4:11: 'restrt' is no action of kind service; did you mean 'restart'?\n"
    assert expected == said(repo)
    assert expected == said(repo, "plan")


NOT_IN_IT = "is nowhere in it, and nothing else is read"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("#/$defs/nope", f"'/$defs/nope' {NOT_IN_IT}"),
        ("#nope", f"'nope' {NOT_IN_IT}"),
        ("https://example.com/schema.json", f"'https://example.com/schema.json' {NOT_IN_IT}"),
        ("#", "it needs itself without end"),
    ],
)
def test_a_schema_that_leads_nowhere_is_an_error_and_no_crash(repo: Repo, reference: str, why: str) -> None:
    """
    References in a kind's schema that cannot be followed, lead out into the network or never end.
    """
    repo.write("kinds/odd.yaml", json.dumps({"inputs": {"$ref": reference}})).define("a", "odd", inputs={"x": 1})

    assert f"resources/a.yaml:6:12: the schema of kind odd cannot be used: {why}\n" == said(repo)


def test_a_pattern_that_explodes_does_not_hang_the_plan(repo: Repo) -> None:
    """
    Planning is bounded in time on anybody's pull request, also with a hostile pattern in a kind.
    """
    repo.write("kinds/slow.yaml", json.dumps({"inputs": {"properties": {"a": {"pattern": "^(a+)+$"}}}}))
    repo.define("a", "slow", inputs={"a": "a" * 40 + "!"})

    process = subprocess.Popen(
        [sys.executable, "-m", "stagectl", "validate"],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.wait(timeout=PATIENCE) is not None  # how soon: tests/hostile, by the processor's time
    finally:
        process.kill()
        process.wait()


CONFIGS = {
    "": None,
    "# only a comment\n": None,
    "roots: [resources]\nremote: origin\nparallelism: 2\ntags: {'prod/**': [prod, a=b]}\n": None,
    "- a\n": f"1:1: the config {NO_MAPPING}",
    "rots: [x]\n": "1:1: unknown key 'rots'; did you mean 'roots'?",
    "zebra: x\n": "1:1: unknown key 'zebra'; known keys: "
    "roots, applied_branch, remote, parallelism, executor, scheduler, route_targets, targets, lock_ref, lock_term, "
    "tags",
    "roots: [x]\n---\nroots: [y]\n": "3:1: the config is one document",
    "roots: resources\n": "1:8: 'roots' must be a list, [...]",
    "roots: [../x]\n": "1:9: a root is a folder of definitions, such as resources",
    "roots: [/etc]\n": "1:9: a root is a folder of definitions, such as resources",
    "roots: [.staged]\n": "1:9: a root is a folder of definitions, such as resources",
    "applied_branch: a b\n": "1:17: 'applied_branch' must be a branch name",
    "applied_branch: -x\n": "1:17: 'applied_branch' must be a branch name",
    "remote: [a]\n": "1:9: 'remote' must be the name of a remote",
    "remote: 'ext::sh -c x'\n": "1:9: 'remote' must be the name of a remote",
    "parallelism: 0\n": "1:14: 'parallelism' must be a whole number, at least 1",
    "executor: 3\n": "1:11: 'executor' must be threads or dask",
    "executor: dusk\n": "1:11: 'executor' must be threads or dask",
    "executor: dask\nscheduler: tls://host:8786\nroute_targets: true\n": None,
    "scheduler: host\n": "1:12: 'scheduler' must be an address, such as tls://host:8786",
    "route_targets: web1\n": "1:16: 'route_targets' must be true or false",
    "lock_ref: lock\n": "1:11: 'lock_ref' must be a full ref: refs/stagectl/lock",
    "lock_ref: refs/heads/stagectl/lock\nlock_term: 5\n": None,
    "lock_ref: refs/heads/stagectl/applied\n": "1:11: 'lock_ref' must not be the applied branch",
    "lock_term: 0\n": "1:12: 'lock_term' must be a number of seconds up to 3600",
    "targets: many\n": "1:10: 'targets' must be a whole number, at least 1",
    "tags: [a]\n": f"1:7: 'tags' {NO_MAPPING}",
    "tags: {'prod/**': prod}\n": "1:19: 'prod/**' must be a list, [...]",
    "tags: {'prod/**': [a b]}\n": f"1:20: 'a b' {NO_TAG}",
}


@pytest.mark.parametrize("config", CONFIGS)
def test_the_config_is_checked_like_any_other_file(repo: Repo, config: str) -> None:
    """
    Every key of stagectl.yaml with a wrong type, and what is fine.
    """
    repo.write("stagectl.yaml", config)
    expected: Optional[str] = CONFIGS[config]

    ran = repo.run("validate")

    assert (f"stagectl.yaml:{expected}\n" if expected else "") == ran.err
    assert (1 if expected else 0) == ran.code


@pytest.mark.parametrize("path", ["resources/prod", ".staged/prod"])
def test_a_link_to_a_folder_is_refused_and_not_passed_over(repo: Repo, path: str) -> None:
    """
    Whoever links prod to another folder hears that nothing in it would be read.
    """
    repo.define("a").define("elsewhere/b").stage()
    os.symlink("elsewhere", repo.root / path)

    assert f"{path}:1:1: {NO_FILE}\n" == said(repo)


def test_a_colon_within_a_word_is_fine_in_a_flow_list(repo: Repo) -> None:
    """
    YAML 1.2 reads `[region:eu]` and `{image: nginx:1.27}`, and tags may hold colons.
    """
    repo.write("resources/a.yaml", front(tags="[region:eu]") + "inputs: {image: nginx:1.27, url: [http://x/y?z]}\n")

    assert "All is well: 1 definitions, 0 staged files, 2 kinds.\n" == repo.ok("validate").out


VALUES = {
    "no": "no",
    "on": "on",
    "Yes": "Yes",
    "y": "y",
    "off": "off",
    "2024-01-01": "2024-01-01",
    "2024-01-01T00:00:00Z": "2024-01-01T00:00:00Z",
    "1_000": "1_000",
    "1:30": "1:30",
    "0b11": "0b11",
    "1.2.3": "1.2.3",
    "=": "=",
    "TrUe": "TrUe",
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
    "0o17": 15,
    "017": 17,
    "0x1F": 31,
    "-12": -12,
    "+12": 12,
    "12345678901234567890123": 12345678901234567890123,
    "1e3": 1000.0,
    "1.0": 1.0,
    ".5": 0.5,
    "'1'": "1",
    '"no"': "no",
    "'<<'": "<<",
}


def test_values_are_read_as_json_by_yaml_1_2(repo: Repo) -> None:
    """
    `no`, `on`, dates and 1_000 are strings; 0o17, 0x1F, 1e3, true and null are what YAML 1.2 says.
    """
    lines = "".join(f"  k{number}: {text}\n" for number, text in enumerate(VALUES))
    repo.write("resources/a.yaml", front() + "inputs:\n" + lines).stage()

    leaves = {entry["path"]: entry["after"] for entry in repo.plan().change("a.run")["diff"]}

    got = {text: leaves[f"k{number}"] for number, text in enumerate(VALUES)}
    assert {text: (type(value), value) for text, value in VALUES.items()} == {
        text: (type(value), value) for text, value in got.items()
    }


def test_the_same_value_in_another_form_is_no_change(repo: Repo) -> None:
    """
    0x10 and 16 are one value, also 1.0 and 1 as JSON numbers are not.
    """
    repo.define("a", inputs={"n": 16, "f": 1}).apply_all()
    repo.write("resources/a.yaml", front() + "inputs: {n: 0x10, f: 1.0}\n").stage()

    assert [("f", 1, 1.0)] == [(e["path"], e["before"], e["after"]) for e in repo.plan().change("a.update")["diff"]]


def test_one_file_tells_its_form_its_kind_and_its_references_in_one_go(repo: Repo) -> None:
    """
    An unknown key hides neither an unknown kind nor a dangling reference; nobody mends a file three times.
    """
    repo.define("db", inputs={"port": 1}).write(
        "resources/app.yaml",
        "---\nkind: servise\n---\nunordered: [nowhere, 'a b']\ninputs:\n  port: ${db.prt}\n  tier: ${db\ninput: 1\n",
    ).define("reader", inputs={"tier": "${app.tier}", "port": "${app.nothing}"})

    assert [
        "resources/app.yaml:2:7: there is no kind 'servise'; did you mean 'service'?",
        "resources/app.yaml:4:13: there is no resource 'nowhere'",
        "resources/app.yaml:4:22: 'a b' is not a resource name",
        "resources/app.yaml:6:9: ${db.prt}: 'db' has no input 'prt'; did you mean 'port'?",
        "resources/app.yaml:7:9: '${db' is not a reference like ${db.port}; a literal ${ is written $${",
        "resources/app.yaml:8:1: unknown key 'input'; did you mean 'inputs'?",
    ] == repo.run("stage").err.splitlines()


def test_kinds_that_differ_only_in_case_are_refused(repo: Repo) -> None:
    """
    On some file systems they are the same file.
    """
    repo.kind("Plain").define("a", "plain")

    assert "kinds/plain.yaml:1:1: two kinds whose names differ only in case: see kinds/Plain.yaml\n" == (
        repo.run("validate").err
    )
