# SPDX-License-Identifier: ISC
# What the parts with a network have in common: see checks.sh.

bulk=/tmp/bulk
vif_mtu=1500

# about KIND NAME: the guest that the checks are about from now on.
about() {
    kind=$1 name=$2-$1
    number=$(number_of "$kind")
    host=10.99.0.$number host6="[fd99::$number]"
    domain=$(xl domid "$name")
    backend=/local/domain/0/backend/vif/$domain/0
}
number_of() { [ "$1" = pv ] && echo 2 || echo 3; }

# create_net NAME KERNEL [ARGUMENTS [VIF]]: a guest with a network device.
create_net() {
    number=$(number_of "$kind")
    create "$1" "$2" \
        "ip=10.99.0.$number/24 ip=fd99::$number/64 gateway=10.99.0.1 gateway=fd99::1 $3" \
        "vif = ['bridge=xenbr0,script=vif-mini$4']" || return
    about "$kind" "$1"
}

# create_paused ...: the same, but it does not run yet.
create_paused() {
    create_options=-p
    create_net "$@"
    create_failed=$?
    create_options=
    return $create_failed
}

# start_net ...: its network is up, too.
start_net() {
    create_net "$@" || return
    comes_up "$1"
}
comes_up() { verdict "$1: network comes up" waitfor 100 says 'network: up'; }

# Not by its own -T, which makes it crash.
get() { timeout 60 wget -q "$@"; }
fetch() { get -O - "$@"; }

# requests HOST COUNT: one by one.
requests() {
    request=0
    while [ $request -lt "$2" ]; do
        fetch "http://$1/" | grep -q '^request ' || return 1
        request=$((request + 1))
    done
}

# many LABEL COUNT AT_ONCE: requests, some at a time.
many() {
    ./dom0 many "$host" 80 / "$2" "$3" >/tmp/many
    verdict "$1: answers $2 requests, $3 at once" [ $? -eq 0 ]
    note "$1: $(cat /tmp/many)"
}

counters() { fetch "http://$host/counters" >/tmp/counters; }
# counter NAME: as it was at the last `counters`; what is not there is 0.
counter() { awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' /tmp/counters; }

# is_pattern BYTES FILE: whether it is what a web.c sends.
is_pattern() { [ "$(sha256sum <"$2")" = "$(sha256_of "$1")  -" ]; }

# download LABEL HOST BYTES, upload LABEL HOST BYTES: what was downloaded goes back.
download() {
    began=$(seconds)
    fetch "http://$2/bytes/$3" >$bulk
    note "$1: $3 bytes from the guest in $(since "$began") s"
    verdict "$1: sends $3 bytes as they are" is_pattern "$3" $bulk
}
upload() {
    began=$(seconds)
    answer=$(fetch --post-file=$bulk "http://$2/")
    note "$1: $3 bytes to the guest in $(since "$began") s"
    verdict "$1: receives $3 bytes as they are ($answer)" [ "$answer" = "right $3" ]
}

# transfer LABEL HOST BYTES: there and back.
transfer() {
    download "$@"
    upload "$@"
}

ups() { console | grep -c 'network: up'; }
is_up_again() { [ "$(ups)" -gt "$1" ]; }

unbind_backend() { echo "vif-$domain-0" >/sys/bus/xen-backend/drivers/vif/unbind; }

# bind_backend: what the tools' script does belongs to it.
bind_backend() {
    echo "vif-$domain-0" >/sys/bus/xen-backend/drivers/vif/bind
    waitfor 50 ip link set "vif$domain.0" mtu "$vif_mtu"
    ip link set "vif$domain.0" up
    brctl addif xenbr0 "vif$domain.0"
    xenstore-write "$backend/hotplug-status" connected
}

# offer_keys [KEY VALUE]...: while the guest is paused.
offer_keys() {
    while [ $# -gt 0 ]; do
        xenstore-write "$backend/$1" "$2"
        shift 2
    done
}

is_waiting() { [ "$(xenstore-read "/local/domain/$domain/device/vif/0/state")" = 1 ]; }

# offer [KEY VALUE]...: what the backend, which goes with a word and comes back, then offers. The
# guest is not to look before all is written.
offer() {
    ups_before=$(ups)
    unbind_backend
    xenstore-write "$backend/state" 6
    waitfor 50 is_waiting
    xl pause "$name"
    bind_backend
    # This one, the driver leaves as it finds it.
    offer_keys feature-no-csum-offload 0 "$@"
    xl unpause "$name"
    waitfor 100 is_up_again "$ups_before" || bad "connects to what offers $*"
}

# watch, unwatch: what goes through the guest's port meanwhile. seen COLUMN: of IPv4 and IPv6, in to
# dom0, and out.
watch() {
    ./dom0 watch "vif$domain.0" >/tmp/watched &
    watcher=$!
}
unwatch() {
    kill $watcher
    wait $watcher
}
seen() {
    awk -v column="$1" '{ for (i = 2; i < NF; i += 2) if ($i == column) all = all " " $(i + 1) }
        END { print substr(all, 2) }' /tmp/watched
}
# all_above NUMBER COLUMN, none_above NUMBER COLUMN
all_above() { seen "$2" | awk -v n="$1" '{ for (i = 1; i <= 4; i++) if ($i <= n) exit 1 }'; }
none_above() { seen "$2" | awk -v n="$1" '{ for (i = 1; i <= 4; i++) if ($i > n) exit 1 }'; }
