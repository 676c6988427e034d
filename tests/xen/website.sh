# SPDX-License-Identifier: ISC
# A guest serves the website, which must be the one that was built, byte for byte: website.sha256
# lists its files. See checks.sh.

sum_of() { sha256sum | cut -d' ' -f1; }
wanted() { sed -n "s,  $1\$,,p" /test/website.sha256; }

# names_in FOLDER: the files of one folder ("." or "api"), by their names in the list.
names_in() {
    sed 's/^[^ ]*  //' /test/website.sha256 | awk -F/ -v folder="$1" \
        'NF == 1 ? folder == "." : folder == $1'
}

# get_all HOST: every file, from the name that the list has to the same name in /tmp/site.
get_all() {
    rm -rf /tmp/site
    for folder in . $(sed -n 's,^[^ ]*  \(.*\)/.*,\1,p' /test/website.sha256 | sort -u); do
        mkdir -p "/tmp/site/$folder"
        urls=$(names_in "$folder" | sed "s,^,http://$1/,")
        (cd "/tmp/site/$folder" && get $urls) || return 1
    done
}

is_site() { (cd /tmp/site && sha256sum -c -s /test/website.sha256); }

# same_site LABEL HOST
same_site() {
    verdict "website, $1: serves every file of the site" get_all "$2"
    verdict "website, $1: the files are those that were built" is_site
    answer=$(fetch "http://$2/" | sum_of)
    verdict "website, $1: its start page is at /" [ "$answer" = "$(wanted index.html)" ]
    answer=$(fetch --header 'Accept-Encoding: gzip' "http://$2/api/" | gunzip -c | sum_of)
    verdict "website, $1: sends a page compressed" [ "$answer" = "$(wanted api/index.html)" ]
    head -c 1000 /tmp/site/style.css >/tmp/part
    get -c -O /tmp/part "http://$2/style.css"
    verdict "website, $1: sends the rest of a file" cmp -s /tmp/part /tmp/site/style.css
    fetch "http://$2/none" >/tmp/none 2>&1
    verdict "website, $1: knows what it does not have" [ $? -ne 0 ]
    answer=$(fetch "http://$2/status.json" | grep -o '"state":"ESTABLISHED"' | head -n 1)
    verdict "website, $1: tells of the connection that asks" [ -n "$answer" ]
}

website() {
    create_net website website || return
    counters_path=status.json
    verdict 'website: listens' waitfor 100 says 'website: listens'
    verdict 'website: answers' waitfor 100 fetch "http://$host/"
    same_site IPv4 "$host"
    same_site IPv6 "$host6"
    many website 1000 64
    finish
}
