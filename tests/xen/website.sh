# SPDX-License-Identifier: ISC
# Runs in dom0: a guest serves the website, which must be the one that was built, byte for byte.
# website.sha256 lists its files.
cd /test || exit 1
failures=0

# verdict NAME COMMAND...: the command's own word, on one line.
verdict() {
    verdict_name=$1
    shift
    if "$@"; then
        echo "XEN-TEST ok $verdict_name"
    else
        echo "XEN-TEST FAIL $verdict_name"
        failures=$((failures + 1))
    fi
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
}

says() { grep -q "$2" "/var/log/xen/console/guest-$1.log"; }

# Not by its own -T, which makes it crash.
fetch() { timeout 60 wget -q "$@"; }
sum_of() { sha256sum | cut -d' ' -f1; }
wanted() { sed -n "s,  $1\$,,p" website.sha256; }

# The files of one folder ("." or "api"), by their names in the list.
names_in() { sed 's/^[^ ]*  //' website.sha256 | awk -F/ -v folder="$1" \
    'NF == 1 ? folder == "." : folder == $1'; }

# get_all HOST: every file, from the name that the list has to the same name in /tmp/site.
get_all() {
    rm -rf /tmp/site
    for folder in . $(sed -n 's,^[^ ]*  \(.*\)/.*,\1,p' website.sha256 | sort -u); do
        mkdir -p "/tmp/site/$folder"
        urls=$(names_in "$folder" | sed "s,^,http://$1/,")
        (cd "/tmp/site/$folder" && fetch $urls) || return 1
    done
}

# same_site HOST LABEL
same_site() {
    verdict "$2: serves every file of the site" get_all "$1"
    verdict "$2: the files are those that were built" eval \
        "(cd /tmp/site && sha256sum -c -s /test/website.sha256)"
    fetch -O - "http://$1/" | sum_of >/tmp/sum
    verdict "$2: its start page is at /" [ "$(cat /tmp/sum)" = "$(wanted index.html)" ]
    fetch -O - --header 'Accept-Encoding: gzip' "http://$1/api/" >/tmp/packed
    verdict "$2: sends a page compressed to who takes it" eval \
        "[ \$(gunzip -c </tmp/packed | sum_of) = $(wanted api/index.html) ]"
    head -c 1000 /tmp/site/style.css >/tmp/part
    fetch -c -O /tmp/part "http://$1/style.css"
    verdict "$2: sends the rest of a file" cmp -s /tmp/part /tmp/site/style.css
    verdict "$2: knows what it does not have" eval "! fetch -O - http://$1/none 2>/dev/null"
    fetch -O /tmp/status "http://$1/status.json"
    verdict "$2: tells of the connection that asks" grep -q '"state":"ESTABLISHED"' /tmp/status
}

website() {
    kind=$1 name="website-$1" host=$2 host6=$3
    cat >/tmp/website.cfg <<END
name = '$name'
type = '$kind'
kernel = '/test/website'
cmdline = 'ip=$host/24 ip=$host6/64'
memory = 32
vcpus = 1
on_crash = 'destroy'
on_reboot = 'destroy'
vif = ['bridge=xenbr0,script=vif-mini']
END
    verdict "$kind: starts" xl create -q /tmp/website.cfg
    verdict "$kind: listens" waitfor 100 says "$name" 'website: listens'
    verdict "$kind: answers" waitfor 100 fetch -O /dev/null "http://$host/"
    same_site "$host" "$kind, IPv4"
    same_site "[$host6]" "$kind, IPv6"
    xl destroy "$name"
    tr -d '\r' <"/var/log/xen/console/guest-$name.log" | sed "s/^/CONSOLE $name: /"
}

website pv 10.99.0.2 fd99::2
website pvh 10.99.0.3 fd99::3
[ $failures -eq 0 ]
