#!/usr/bin/env bash
# Python environments of our own, in an ignored folder, with the pinned tools of deploy/packages-NAME.pypi. Idempotent.
# Sourced after common.sh: `pinned_tools NAME` prints the folder, or fails. Run by itself: scripts/lib/python.sh NAME.

# Usage: pinned_tools NAME [folder]
pinned_tools() {
    local list="$root/deploy/packages-$1.pypi"
    local folder=${2:-$cache/$1}
    local wanted
    wanted=$(sha256sum "$list" | cut -d' ' -f1)
    if [ "$(cat "$folder/installed" 2>/dev/null)" != "$wanted" ]; then
        say "installing the pinned packages of ${list#"$root/"} from PyPI"
        rm -rf "$folder"
        # The distribution's Python: the wheels are pinned for it. The lists are complete, so nothing is resolved; some of
        # what is in them asks for a newer Python than it needs.
        /usr/bin/python3 -m venv "$folder" >&2 || return 1
        "$folder/bin/pip" install -q --disable-pip-version-check --no-deps --ignore-requires-python --require-hashes \
            -r "$list" >&2 || return 1
        echo "$wanted" >"$folder/installed"
    fi
    echo "$folder"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    source "$(dirname "$0")/common.sh"
    pinned_tools "$@"
fi
