# Sourced: the packages of the operating checks, and a Python environment with the pinned tools of the operating checks, in an ignored folder. Idempotent.
install_packages local operate
operate="$cache/operate"
wanted=$(sha256sum "$root/deploy/packages-operate.pypi" | cut -d' ' -f1)
if [ "$(cat "$operate/installed" 2>/dev/null)" != "$wanted" ]; then
    say "installing the pinned tools of the operating checks from PyPI"
    rm -rf "$operate"
    /usr/bin/python3 -m venv "$operate"
    # helm-sdkpy's metadata asks for a newer Python than it needs; the list is complete, so nothing is resolved.
    "$operate/bin/pip" install -q --disable-pip-version-check --no-deps --ignore-requires-python --require-hashes \
        -r "$root/deploy/packages-operate.pypi" >&2 || fail "the tools of the operating checks could not be installed"
    echo "$wanted" >"$operate/installed"
fi
