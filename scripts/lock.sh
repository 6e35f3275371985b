#!/usr/bin/env bash
# Writes requirements.lock and requirements-dev.lock from pyproject.toml.
# The CPU build's local version (+cpu) is cut off, so that the lock installs on any machine.
set -euo pipefail
compile() { .venv/bin/pip-compile --quiet --no-header --no-annotate --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-options "$@" pyproject.toml; }
compile --output-file requirements.lock
compile --extra dev --output-file requirements-dev.lock
sed -i 's/^\(torch==[0-9.]*\)+cpu$/\1/' requirements.lock requirements-dev.lock
