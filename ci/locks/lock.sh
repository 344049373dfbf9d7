#!/bin/sh
# Make the lock files anew, with uv (https://docs.astral.sh/uv/): what CI installs, by version and hash, for Python 3.10 and newer.
set -eu
cd "$(dirname "$0")/../.."
lock() {
    name=$1
    shift
    uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-annotate --no-emit-index-url \
        --custom-compile-command ci/locks/lock.sh --output-file "ci/locks/$name.txt" "$@"
}
lock stagectl pyproject.toml ci/locks/build.in
for extra in ansible dask graph; do
    lock "$extra" pyproject.toml --extra "$extra" --constraints ci/locks/stagectl.txt
done
