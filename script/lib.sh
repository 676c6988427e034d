# SPDX-License-Identifier: ISC
# What the scripts share. They source this first; it changes to the top of the tree.
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C

say() { printf '== %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command whose output matters only if it fails.
quietly() {
    quiet_log=$(mktemp)
    if "$@" >"$quiet_log" 2>&1 </dev/null; then
        rm -f "$quiet_log"
        return 0
    fi
    tail -n 40 "$quiet_log" >&2
    rm -f "$quiet_log"
    return 1
}

# configure DIR OPTION...: makes the build directory, or brings it up to date.
configure() {
    dir=$1
    shift
    if [ -f "$dir/build.ninja" ]; then
        quietly meson setup --reconfigure "$dir" "$@" && return
        say "$dir cannot be brought up to date: making it anew"
        rm -rf "$dir"
    fi
    quietly meson setup "$dir" "$@" || fail "meson could not set up $dir"
}

# compile DIR: says nothing if all is well.
compile() { quietly ninja -C "$1" || return 1; }

# Whether tap devices can be made here; otherwise no_tap says why not.
can_tap() {
    no_tap=
    if [ "$(id -u)" != 0 ]; then
        no_tap='this is not root'
    elif [ ! -c /dev/net/tun ] || ! (: <>/dev/net/tun) 2>/dev/null; then
        no_tap='/dev/net/tun cannot be opened'
    fi
    [ -z "$no_tap" ]
}
