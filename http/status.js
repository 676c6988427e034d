// SPDX-License-Identifier: ISC
// Asks for the numbers once a second, and shows them.
"use strict";

const PERIOD_MS = 1000;
let before = null;

function show(id, text) {
    const element = document.getElementById(id);
    if (element.textContent !== text)
        element.textContent = text;
}

function count(number) {
    return number.toLocaleString("en").replace(/,/g, "\u202f");
}

function bytes(number) {
    const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let unit = 0;
    for (; number >= 1000 && unit + 1 < units.length; unit++)
        number /= 1000;
    return (unit && number < 100 ? number.toFixed(1) : Math.round(number)) + "\u00a0" + units[unit];
}

function duration(us) {
    const s = Math.floor(us / 1e6), parts = [s % 60 + "\u00a0s"];
    if (s >= 60)
        parts.unshift(Math.floor(s / 60) % 60 + "\u00a0min");
    if (s >= 3600)
        parts.unshift(Math.floor(s / 3600) % 24 + "\u00a0h");
    if (s >= 86400)
        parts.unshift(Math.floor(s / 86400) + "\u00a0d");
    return parts.slice(0, 2).join(" ");
}

function roundTrip(us) {
    if (us === 0)
        return "–";
    return us < 1000 ? us + "\u00a0µs" : (us / 1000).toFixed(us < 100000 ? 1 : 0) + "\u00a0ms";
}

// A cell of a table; label is what stands above it where the table has no head.
function cell({ text, code, below, kind, label }) {
    const made = document.createElement("td");
    const place = code ? made.appendChild(document.createElement("code")) : made;
    place.textContent = code || text;
    if (below)
        made.appendChild(document.createElement("small")).textContent = below;
    if (kind)
        made.className = kind;
    if (label)
        made.dataset.label = label;
    return made;
}

function fill(id, rows) {
    const body = document.getElementById(id);
    const made = rows.map(cells => {
        const row = document.createElement("tr");
        row.append(...cells.map(cell));
        return row;
    });
    if (made.length === 0) {
        made.push(document.createElement("tr"));
        made[0].append(cell({ text: "None." }));
    }
    body.replaceChildren(...made);
}

function number(text, label) {
    return { text, label, kind: "number" };
}

function rate(now, name) {
    if (!before || now.uptime_us <= before.uptime_us)
        return "";
    const each = (now.counters[name] - before.counters[name]) * 1e6;
    return count(Math.max(0, Math.round(each / (now.uptime_us - before.uptime_us)))) + " a second";
}

function showTiles(now) {
    const c = now.counters;
    const opened = c.tcp_passive_opens + c.tcp_active_opens;
    const drops = now.drops.reduce((sum, drop) => sum + drop.count, 0);
    const share = c.tcp_out_segments ? 100 * c.tcp_retransmitted_segments / c.tcp_out_segments : 0;

    show("uptime", duration(now.uptime_us));
    show("requests", count(now.http.requests) + " requests");
    show("established", count(c.tcp_current_established));
    show("opened", count(opened) + " so far");
    show("in", count(c.tcp_in_segments));
    show("in-rate", rate(now, "tcp_in_segments"));
    show("out", count(c.tcp_out_segments));
    show("out-rate", rate(now, "tcp_out_segments"));
    show("retransmitted", count(c.tcp_retransmitted_segments));
    show("retransmitted-share", share.toFixed(share < 10 ? 2 : 0) + " % of all");
    show("dropped", count(drops));
    show("dropped-reasons", "for " + now.drops.length
        + (now.drops.length === 1 ? " reason" : " reasons"));
}

function showTables(now) {
    fill("connections", now.connections.map(c => [
        { code: c.remote, below: "to " + c.local },
        { text: c.state.toLowerCase().replace(/_/g, "-"), label: "State" },
        number(roundTrip(c.srtt_us), "Round trip"),
        number(bytes(c.cwnd_bytes), "Window"),
        number(bytes(c.bytes_acked), "Sent"),
        number(bytes(c.bytes_received), "Received"),
        number(count(c.retransmitted_segments), "Sent again")]));
    document.getElementById("more").hidden = !now.has_more_connections;
    fill("drops", now.drops.sort((a, b) => b.count - a.count)
        .map(drop => [{ text: drop.reason }, number(count(drop.count))]));
    fill("counters", Object.entries(now.counters).filter(([, value]) => value > 0)
        .map(([name, value]) => [{ code: name }, number(count(value))]));
}

async function ask() {
    const news = document.getElementById("news");
    try {
        const answer = await fetch("status.json", { cache: "no-store" });
        if (!answer.ok)
            throw new Error(answer.status + " " + answer.statusText);
        const now = await answer.json();
        showTiles(now);
        showTables(now);
        before = now;
        news.className = "news";
        show("news", "Live: " + location.host + " counts, this page asks once a second.");
    } catch (error) {
        news.className = "news is-late";
        show("news", "No answer (" + error.message + "); asking again.");
    }
    setTimeout(ask, document.hidden ? 10 * PERIOD_MS : PERIOD_MS);
}

ask();
