# SPDX-License-Identifier: ISC
# What a guest is to do when it is made hard: see checks.sh.

MB=1048576

# --- A backend that goes away in the midst of it ---

# moves rx|tx: more goes through the guest's port, which dom0 receives from or sends to.
moved() { cat "/sys/class/net/vif$domain.0/statistics/$1_bytes"; }
has_moved() { [ "$(moved "$1")" -gt "$2" ]; }
moves() { waitfor 100 has_moved "$1" $(($(moved "$1") + MB / 16)); }
is_running() { kill -0 "$1" 2>/dev/null; }

# under_load: of what web() has; there is something to send in $bulk.
under_load() {
    ups_before=$(ups)
    # So slowly that it is not over too soon; the device that comes back has no such limit.
    ./dom0 disturb "vif$domain.0" 0 0 0 0 $((MB / 2))
    fetch --post-file=$bulk "http://$host/" >/tmp/answer &
    up_id=$!
    moves tx
    fetch "http://$host/bytes/$BYTES" >/tmp/load &
    down_id=$!
    moves rx
    unbind_backend
    verdict 'was sending when the backend went' is_running $down_id
    verdict 'was receiving when the backend went' is_running $up_id
    bind_backend
    verdict 'connects to the backend that came back' waitfor 100 is_up_again "$ups_before"
    verdict 'said that it was gone' says 'network: down'
    wait $down_id
    verdict 'ends what it was sending' is_pattern "$BYTES" /tmp/load
    wait $up_id
    answer=$(cat /tmp/answer)
    verdict "ends what it was receiving ($answer)" [ "$answer" = "right $BYTES" ]
    counters
    at_least 'sent again what was lost' "$(counter tcp_retransmitted_segments)" 1
    verdict 'answers requests as before' requests "$host" 5
}

# --- A link that loses, doubles and reorders ---

# dom0's own end of the bridge becomes one of a pair, so that what guests send is disturbed too.
far_on() {
    modprobe veth
    ip link add far type veth
    ip addr flush dev xenbr0
    brctl addif xenbr0 veth0
    echo 0 >/proc/sys/net/ipv6/conf/far/accept_dad
    ip link set veth0 up
    ip link set far up
    ip addr add 10.99.0.1/24 dev far
    ip -6 addr add fd99::1/64 dev far
    # Packets are to be lost one by one.
    ./dom0 feature far tx-tcp-segmentation off
    ./dom0 feature far tx-tcp6-segmentation off
}
far_off() {
    ip link del far
    ip addr add 10.99.0.1/24 dev xenbr0
    ip -6 addr add fd99::1/64 dev xenbr0
}

loss() {
    create_paused loss web || return
    xenstore-write "$backend/feature-gso-tcpv4" 0
    xenstore-write "$backend/feature-gso-tcpv6" 0
    far_on
    xl unpause "$name"
    comes_up loss
    for link in "vif$domain.0" veth0; do
        ./dom0 disturb "$link" 2 1 10 1000 0 || bad "loss: disturbs $link"
    done
    transfer 'by a bad link' "$host" $((2 * MB))
    transfer 'by a bad link, IPv6' "$host6" $MB
    many 'by a bad link' 50 10
    waitfor 50 counters
    at_least 'sent again what was lost' "$(counter tcp_retransmitted_segments)" 20
    at_least 'noticed so by SACK' "$(counter tcp_fast_retransmits)" 5
    at_least 'put in order what was not' "$(counter tcp_out_of_order_segments)" 20
    at_least 'dropped what came twice' "$(counter tcp_duplicate_segments)" 5
    at_least 'told the peer so' "$(counter tcp_dsacks_sent)" 5
    far_off
    finish
}

# --- Large frames ---

# The longest frame without segmentation offload is as long as the MTU says.
jumbo() {
    vif_mtu=9000
    ip link set xenbr0 mtu 9000
    start_net jumbo web '' ',mtu=9000' || return
    verdict 'has a port of 9000 bytes' [ "$(cat "/sys/class/net/vif$domain.0/mtu")" = 9000 ]
    transfer 'jumbo' "$host" $((4 * MB))
    offer feature-gso-tcpv4 0 feature-gso-tcpv6 0
    ./dom0 feature "vif$domain.0" tx-tcp-segmentation off
    ./dom0 feature "vif$domain.0" tx-tcp6-segmentation off
    watch
    answers_ping 'answers pings of 9000 bytes' "$host" 3 -s 8972
    transfer 'jumbo without segmentation offload' "$host" $((4 * MB))
    transfer 'jumbo without segmentation offload, IPv6' "$host6" $MB
    unwatch
    longest=$(seen longest)
    verdict "frames as long as may be ($longest)" [ "$longest" = '9014 9014 9014 9014' ]
    counters
    at_most 'had no fragments' "$(counter ip_reassembly_required)" 0
    ip link set xenbr0 mtu 1500
    vif_mtu=1500
    finish
}

# --- Offloads ---

# cell NAME FEATURES OFFERS: transfers with what is left when dom0's port lacks these features, and
# the backend offers other things. What went through the port can be seen afterwards.
cell() {
    cell=$1
    offer $3
    for feature in $2; do
        ./dom0 feature "vif$domain.0" "$feature" off || bad "$cell: turns off $feature"
    done
    watch
    transfer "$cell" "$host" $MB
    transfer "$cell, IPv6" "$host6" $MB
    unwatch
}
are_long() { verdict "$cell: frames of many segments ($(seen longest))" all_above 1514 longest; }
are_short() { verdict "$cell: frames of one segment ($(seen longest))" none_above 1514 longest; }
are_blank() { verdict "$cell: blank checksums ($(seen blank))" all_above 9 blank; }
are_full() { verdict "$cell: no blank checksums ($(seen blank))" none_above 0 blank; }

offloads() {
    start_net offloads web || return
    cell 'all offloads'
    are_long
    are_blank
    cell 'no checksum offload' 'tx-checksum-ipv4 tx-checksum-ipv6' \
        'feature-no-csum-offload 1 feature-ipv6-csum-offload 0'
    are_short
    are_full
    # Guests have many segments in a frame for both families and both ways, or not at all.
    cell 'no IPv4 segmentation' tx-tcp-segmentation 'feature-gso-tcpv4 0'
    are_short
    are_blank
    cell 'no IPv6 segmentation' tx-tcp6-segmentation 'feature-gso-tcpv6 0'
    are_short
    are_blank
    cell 'no scatter-gather' tx-scatter-gather 'feature-sg 0'
    are_short
    cell 'no offload at all' 'tx-checksum-ipv4 tx-checksum-ipv6 tx-scatter-gather' \
        'feature-no-csum-offload 1 feature-ipv6-csum-offload 0 feature-gso-tcpv4 0
        feature-gso-tcpv6 0 feature-sg 0'
    are_short
    are_full
    finish
}

# --- Guests among themselves ---

# fetches FROM BYTES: the guest has another one send so many bytes.
fetches() {
    began=$(seconds)
    answer=$(fetch "http://$host/fetch/$1/$2")
    note "$2 bytes from $1 in $(since "$began") s"
    verdict "fetches $2 bytes from $1 ($answer)" [ "$answer" = "right $2" ]
}

# One of either kind, so that the step's does not matter.
pair() {
    for kind in pvh pv; do
        start_net pair web || return
    done
    fetches 10.99.0.3 "$BYTES"
    fetches fd99::3 $((4 * MB))
    about pvh pair
    fetches 10.99.0.2 "$BYTES"
    fetches fd99::2 $((4 * MB))
    finish
    about pv pair
    finish
}
