#!/usr/bin/env bash
# Install what Qt, OpenGL and a virtual display need from the system (Debian, Ubuntu), where something is
# missing and this user may install it; else say in one message what is missing.
# Fails only where the tests and the demo could not run: no display, and no virtual one either.
set -euo pipefail

[[ "$(uname -s)" == Linux ]] || exit 0

wanted=(
  xvfb xauth
  libegl1 libgl1-mesa-dri libopengl0 libdbus-1-3 libfontconfig1 libglib2.0-0
  libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-shape0
)

has_display() { [[ -n "${DISPLAY:-}" || -n "${WAYLAND_DISPLAY:-}" ]]; }

has_virtual_display() { command -v Xvfb >/dev/null && command -v xvfb-run >/dev/null; }

finish_without_installing() {
  echo "$1" >&2
  if has_display || has_virtual_display; then
    echo "Going on without them; napari's window may not open." >&2
    exit 0
  fi
  echo "There is no display and no Xvfb to replace it, so no window can be opened." >&2
  exit 1
}

if ! command -v dpkg-query >/dev/null; then
  has_display || has_virtual_display && exit 0
  finish_without_installing "This is not a Debian or Ubuntu system: install your system's packages of Xvfb (with xvfb-run), \
Mesa's OpenGL and EGL, and the xcb libraries that Qt 6 asks for."
fi

is_installed() { [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

missing=()
for package in "${wanted[@]}"; do
  # From Debian 13 on some libraries carry the suffix t64.
  is_installed "$package" || is_installed "${package}t64" || missing+=("$package")
done

python="${PYTHON:-$(command -v python3.11 || command -v python3 || true)}"
if [[ -z "$python" ]]; then
  missing+=(python3 python3-venv)
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  missing+=(python3-venv)
fi

(( ${#missing[@]} == 0 )) && exit 0

as_root=()
if [[ "$(id -u)" != 0 ]]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    finish_without_installing "These system packages are missing: ${missing[*]}. \
Install them with: sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
fi
if ! command -v apt-get >/dev/null; then
  finish_without_installing "These system packages are missing, and there is no apt-get to install them: ${missing[*]}."
fi

echo "Installing system packages: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes)
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } </dev/null; then
  finish_without_installing "apt-get could not install these system packages (its reasons stand above): ${missing[*]}."
fi
