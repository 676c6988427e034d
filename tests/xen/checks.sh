# SPDX-License-Identifier: ISC
# Runs in dom0: starts guests, and says of each check on one line how it went.
cd /test || exit 1
failures=0

ok() { echo "XEN-TEST ok $*"; }
bad() {
    echo "XEN-TEST FAIL $*"
    failures=$((failures + 1))
}
note() { echo "XEN-NOTE $*"; }

# verdict NAME COMMAND...: the command's own word.
verdict() {
    verdict_name=$1
    shift
    if "$@"; then ok "$verdict_name"; else bad "$verdict_name"; fi
}

# waitfor TENTHS COMMAND...: until it succeeds, but no longer.
waitfor() {
    wait_left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        wait_left=$((wait_left - 1))
        [ $wait_left -gt 0 ] || return 1
        usleep 100000
    done
    return 0
}

console() { cat "/var/log/xen/console/guest-$1.log" 2>/dev/null; }
says() { console "$1" | grep -q "$2"; }
is_gone() { ! xl domid "$1"; }

# create NAME KIND KERNEL ARGUMENTS [LINE...]: starts a guest.
create() {
    name=$1 kind=$2 kernel=$3 arguments=$4
    shift 4
    {
        echo "name = '$name'"
        echo "type = '$kind'"
        echo "kernel = '/test/$kernel'"
        echo "cmdline = '$arguments'"
        echo "memory = 32"
        echo "vcpus = 1"
        echo "on_crash = 'destroy'"
        for line in "$@"; do echo "$line"; done
    } >"/tmp/$name.cfg"
    rm -f "/var/log/xen/console/guest-$name.log"
    xl create -q "/tmp/$name.cfg" || {
        bad "$name: xl create"
        return 1
    }
}

# Whatever became of it, it is gone afterwards; what it said is in the log.
finish() {
    xl destroy "$1" 2>/dev/null
    console "$1" | tr -d '\r' | sed "s/^/CONSOLE $1: /"
}

probe() {
    kind=$1
    name="probe-$kind"
    create "$name" "$kind" probe 'ip=10.99.0.2/24 then=wait' "on_reboot = 'destroy'" || return
    verdict "$kind: says that it is there" waitfor 100 says "$name" 'PROBE done'
    verdict "$kind: finds nothing wrong" eval "! says $name 'PROBE FAIL'"
    console "$name" | tr -d '\r' | sed -n "s/^PROBE ok /XEN-TEST ok $kind: /p
        s/^PROBE FAIL /XEN-TEST FAIL $kind: /p"
    verdict "$kind: is told its arguments" says "$name" 'arguments ip=10.99.0.2/24 then=wait'
    wall=$(console "$name" | sed -n 's/^PROBE wall \([0-9]*\).*/\1/p')
    away=$(($(date +%s) - ${wall:-0}))
    verdict "$kind: knows what time it is" [ "${away#-}" -le 10 ]
    xl shutdown "$name" >/dev/null 2>&1
    verdict "$kind: shuts down when asked to" waitfor 100 is_gone "$name"
    verdict "$kind: says so" says "$name" 'powering off'
    random=$(console "$name" | sed -n 's/^PROBE random \([0-9]*\).*/\1/p')
    finish "$name"

    name="reboot-$kind"
    create "$name" "$kind" probe 'then=wait' "on_reboot = 'destroy'" || return
    waitfor 100 says "$name" 'PROBE done'
    verdict "$kind: has other randomness the next time" \
        eval "says $name 'PROBE random' && ! says $name 'PROBE random $random'"
    xl reboot "$name" >/dev/null 2>&1
    verdict "$kind: reboots when asked to" waitfor 100 is_gone "$name"
    verdict "$kind: says that too" says "$name" 'rebooting'
    finish "$name"

    name="panic-$kind"
    create "$name" "$kind" probe 'then=panic' "on_reboot = 'destroy'" || return
    verdict "$kind: panics with a reason" waitfor 100 says "$name" 'panic: as it was told to'
    verdict "$kind: is gone after a panic" waitfor 100 is_gone "$name"
    finish "$name"
}

for kind in $KINDS; do
    probe "$kind"
done
[ $failures -eq 0 ]
