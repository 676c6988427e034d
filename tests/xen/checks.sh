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

address() { [ "$1" = pv ] && echo 10.99.0.2 || echo 10.99.0.3; }
address6() { [ "$1" = pv ] && echo fd99::2 || echo fd99::3; }

# create_net NAME KIND KERNEL [ARGUMENT]: a guest with a network device.
create_net() {
    create "$1" "$2" "$3" \
        "ip=$(address "$2")/24 ip=$(address6 "$2")/64 gateway=10.99.0.1 gateway=fd99::1 $4" \
        "on_reboot = 'destroy'" \
        "vif = ['bridge=xenbr0,script=vif-mini']"
}

# Not by its own -T, which makes it crash.
fetch() { timeout 60 wget -q -O - "$@"; }

# seconds: with hundredths, since the start of dom0.
seconds() { cut -d' ' -f1 /proc/uptime; }
since() { echo "$(seconds) $1" | awk '{ printf "%.2f", $1 - $2 }'; }

requests() {
    request=1
    while [ $request -le "$2" ]; do
        fetch "http://$1/" | grep -q '^request ' || return 1
        request=$((request + 1))
    done
}

# transfer HOST LABEL: 20 MB there and back, and compared.
transfer() {
    began=$(seconds)
    fetch "http://$1/bytes/$BULK_BYTES" >/tmp/bulk
    took=$(since "$began")
    note "$2: $BULK_BYTES bytes from the guest in $took s"
    verdict "$2: sends 20 MB as they are" [ "$(sha256sum </tmp/bulk)" = "$BULK_SHA256  -" ]
    began=$(seconds)
    answer=$(fetch --post-file=/tmp/bulk "http://$1/")
    took=$(since "$began")
    note "$2: $BULK_BYTES bytes to the guest in $took s"
    verdict "$2: receives 20 MB as they are ($answer)" [ "$answer" = "right $BULK_BYTES" ]
}

# Of what transfer left: one byte is another.
transfer_wrong() {
    printf x | dd of=/tmp/bulk bs=1 seek=12345678 conv=notrunc 2>/dev/null
    answer=$(fetch --post-file=/tmp/bulk "http://$1/")
    verdict "$2: knows when they are not ($answer)" [ "$answer" = "wrong $BULK_BYTES" ]
}

ups() { console "$1" | grep -c 'network: up'; }
is_up_again() { [ "$(ups "$1")" -gt "$2" ]; }

# restart_backend NAME LABEL: as if dom0's driver was taken out and put in again.
restart_backend() {
    before=$(ups "$1")
    domain=$(xl domid "$1")
    driver=/sys/bus/xen-backend/drivers/vif
    echo "vif-$domain-0" >$driver/unbind
    echo "vif-$domain-0" >$driver/bind
    waitfor 50 ip link set "vif$domain.0" up
    brctl addif xenbr0 "vif$domain.0"
    xenstore-write "/local/domain/0/backend/vif/$domain/0/hotplug-status" connected
    verdict "$2: connects to the backend that came back" waitfor 100 is_up_again "$1" "$before"
    verdict "$2: said that it was gone" says "$1" 'network: down'
}

web() {
    kind=$1
    name="web-$kind"
    host=$(address "$kind")
    create_net "$name" "$kind" web || return
    verdict "$kind: network comes up" waitfor 100 says "$name" 'network: up'
    verdict "$kind: answers a first request" waitfor 50 fetch "http://$host/"
    console "$name" | tr -d '\r' | sed -n "s/^WEB /XEN-NOTE $kind: /p
        s/^network/XEN-NOTE $kind: &/p"
    ping -c 10 -i 0.1 -q "$host" >/tmp/ping
    verdict "$kind: answers pings" grep -q ' 0% packet loss' /tmp/ping
    note "$kind: $(tail -n 1 /tmp/ping)"
    ping -6 -c 5 -i 0.1 -q "$(address6 "$kind")" >/tmp/ping
    verdict "$kind: answers pings by IPv6" grep -q ' 0% packet loss' /tmp/ping
    ping -c 3 -i 0.1 -q -s 8000 "$host" >/tmp/ping
    verdict "$kind: answers pings in fragments" grep -q ' 0% packet loss' /tmp/ping
    verdict "$kind: answers 20 requests" requests "$host" 20
    ./dom0 many "$host" 80 64 >/dev/null
    verdict "$kind: answers 64 connections at once" [ $? -eq 0 ]
    verdict "$kind: answers by IPv6" requests "[$(address6 "$kind")]" 1
    transfer "$host" "$kind"
    transfer_wrong "$host" "$kind"
    restart_backend "$name" "$kind"
    verdict "$kind: answers requests as before" waitfor 50 requests "$host" 5
    xl shutdown "$name" >/dev/null 2>&1
    verdict "$kind: shuts down with its network" waitfor 100 is_gone "$name"
    finish "$name"
}

# Several connections at once, which the backend spreads over two queues.
queues() {
    kind=$1
    name="queues-$kind"
    host=$(address "$kind")
    create_net "$name" "$kind" web queues=2 || return
    verdict "$kind: comes up with two queues" waitfor 100 says "$name" 'network: up'
    domain=$(xl domid "$name")
    vif=/local/domain/$domain/device/vif/0
    verdict "$kind: has two queues" [ "$(xenstore-read $vif/multi-queue-num-queues)" = 2 ]
    ./dom0 many "$host" 80 100 >/dev/null
    verdict "$kind: answers 100 connections by two queues" [ $? -eq 0 ]
    transfer "$host" "$kind, two queues"
    finish "$name"
}

hello() {
    kind=$1
    name="hello-$kind"
    host=$(address "$kind")
    create_net "$name" "$kind" hello || return
    waitfor 100 says "$name" 'network: up'
    console "$name" | tr -d '\r' | sed -n "s/^network/XEN-NOTE $kind, hello: &/p"
    answer=$(echo 'back by TCP' | timeout 10 nc "$host" 7)
    verdict "$kind: echoes by TCP" [ "$answer" = 'back by TCP' ]
    for bytes in 64 1400; do
        ./dom0 udp "$host" 7 1000 $bytes >/tmp/udp
        verdict "$kind: echoes datagrams of $bytes bytes" [ $? -eq 0 ]
        note "$kind: $(cat /tmp/udp)"
    done
    finish "$name"
}

for kind in $KINDS; do
    for part in $PARTS; do
        part_began=$(seconds)
        $part "$kind"
        note "$kind: $part took $(since "$part_began") s"
    done
done
[ $failures -eq 0 ]
