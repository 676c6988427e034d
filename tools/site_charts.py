# SPDX-License-Identifier: ISC
"""Bars for a table of figures: in Markdown, `<!-- chart -->` stands before the table."""
import html
import re

MARK = "<!-- chart -->"
BAR, GAP, LABEL = 16, 5, 24  # pixels
ROOM = 62  # percent of the width, for the longest bar; its number stands behind it


def cells(row):
    return [re.sub(r"<[^>]*>", "", cell).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]


def number_of(text):
    """What "1 363" and "1,363" are; None for what is no number."""
    digits = re.sub(r"[\s,\u00a0\u202f]", "", html.unescape(text))
    return float(digits) if re.fullmatch(r"\d+(\.\d+)?", digits) else None


def bars_of(names, row, top):
    """One row of the table from there down: [lines of SVG], and where it ends."""
    values = [number_of(cell) for cell in row[1:]]
    known = [(name, cell, value) for name, cell, value in zip(names, row[1:], values)
             if value is not None]
    if len(known) < 2:
        return [], top
    most = max(value for _, _, value in known) or 1
    lines = [f'<text class="what" x="0" y="{top + LABEL - 8}">{row[0]}</text>']
    top += LABEL
    for number, (name, cell, value) in enumerate(known):
        width = max(value / most * ROOM, 0.3)
        kind = ' class="ours"' if number == 0 else ""
        lines.append(f'<rect{kind} x="0" y="{top}" width="{width:.2f}%" height="{BAR}" rx="2"/>')
        lines.append(f'<text x="{width:.2f}%" dx="6" y="{top + BAR - 4}">{cell} '
                     f'<tspan class="who">{name}</tspan></text>')
        top += BAR + GAP
    return lines, top + GAP


def chart_of(table):
    """The bars of a table whose first column says what, and each other one whose."""
    rows = [cells(row) for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)]
    lines, top = [], 0
    for row in rows[1:]:
        more, top = bars_of(rows[0][1:], row, top)
        lines += more
    body = "\n".join(lines)
    return f"""<figure class="chart">
<svg width="100%" height="{top}" aria-hidden="true">
{body}
</svg>
<figcaption>Shorter is better; each group has a scale of its own.</figcaption>
</figure>
"""


def with_charts(body):
    """A page's HTML, with bars before each table that asks for them."""
    return re.sub(MARK + r"\s*(<table>.*?</table>)",
                  lambda found: chart_of(found[1]) + found[1], body, flags=re.S)
