# SPDX-License-Identifier: ISC
# Runs in dom0: starts guests, and says of each check on one line how it went. Each of STEPS is a
# kind of guest and a part, "pv:web", which has guests of its own and needs no other step.
cd /test || exit 1
. ./settings.sh
modprobe sch_netem
failures=0

# The guest that the checks are about, and how to start the next: -p, paused; with so many MB.
kind= name= host= host6= domain= create_options= memory=32

ok() { echo "XEN-TEST ok $kind: $*"; }
bad() {
    echo "XEN-TEST FAIL $kind: $*"
    failures=$((failures + 1))
    [ "$name" = "$evident" ] || evidence | sed 's/^/XEN-SEEN /'
    evident=$name
}
note() { echo "XEN-NOTE $kind: $*"; }

# What there is to say of the guest, and of its port on the bridge; once for each.
evident=
evidence() {
    console | tail -n 15 | sed 's/^/console: /'
    [ -z "$host" ] || timeout 5 wget -q -O - "http://$host/$counters_path" | sed 's/^/counter: /'
    grep -Hv '^0$' "/sys/class/net/vif$domain.0/statistics/"* | sed 's/.*statistics./port: /'
    dmesg | tail -n 5
}

# verdict NAME COMMAND...: the command's own word.
verdict() {
    verdict_name=$1
    shift
    if "$@"; then ok "$verdict_name"; else bad "$verdict_name"; fi
}

# at_least NAME NUMBER LEAST: that a number is no less, which is said.
at_least() {
    verdict "$1 ($2, of at least $3)" [ "${2:-0}" -ge "$3" ]
}
at_most() {
    verdict "$1 ($2, of at most $3)" [ "${2:-0}" -le "$3" ]
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

# seconds: with hundredths, since the start of dom0.
seconds() { cut -d' ' -f1 /proc/uptime; }
since() { echo "$(seconds) $1" | awk '{ printf "%.2f", $1 - $2 }'; }

console() { tr -d '\r' <"/var/log/xen/console/guest-$name.log" 2>/dev/null; }
says() { console | grep -q "$1"; }
says_not() { ! says "$1"; }
is_gone() { ! xl domid "$name"; }

# create NAME KERNEL ARGUMENTS [LINE...]: starts a guest.
create() {
    name=$1-$kind kernel=$2 arguments=$3
    shift 3
    host= host6= domain= counters_path=counters
    {
        echo "name = '$name'"
        echo "type = '$kind'"
        echo "kernel = '/test/$kernel'"
        echo "cmdline = '$arguments'"
        echo "memory = $memory"
        echo "vcpus = 1"
        echo "on_crash = 'destroy'"
        echo "on_reboot = 'destroy'"
        for line in "$@"; do echo "$line"; done
    } >"/tmp/$name.cfg"
    rm -f "/var/log/xen/console/guest-$name.log"
    for create_try in 1 2; do
        # shellcheck disable=SC2086: there may be none.
        xl create -q $create_options "/tmp/$name.cfg" 2>/tmp/xl && return
        cat /tmp/xl
        # Nobody is to answer in the place of the next.
        xl destroy "$name" 2>/dev/null
        # It crashes itself now and then (malloc() says: corrupted), whatever guest it makes.
        grep -q 'died due to fatal signal' /tmp/xl || break
        note "xl create crashed, $create_try"
    done
    bad 'xl create'
    return 1
}

# Whatever became of it, it is gone afterwards; what it said is in the log.
finish() {
    xl destroy "$name" 2>/dev/null
    console | sed "s/^/CONSOLE $name: /"
}

. ./network.sh
. ./basic.sh
. ./start.sh
. ./trouble.sh
. ./website.sh
. ./soak.sh
. ./baseline.sh

for step in $STEPS; do
    kind=${step%%:*}
    began_step=$(seconds)
    "${step#*:}"
    note "${step#*:} took $(since "$began_step") s"
done
[ $failures -eq 0 ]
