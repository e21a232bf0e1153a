# Sourced by the scripts: where things are, how to speak, how to install. No script asks a question.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache="$root/.cache"
cd "$root"

say() { printf '\033[1m▸ %s\033[0m\n' "$*" >&2; }
fail() {
    printf '\033[31m✗ %s\033[0m\n' "$*" >&2
    exit 1
}

# packages SCOPE... : the names of those scopes in the one list; a scope includes its parts (run.media-worker).
packages() {
    awk -v scopes=" $* " '!/^#/ && NF { split($1, part, "."); if (index(scopes, " " part[1] " ")) print $2 }' \
        "$root/deploy/packages"
}

# install SCOPE... : installs what is missing of those scopes, and says what.
install_packages() {
    local missing=()
    local name
    for name in $(packages "$@"); do
        dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing ${#missing[@]} packages: ${missing[*]}"
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo -n)
    "${sudo[@]}" apt-get update -qq || fail "apt-get update failed (not root, and sudo asks for a password?)"
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 || fail "apt-get install failed"
}

# A Swift toolchain of the right version, on the PATH or in the usual place.
need_swift() {
    command -v swift >/dev/null || { [ -x /opt/swift/usr/bin/swift ] && PATH="/opt/swift/usr/bin:$PATH"; }
    command -v swift >/dev/null || fail "Swift 6.3 is needed: https://www.swift.org/install/linux"
    swift --version 2>/dev/null | grep -qE 'Swift version 6\.([3-9]|[1-9][0-9])' ||
        fail "Swift 6.3 or newer is needed; found: $(swift --version 2>/dev/null | head -n 1)"
}

# build_release : the nine executables and the sandbox, optimised, with Swift's own libraries inside.
build_release() {
    say "building (release)"
    local log
    log=$(mktemp)
    if swift build -c release --static-swift-stdlib -Xswiftc -use-ld=lld >"$log" 2>&1; then
        tail -n 3 "$log" >&2
        rm -f "$log"
    else
        grep -E -A4 'error:|warning:' "$log" >&2 || tail -n 20 "$log" >&2
        rm -f "$log"
        fail "the build failed"
    fi
}
