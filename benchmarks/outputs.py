"""What a plan costs whose parent's output may change, beside one whose parent's input changes, with 100 readers each.

    python benchmarks/outputs.py [--count 10000] [--readers 100] [--rounds 9] [--stagectl PATH]

Both are made in turn; what counts is the ratio of the medians. The second line is a plan of the input's parent in a
repository of which a kind has outputs, beside the same plan where none has.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from scale import Took, compare, row, run

_KIND = "handler: none\n"
# A kind whose handler does something: what runs may report.
_REPORTING = "outputs: {properties: {endpoint: {type: string}}}\nactions: {run: [bin/do], update: [bin/do]}\n"


def files(count: int, readers: int, reporting: bool) -> Dict[str, str]:
    """Return the staged files: two parents, the readers of each, and others; one parent reports, if asked for."""
    found = {"kinds/plain.yaml": _KIND, ".staged/given.yaml": parent("plain", 1), "bin/do": "#!/bin/sh\n"}
    if reporting:
        found["kinds/database.yaml"] = _REPORTING
        found[".staged/reported.yaml"] = parent("database", 1)
    for index in range(count):
        number = index % readers
        reads = "${given.port}" if index < readers else f"static{number}"
        reads = "${reported.endpoint}" if reporting and readers <= index < 2 * readers else reads
        text = f"---\nkind: plain\ntags: [prod]\n---\ninputs:\n  image: app:{number}\n  url: http://{reads}/\n"
        found[f".staged/t{index % 30}/r{index}.yaml"] = text
    return found


def parent(kind: str, size: int) -> str:
    """Return what is staged of a parent; another size changes the input that is read, or the output that may be."""
    return f"---\nkind: {kind}\n---\ninputs:\n  port: {size}\n"


def generate(root: Path, count: int, readers: int, reporting: bool, stagectl: str) -> None:
    """Write and commit a repository, and record everything as applied."""
    for path, text in files(count, readers, reporting).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "known.json").write_text(json.dumps({"reported": {"endpoint": "1.2.3.4"}}))
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "all"]):
        run(["git", "-c", "user.name=B", "-c", "user.email=b@example.com", "-c", "gc.auto=0", *words], root)
    for key, value in (("user.name", "Bench"), ("user.email", "bench@example.com")):
        run(["git", "config", key, value], root)
    known = ["--outputs", "known.json"] if reporting else []
    run([stagectl, "apply", "--record-only", "--yes", *known], root)
    run(["git", "repack", "-adq"], root)


def edit(root: Path, name: str, kind: str) -> None:
    """Edit one parent, and nothing else."""
    run(["git", "checkout", "-q", "."], root)
    (root / f".staged/{name}.yaml").write_text(parent(kind, 2))
    run(["git", "status", "--porcelain"], root)


def changes(root: Path, stagectl: str) -> List[bool]:
    """Return of each planned change whether it is conditional."""
    out = subprocess.run([stagectl, "plan", "--format", "json"], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    return [bool(change.get("conditional")) for change in json.loads(out)["changes"]]


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--stagectl", default=shutil.which("stagectl") or "stagectl")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        places: Dict[str, Tuple[Path, str, str]] = {
            "an output may change": (Path(scratch) / "reported", "reported", "database"),
            "an input changes": (Path(scratch) / "given", "given", "plain"),
            "an input changes, no outputs anywhere": (Path(scratch) / "none", "given", "plain"),
        }
        for root, name, kind in places.values():
            root.mkdir()
            generate(root, options.count, options.readers, root.name != "none", options.stagectl)
            edit(root, name, kind)
            found = changes(root, options.stagectl)
            assert (len(found), sum(found)) == (options.readers + 1, options.readers * (kind == "database")), found
        time.sleep(3)  # until the folders are old enough to be trusted

        def plan(what: str) -> Took:
            return run([options.stagectl, "plan", "--format", "json"], places[what][0])

        print("| what | against | ours | theirs | ratio | of processor time |\n| --- | --- | --- | --- | --- | --- |")
        names = list(places)
        for what, against in (names[:2], names[1:]):
            ours, theirs = compare(lambda what=what: plan(what), lambda against=against: plan(against), options.rounds)  # type: ignore[misc]
            print(row(f"{options.count:,}: `plan`, {what}", ours, theirs, against), flush=True)


if __name__ == "__main__":
    main()
