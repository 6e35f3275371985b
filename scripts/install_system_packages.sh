#!/usr/bin/env bash
# Installs the Debian packages that are missing, as root or through sudo; otherwise says what to install.
# Usage: scripts/install_system_packages.sh run|test
set -euo pipefail

missing=()
command -v fluidsynth >/dev/null || missing+=(fluidsynth)
[ -n "$(find /usr/share/sounds -name 'FluidR3_GM.sf2' 2>/dev/null)" ] || missing+=(fluid-soundfont-gm)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=("$(python3 -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')")
if [ "${1:-run}" = test ]; then
  command -v chromium >/dev/null || missing+=(chromium)
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || missing+=(postgresql)
fi
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "Tutti needs these programs, and there is no apt-get here to install them: ${missing[*]}" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
elif command -v sudo >/dev/null && [ -t 0 ]; then
  as_root=(sudo)
else
  echo "Tutti needs these Debian packages. Run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
