# Sourced: a Python environment of our own with the pinned test tools, in an ignored folder. Idempotent.
venv="$cache/venv"
wanted=$(sha256sum "$root/deploy/packages-test.pypi" | cut -d' ' -f1)
if [ "$(cat "$venv/installed" 2>/dev/null)" != "$wanted" ]; then
    say "installing the pinned test tools from PyPI"
    rm -rf "$venv"
    # The distribution's Python: the wheels are pinned for it.
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$root/deploy/packages-test.pypi" >&2 ||
        fail "the test tools could not be installed"
    echo "$wanted" >"$venv/installed"
fi
