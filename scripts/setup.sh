#!/usr/bin/env bash
# Makes .venv, the Python environment of this checkout. Sourced by `run` and `test`; alone, it only sets up.
#
#   set_up LOCK...           .venv holds exactly what these lock files name; at once when it already does
#   apt_install PACKAGE...   system packages: false, without a word, where this user may not; exits when it fails
#
# Its words go to stderr: stdout belongs to the command that comes after.

root=$(realpath "${BASH_SOURCE[0]}")
root=${root%/scripts/*}
venv=$root/.venv
# What .venv was made for: the real path of its Python, then the checksum of each lock. "unfinished" until all is there.
stamp=$venv/made-for
extra="requirements-ocr.lock"

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "$*"
    exit 1
}

set_up() {
    # The extra that reads labels stays once it was asked for: whatever is set up later brings it up to date as well.
    [[ $* == *"$extra"* || ! -r $stamp || $(<"$stamp") != *" $extra"* ]] || set -- "$@" "$extra"
    is_up_to_date "$@" && return
    (
        # Of two at once, the second waits and then finds the work done.
        flock --nonblock 9 || { say "Waiting for another set-up in $root."; flock 9; }
        is_up_to_date "$@" || bring_up_to_date "$@"
    ) 9<"$root" >&2 </dev/null
}

is_up_to_date() {
    [[ -x $venv/bin/python && -r $stamp ]] || return
    local made_for want line
    made_for=$(<"$stamp")
    want=$(wanted "$@") || return
    while read -r line; do
        [[ $'\n'$made_for$'\n' == *$'\n'"$line"$'\n'* ]] || return
    done <<<"$want"
}

wanted() { wanted_python && (cd "$root" && sha256sum -- "$@"); }

# The real path carries the version (/usr/bin/python3.13), and reading it costs no start of Python. After a system
# upgrade it differs from the stamp's, and the packages in .venv are for a Python that is gone.
wanted_python() {
    if [[ -n ${PYTHON-} ]]; then
        "$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable))' 2>/dev/null || echo "no $PYTHON"
    else
        readlink -f "$venv/bin/python"
    fi
}

bring_up_to_date() {
    local started=$SECONDS
    [[ -w $root && (! -e $venv || -w $venv) ]] ||
        stop "$(id -un) cannot write to $root: start this as the folder's owner."
    venv_is_sound || make_venv
    echo unfinished >"$stamp"
    install_locked "$@"
    # sync: a power cut must not leave a stamp over packages that never reached the disk.
    { link_checkout && sync -f "$venv" && wanted "$@" >"$stamp.new" && mv "$stamp.new" "$stamp"; } ||
        stop "$venv could not be finished: see that the disk is neither full nor failing, then start this again."
    say "Set up in $((SECONDS - started)) s."
}

# A venv that somebody made by hand has no stamp and is taken over; one whose set-up was cut short says "unfinished",
# and is not trusted: pip takes a half-copied package for an installed one.
venv_is_sound() {
    [[ -x $venv/bin/python && -x $venv/bin/pip ]] && is_usable "$venv/bin/python" || return
    local python
    python=$(readlink -f "$venv/bin/python")
    [[ $python == "$(wanted_python)" ]] && [[ ! -e $stamp || $(head -n 1 "$stamp") == "$python" ]]
}

make_venv() {
    local python
    python=$(find_python) || { install_python && python=$(find_python); } || stop "$(no_python)"
    has_venv "$python" || { apt_install "${python##*/}-venv" && has_venv "$python"; } ||
        stop "Python's venv module is missing: type 'sudo apt-get install ${python##*/}-venv', then start this again."
    { rm -rf "$venv" && mkdir "$venv" && echo unfinished >"$stamp"; } ||
        stop "$venv could not be made anew: see that the disk is not full and that the folder can be deleted."
    say "Making .venv with $("$python" --version)."
    quietly "$python" -m venv "$venv" || exit
}

