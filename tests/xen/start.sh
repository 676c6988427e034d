# SPDX-License-Identifier: ISC
# Runs in dom0: how guests start, with how much memory, and from what settings.
cd /test || exit 1
failures=0

ok() { echo "XEN-TEST ok $kind: $*"; }
bad() {
    echo "XEN-TEST FAIL $kind: $*"
    failures=$((failures + 1))
}
note() { echo "XEN-NOTE $kind: $*"; }

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

console() { tr -d '\r' <"/var/log/xen/console/guest-$name.log" 2>/dev/null; }
says() { console | grep -q "$1"; }
is_gone() { ! xl domid "$name"; }
value() { console | sed -n "s/^$1 \([0-9]*\).*/\1/p" | head -n 1; }

# create KERNEL MEGABYTES ARGUMENTS: makes the guest $name of $kind; it does not run yet.
create() {
    {
        echo "name = '$name'"
        echo "type = '$kind'"
        echo "kernel = '/test/$1'"
        echo "memory = $2"
        echo "cmdline = '$3'"
        echo "vif = ['bridge=xenbr0,script=vif-mini']"
        echo "on_crash = 'destroy'"
        echo "on_reboot = 'destroy'"
    } >"/tmp/$name.cfg"
    rm -f "/var/log/xen/console/guest-$name.log"
    xl create -q -p "/tmp/$name.cfg" || bad "$name: xl create"
}

run() { xl unpause "$name"; }

# Whatever became of it, it is gone afterwards; what it said is in the log.
finish() {
    xl destroy "$name" 2>/dev/null
    console | sed "s/^/CONSOLE $name: /"
}

address() { [ "$kind" = pv ] && echo 10.99.0.2 || echo 10.99.0.3; }

# With a client that waits already, and asks for the guest's hardware address every 20 ms. What the
# guest's own clock says, from its first instruction in C on, until the first byte served had been
# acknowledged.
first_byte() {
    echo 20 >/proc/sys/net/ipv4/neigh/xenbr0/retrans_time_ms
    echo 1000 >/proc/sys/net/ipv4/neigh/xenbr0/mcast_solicit
    for try in 1 2; do
        name="first-$kind-$try"
        create web 32 "ip=$(address)/24 trace=boot"
        ./waiter "$(address)" 80 30 &
        usleep 500000
        run
        wait $!
        verdict "serves who waited for it, $try" [ $? -eq 0 ]
        waitfor 50 says 'WEB first answer'
        took=$(value 'WEB first answer was there at us')
        note "first byte served after ${took:-no} us, by the guest's clock"
        verdict "serves its first byte within half a second, $try" \
            [ "${took:-999999999}" -le "$FIRST_BYTE_US" ]
        [ $try -eq 1 ] && console | sed -n "s/^boot: /XEN-NOTE $kind: &/p"
        finish
    done
}

# memory MEGABYTES CONNECTIONS KILOBYTES: has at least so much of each, all of it good for use.
memory() {
    name="memory-$kind-$1"
    create probe "$1" 'then=wait memory=all'
    run
    verdict "$1 MB: says that it is there" waitfor 200 says 'PROBE done'
    verdict "$1 MB: finds nothing wrong" eval '! says "PROBE FAIL"'
    note "$1 MB: room for $(value 'PROBE connections') connections, and" \
        "$(value 'PROBE kilobytes') KB for the application"
    verdict "$1 MB: has room for $2 connections" [ "$(value 'PROBE connections')" -ge "$2" ]
    verdict "$1 MB: has $3 KB left for the application" [ "$(value 'PROBE kilobytes')" -ge "$3" ]
    finish
    name="small-$kind-$1"
    create web "$1" "ip=$(address)/24"
    run
    verdict "$1 MB: comes up with a network" waitfor 200 says 'network: up'
    ./dom0 many "$(address)" 80 / 64 64 >/dev/null
    verdict "$1 MB: answers 64 connections at once" [ $? -eq 0 ]
    finish
}

memories() {
    if [ "$kind" = pv ]; then memory 8 256 1500; else memory 32 1024 15000; fi
    memory 256 8192 150000
}

# store KEY VALUE: a setting in the xenstore of the guest that does not run yet.
store() { xenstore-write "/local/domain/$(xl domid "$name")/data/mstack/$1" "$2"; }

answers() { ping -c 1 -W 1 "$1"; }

settings() {
    name="stored-$kind"
    create web 32 ''
    store ip "$(address)/24 fd99::7/64"
    store gateway '10.99.0.1 fd99::1'
    store port 8080
    run
    verdict 'takes its address from the xenstore' waitfor 100 answers "$(address)"
    verdict 'takes its second address from there' waitfor 50 answers fd99::7
    verdict 'takes its port from there' waitfor 50 wget -q -O - "http://$(address):8080/"
    finish

    name="both-$kind"
    create web 32 "ip=$(address)/24"
    store ip 10.99.0.77/24
    store port 8080
    run
    verdict 'prefers the command line' waitfor 100 answers "$(address)"
    verdict 'leaves what the command line hides' eval '! answers 10.99.0.77'
    verdict 'takes the rest from the xenstore' \
        waitfor 50 wget -q -O - "http://$(address):8080/"
    finish
}

# wrong KEY VALUE MESSAGE: in the xenstore.
wrong() {
    create web 32 ''
    store "$1" "$2"
    run
    verdict "ends when $1 is '$2'" waitfor 100 is_gone
    verdict "says why" says "^cannot start: $1=$2 (in the xenstore) $3"
    verdict "does not crash" says '^powering off'
    finish
}

wrongs() {
    name="wrong-$kind"
    wrong ip 10.99.0.999/24 'is no ADDRESS/PREFIX'
    wrong gateway nowhere 'is no address'
    wrong queues 0 'is no number from 1 to 8'
    wrong port 65536 'is no number from 1 to 65535'
    create web 32 'ip=10.99.0.2/33'
    run
    verdict 'ends when the command line is wrong' waitfor 100 is_gone
    verdict 'says that, too' \
        says '^cannot start: ip=10.99.0.2/33 (on the command line) is no ADDRESS/PREFIX'
    finish
}

for kind in $KINDS; do
    for part in $PARTS; do
        $part
    done
done
[ $failures -eq 0 ]
