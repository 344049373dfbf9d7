"""Each mistake in a file is reported with its place, everything in one go, and nothing is written."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Tuple

import pytest

from tests.build import Ran, Repo
from tests.scenarios.bad_input.world import (
    NO_FILE,
    NO_MAPPING,
    NO_TAG,
    STRICT,
    Bad,
    front,
    kind,
    link,
    matter,
    staged,
    write,
)


def define(name: str, body: str, *messages: str) -> Bad:
    """A definition whose body, from line 5 on, is wrong."""
    return Bad(f"resources/{name}.yaml", front() + body, messages)


def named(path: str, *messages: str) -> Bad:
    """A definition that is right but for its name."""
    return Bad(path, front(), messages)


NO_FRONT = "the front matter is missing: start the file with '---', 'kind: ...' and another '---'"

NO_NAME = "is no name for a resource or folder: use letters, digits, '_' and '-', the first no '-'"

NO_ACTION_NAME = "is no name for an action: use lower case letters, digits, '_' and '-', a letter first"

NO_SCHEMA = "not a JSON Schema (draft 2020-12)"

NO_WORD = "is not a tag, which is a string: quote it"

NO_OLD_NAME = "3:13: 'moved_from' must be the full name the resource had before"

NO_PATH = "is no path of an input, such as port or urls.0.port"

NO_CHANGES = [f"5:{column} is not a change; write name.action, such as db.update" for column in ('27: ["x"]', "33: 3")]

NO_REFERENCE = "is not a reference like ${db.port}; a literal ${ is written $${"

NO_STAMP = "4:20: a stamp is a counter and a suffix, such as 2-3f9c; stage it with -a"

NO_SOURCE = "4:9: 'source' must be the path of a definition, such as resources/db.yaml"

NO_ARGUMENTS = "1:16: a shell action is a list of strings: the program and its arguments"

NO_FUNCTION = "2:16: a python action names a function of an installed package: package.module:function"

NO_PLAYBOOK = "2:16: an ansible action is the path of a playbook, from the repository's root: playbooks/deploy.yml"

BODY_KEYS = "known keys: inputs, depends_on, react_on, unordered, overrides"

KIND_KEYS = (
    "known keys: description, inputs, outputs, reports, handler, actions, check, replace_on, sensitive, timeout, "
    "limit, idempotent, protect, files"
)

FRONT_KEYS = "known keys: kind, tags, moved_from, like, each, template"

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
    define(
        "conflict",
        "inputs:\n<<<<<<< ours\n  a: 1\n=======\n  a: 2\n>>>>>>> theirs\n",
        "6:1: not YAML: a merge left a conflict here: choose what holds, and delete the marks",
    ),
    define("unclosed", "inputs: [\n", "6:1: not YAML: did not find expected node content while parsing a flow node"),
    define(
        "unclosed-string",
        "inputs:\n  a: 'x\n",
        "7:1: not YAML: found unexpected end of stream while scanning a quoted scalar",
    ),
    define(
        "tabulator",
        "inputs:\n\ta: 1\n",
        "6:1: not YAML: a tab cannot indent a line: use spaces",
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
    named(
        "resources/twin.yaml",
        "1:1: two names that are the same or differ only in case: see resources/Twin.yaml; delete one",
    ),
    named("resources/Folder/x.yaml"),
    named(
        "resources/folder/x.yaml",
        "1:1: two names that are the same or differ only in case: see resources/Folder/x.yaml; delete one",
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
    matter("number-kind", "kind: 3\n", "2:7: 3 is not a kind, which is a string: quote it"),
    matter("number-old-name", "kind: service\nmoved_from: 3\n", "3:13: 3 is not a name, which is a string: quote it"),
    matter("number-like", "like: 0644\n", "2:7: 644 is not a name, which is a string: quote it"),
    matter("path-kind", "kind: ../x\n", "2:7: a kind is a word of letters, digits, '_' and '-'"),
    matter("near-front", "kind: service\ntag: [a]\n", "3:1: unknown key 'tag'; did you mean 'tags'?"),
    matter("far-front", "kind: service\nzebra: [a]\n", f"3:1: unknown key 'zebra'; {FRONT_KEYS}"),
    matter(
        "own-source",
        "kind: service\nsource: resources/x.yaml\n",
        f"3:1: unknown key 'source'; {FRONT_KEYS}",
    ),
    matter(
        "own-actions",
        "kind: service\nactions: {a: 1-a}\n",
        f"3:1: unknown key 'actions'; {FRONT_KEYS}",
    ),
    matter("old-name", "kind: service\nmoved_from: a b\n", NO_OLD_NAME),
    matter("old-names", "kind: service\nmoved_from: [a, [b]]\n", NO_OLD_NAME),
    matter("old-name-twice", "kind: service\nmoved_from: [a, b, a]\n", "3:13: 'a' stands here twice"),
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
    staged(
        "far-staged",
        "zebra: x\n",
        "4:1: unknown key 'zebra'; known keys: kind, tags, moved_from, source, template, actions",
    ),
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


@pytest.fixture
def reported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tuple[Dict[str, Ran], str, str]]:
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
def test_each_mistake_is_reported_with_its_place(reported: Any, table: str, bad: Bad) -> None:
    """
    The whole message, and no other about this file, from `validate` and from `stage`.
    """
    ran, _, _ = reported(table)

    for command in COMMANDS:
        assert list(bad.messages) == about(bad.path, ran[command]), command


@pytest.mark.parametrize("table", TABLES)
def test_all_mistakes_come_in_one_go_and_nothing_is_written(reported: Any, table: str) -> None:
    """
    Both commands exit 1 with all messages, ordered by path and place, and leave no trace.
    """
    ran, before, after = reported(table)

    expected = [f"{bad.path}:{message}" for bad in sorted(TABLES[table]) for message in bad.messages]
    for command in COMMANDS:
        lines = [line for line in ran[command].err.splitlines() if not line.startswith("hint: ")]
        assert expected == lines, command
        assert (1, "") == (ran[command].code, ran[command].out), command
    assert before == after