find_python() {
    local candidate candidates=(python3 python3.13 python3.12 python3.11)
    [[ -z ${PYTHON-} ]] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        is_usable "$candidate" && echo "$candidate" && return
    done
    return 1
}

# 64-bit: onnxruntime has no package for 32-bit ARM, whatever the kernel.
is_usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11) or sys.maxsize < 2**32)' 2>/dev/null; }

has_venv() { "$1" -c 'import venv, ensurepip' 2>/dev/null; }

install_python() { [[ -z ${PYTHON-} ]] && apt_install python3-venv; }

no_python() {
    if [[ -n ${PYTHON-} ]]; then
        echo "PYTHON=$PYTHON is no 64-bit Python 3.11 or newer: name another, or leave PYTHON away."
    else
        echo "No 64-bit Python 3.11 or newer was found: type 'sudo apt-get install python3-venv'," \
            "or name one with PYTHON=PATH, then start this again."
    fi
}

install_locked() {
    local lock requirements=()
    for lock in "$@"; do requirements+=(--requirement "$root/$lock"); done
    say "Installing the packages of $* (a few minutes the first time)."
    # A package without a wheel would be built here: that asks for a compiler, and runs code that no hash covers.
    quietly "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        --require-hashes --only-binary=:all: "${requirements[@]}" || exit
}

# The checkout itself is on the path and not installed: no build step, and a changed file is what runs. Both are
# written relative to .venv, so that a moved checkout goes on working.
link_checkout() {
    local site
    for site in "$venv"/lib/python3*/site-packages; do
        echo ../../../.. >"$site/pantrybox.pth" || return
    done
    # sh hands over to the Python beside this file; to Python the same two lines are a string.
    cat >"$venv/bin/pantrybox" <<'LAUNCHER' || return
#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
' '''
import sys

from pantrybox.cli.main import main

sys.exit(main())
LAUNCHER
    chmod +x "$venv/bin/pantrybox"
}

apt_install() {
    command -v apt-get >/dev/null && as_root true 2>/dev/null || return
    say "Installing system packages: $*."
    quietly apt_get_install "$@" || exit
}

apt_get_install() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    # A fresh machine has no lists; and one dead third-party list is no reason to stop.
    as_root "${apt[@]}" update
    as_root "${apt[@]}" install --yes --no-install-recommends "$@"
}

# Never asks for a password: nobody may be there to type it.
as_root() {
    local sudo=(sudo -n)
    ((EUID)) || sudo=()
    "${sudo[@]}" "$@"
}

# Runs a step without its chatter; when it fails, shows its last lines and says what to do.
quietly() {
    local words
    words=$("$@" 2>&1 </dev/null) && return
    printf '%s\n' "$words" | tail -n 4 >&2
    say "$(what_to_do "$words")"
    return 1
}

what_to_do() {
    case $1 in
    *'No space left on device'* | *'Disk quota exceeded'*)
        echo "The disk is full: make 500 MB of room (2 GB for the tests), then start this again." ;;
    *CERTIFICATE_VERIFY_FAILED* | *'not valid yet'*)
        echo "The download site's certificate was refused: see that this machine's clock is right," \
            "then start this again." ;;
    *'DO NOT MATCH THE HASHES'*)
        echo "A downloaded package is not the locked one and was left out: start this again," \
            "and if it stays so, do not trust the network." ;;
    *'name resolution'* | *' resolv'* | *[Cc]onnect* | *'timed out'* | *unreachable*)
        echo "Nothing could be downloaded: set-up, and only set-up, needs the internet;" \
            "connect this machine, then start this again." ;;
    *'No matching distribution'*)
        echo "There is no ready-made package for this Python or this machine:" \
            "PantryBox needs Python 3.11 to 3.13 on 64-bit Intel, AMD or ARM." ;;
    *)
        echo "Set-up stopped at the lines above; it is safe to start it again." ;;
    esac
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set_up "${@:-requirements.lock}"
fi
