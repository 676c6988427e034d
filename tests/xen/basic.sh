# SPDX-License-Identifier: ISC
# What any guest is to do: see checks.sh.

probe() {
    create probe probe 'ip=10.99.0.2/24 then=wait' || return
    verdict 'says that it is there' waitfor 100 says 'PROBE done'
    verdict 'finds nothing wrong' says_not 'PROBE FAIL'
    console | sed -n "s/^PROBE ok /XEN-TEST ok $kind: /p; s/^PROBE FAIL /XEN-TEST FAIL $kind: /p"
    verdict 'is told its arguments' says 'arguments ip=10.99.0.2/24 then=wait'
    wall=$(console | sed -n 's/^PROBE wall \([0-9]*\).*/\1/p')
    away=$(($(date +%s) - ${wall:-0}))
    verdict 'knows what time it is' [ "${away#-}" -le 10 ]
    xl shutdown "$name" >/dev/null 2>&1
    verdict 'shuts down when asked to' waitfor 100 is_gone
    verdict 'says so' says 'powering off'
    random=$(console | sed -n 's/^PROBE random \([0-9]*\).*/\1/p')
    finish

    create reboot probe 'then=wait' || return
    waitfor 100 says 'PROBE done'
    verdict 'has randomness' says 'PROBE random'
    verdict 'has other randomness the next time' says_not "PROBE random $random"
    xl reboot "$name" >/dev/null 2>&1
    verdict 'reboots when asked to' waitfor 100 is_gone
    verdict 'says that too' says 'rebooting'
    finish

    create panic probe 'then=panic' || return
    verdict 'panics with a reason' waitfor 100 says 'panic: as it was told to'
    verdict 'is gone after a panic' waitfor 100 is_gone
    finish
}

# answers_ping NAME HOST COUNT [OPTION...]
answers_ping() {
    ping_name=$1 ping_host=$2 ping_count=$3
    shift 3
    ping -c "$ping_count" -i 0.1 -q "$@" "$ping_host" >/tmp/ping
    verdict "$ping_name" grep -q ' 0% packet loss' /tmp/ping
}

# Of what transfer left: one byte is another.
transfer_wrong() {
    printf x | dd of=$bulk bs=1 seek=$((BYTES / 2)) conv=notrunc 2>/dev/null
    answer=$(fetch --post-file=$bulk "http://$host/")
    verdict "knows when they are not ($answer)" [ "$answer" = "wrong $BYTES" ]
}

web() {
    start_net web web || return
    verdict 'answers a first request' waitfor 50 fetch "http://$host/"
    console | sed -n "s/^WEB /XEN-NOTE $kind: /p; s/^network/XEN-NOTE $kind: &/p"
    answers_ping 'answers pings' "$host" 10
    note "$(tail -n 1 /tmp/ping)"
    answers_ping 'answers pings by IPv6' "${host6//[\[\]]/}" 5 -6
    answers_ping 'answers pings in fragments' "$host" 3 -s 8000
    many web 200 64
    verdict 'answers by IPv6' requests "$host6" 1
    transfer web "$host" "$BYTES"
    under_load
    transfer_wrong
    finish
}

# Several connections at once, which the backend spreads over two queues.
queues() {
    start_net queues web queues=2 || return
    vif=/local/domain/$domain/device/vif/0
    verdict 'has two queues' [ "$(xenstore-read $vif/multi-queue-num-queues)" = 2 ]
    many 'two queues' 100 100
    transfer 'two queues' "$host" "$BYTES"
    xl shutdown "$name" >/dev/null 2>&1
    verdict 'shuts down with its network' waitfor 100 is_gone
    finish
}

hello() {
    start_net hello hello || return
    echo_host=$host host= # it has no counters to ask for
    console | sed -n "s/^network/XEN-NOTE $kind, hello: &/p"
    answer=$(echo 'back by TCP' | timeout 10 nc "$echo_host" 7)
    verdict 'echoes by TCP' [ "$answer" = 'back by TCP' ]
    for bytes in 64 1400 20000; do
        ./dom0 udp "$echo_host" 7 500 $bytes >/tmp/udp
        verdict "echoes datagrams of $bytes bytes" [ $? -eq 0 ]
        note "$(cat /tmp/udp)"
    done
    ./dom0 streams "$echo_host" 7 64 600000 >/tmp/streams
    verdict 'echoes 64 streams at once, each held back until it is read' [ $? -eq 0 ]
    note "$(cat /tmp/streams)"
    refuses_to_suspend
    finish
}

# It cannot be moved, and stays as it is: of what hello() has.
refuses_to_suspend() {
    wish=/local/domain/$domain/control/shutdown
    xenstore-write "$wish" suspend
    verdict 'takes note when asked to suspend' waitfor 50 eval '[ -z "$(xenstore-read $wish)" ]'
    verdict 'says that it cannot' waitfor 50 says 'cannot: suspend'
    answer=$(echo 'still there' | timeout 10 nc "$echo_host" 7)
    verdict 'goes on as before' [ "$answer" = 'still there' ]
}

# The processor that it sees has neither instruction. In PV it would see them all the same.
refusal() {
    create refusal hello '' "cpuid = 'host,rdrand=0,rdseed=0'" || return
    verdict 'refuses to start without randomness' \
        waitfor 100 says 'panic: the processor has no randomness'
    verdict 'is gone, too' waitfor 100 is_gone
    verdict 'has opened nothing before' says_not 'whatever comes'
    finish
}

# The three files of docs/unikernel.md, made outside of the tree: in whatever kind of domain.
document() {
    name=mine host=10.99.0.2
    ln -sf vif-mini /etc/xen/scripts/vif-bridge
    sed "s/^type = .*/type = '$kind'/" mine.cfg >/tmp/mine.cfg
    rm -f "/var/log/xen/console/guest-$name.log"
    verdict "the document's example is created" xl create -q /tmp/mine.cfg
    verdict 'its network comes up' waitfor 100 says 'network: up'
    ./dom0 udp "$host" 7 1 64 >/dev/null &
    sender=$!
    verdict 'it notices a datagram' waitfor 100 says 'a datagram'
    kill $sender
    xl shutdown "$name" >/dev/null 2>&1
    verdict 'it shuts down when asked to' waitfor 100 is_gone
    finish
}
