# SPDX-License-Identifier: ISC
# How guests start, with how much memory, and from what settings: see checks.sh.

# create_start NAME KERNEL [ARGUMENTS]: with a network device, of which the arguments say all there
# is to say. It does not run yet.
create_start() {
    create_options=-p
    create "$1" "$2" "$3" "vif = ['bridge=xenbr0,script=vif-mini']"
    create_failed=$?
    create_options=
    about "$kind" "$1"
    return $create_failed
}

# said NAME: the number that follows it on the console, where it comes first.
said() { console | sed -n "s/^$1 \([0-9]*\).*/\1/p" | head -n 1; }

# With a client that waits already, and asks for the guest's hardware address every 20 ms. What the
# guest's own clock says, from its first instruction in C on, until the first byte served had been
# acknowledged.
first_byte() {
    echo 20 >/proc/sys/net/ipv4/neigh/xenbr0/retrans_time_ms
    echo 1000 >/proc/sys/net/ipv4/neigh/xenbr0/mcast_solicit
    for try in 1 2; do
        create_start "first$try" web "ip=10.99.0.$(number_of "$kind")/24 trace=boot" || return
        ./dom0 wait "$host" 80 30 &
        usleep 500000
        xl unpause "$name"
        wait $!
        verdict "serves who waited for it, $try" [ $? -eq 0 ]
        verdict "knows when that was, $try" waitfor 50 says 'WEB first answer'
        at_most "serves its first byte so many us after its start, $try" \
            "$(said 'WEB first answer was there at us')" "$FIRST_BYTE_US"
        [ $try -eq 1 ] && console | sed -n "s/^boot: /XEN-NOTE $kind: &/p"
        finish
    done
}

# with_memory MEGABYTES CONNECTIONS KILOBYTES: has at least so much of each, all of it good for use.
with_memory() {
    memory=$1
    create "memory$1" probe 'then=wait memory=all' || return
    verdict "$1 MB: says that it is there" waitfor 200 says 'PROBE done'
    verdict "$1 MB: finds nothing wrong" says_not 'PROBE FAIL'
    at_least "$1 MB: has room for connections" "$(said 'PROBE connections')" "$2"
    at_least "$1 MB: leaves KB for the application" "$(said 'PROBE kilobytes')" "$3"
    finish
    start_net "web$1" web || return
    many "$1 MB" 64 64
    finish
    memory=32
}

memories() {
    if [ "$kind" = pv ]; then with_memory 8 256 1500; else with_memory 32 1024 15000; fi
    with_memory 128 8192 75000
}

# store KEY VALUE: a setting in the xenstore of the guest that does not run yet.
store() { xenstore-write "/local/domain/$domain/data/mstack/$1" "$2"; }

# So briefly that nobody who waits for them waits for long.
answers() { ping -c 1 -W 1 "$1"; }
serves() { timeout 2 wget -q -O - "http://$host:$1/"; }

settings() {
    create_start stored web || return
    store ip "$host/24 fd99::7/64"
    store gateway '10.99.0.1 fd99::1'
    store port 8080
    xl unpause "$name"
    verdict 'takes its address from the xenstore' waitfor 40 answers "$host"
    verdict 'takes its second address from there' waitfor 40 answers fd99::7
    verdict 'takes its port from there' waitfor 40 serves 8080
    finish

    create_start both web "ip=10.99.0.$(number_of "$kind")/24" || return
    store ip 10.99.0.77/24
    store port 8080
    xl unpause "$name"
    verdict 'prefers the command line' waitfor 40 answers "$host"
    verdict 'leaves what the command line hides' eval '! answers 10.99.0.77'
    verdict 'takes the rest from the xenstore' waitfor 40 serves 8080
    finish
}

# ends_for MESSAGE: in peace.
ends_for() {
    xl unpause "$name"
    verdict "ends: $1" waitfor 100 is_gone
    verdict 'says why' says "^cannot start: $1"
    verdict 'does not crash' says '^powering off'
    finish
}

# wrong KEY VALUE MESSAGE: in the xenstore.
wrong() {
    create_start wrong web || return
    store "$1" "$2"
    ends_for "$1=$2 (in the xenstore) $3"
}

wrongs() {
    wrong ip 10.99.0.999/24 'is no ADDRESS/PREFIX'
    wrong gateway nowhere 'is no address'
    wrong queues 0 'is no number from 1 to 8'
    wrong port 65536 'is no number from 1 to 65535'
    create_start wrong web 'ip=10.99.0.2/33' || return
    ends_for 'ip=10.99.0.2/33 (on the command line) is no ADDRESS/PREFIX'
}
