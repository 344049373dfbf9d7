#!/bin/sh
# Install stagectl from a folder into the environment of a Python: install.sh PYTHON FOLDER [EXTRAS, with commas]
# What it needs comes from the lock files beside this script, by hash; -I: nothing is imported from the current folder.
set -eu
python=$1 folder=$2 extras=${3:-}
pip() { "$python" -I -m pip install --quiet --disable-pip-version-check "$@"; }
pip --require-hashes -r "$folder/ci/locks/stagectl.txt"
for extra in $(printf '%s' "$extras" | tr ',' ' '); do
    case $extra in
        ansible | dask | graph) pip --require-hashes -r "$folder/ci/locks/$extra.txt" ;;
        *)
            echo "error: there is no extra '$extra'; there are: ansible, dask, graph" >&2
            exit 1
            ;;
    esac
done
pip --no-deps --no-build-isolation "$folder"
