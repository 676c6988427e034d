# SPDX-License-Identifier: ISC
"""The public headers as pages: each declaration with the comment above it, and names as links."""
import html
import re

NAMED = re.compile(r"^(?:struct|enum)\s+(\w+)\s*[{;]"
                   r"|^#define\s+(\w+)"
                   r"|^typedef[^;]*?\*?(\w+)\([^;]*;"
                   r"|^[^(]*?\b(\w+)\(")
ROW = re.compile(r'^\s*X\((\w+),\s*"([^"]*)"\)', re.M)
VALUE = re.compile(r"^\s+(MS_\w+)(?:\s*=\s*([^,]+?))?\s*,\s*/\*\s*(.*?)\s*\*/\s*$", re.M)


def is_whole(lines):
    """Whether a declaration ends here: a macro at its last line, all else at its semicolon."""
    if lines[0].startswith("#"):
        return not lines[-1].endswith("\\")
    text = re.sub(r"/\*.*?(\*/|$)", "", "\n".join(lines), flags=re.S)
    is_function = re.search(r"\)\s*\{", text)
    end = text.rstrip().endswith(("}", ";") if is_function else ";")
    return end and text.count("{") == text.count("}")


def comment_text(lines):
    words = (re.sub(r"^\s*/?\*+/?|\*/\s*$", "", line).strip() for line in lines)
    return "\n".join(words).strip()


def declarations(text):
    """(comment, declaration) for each at the left margin; guards and includes are nobody's."""
    comment, lines, place = "", [], "code"
    for line in text.splitlines()[2:]:
        if place == "comment":
            lines.append(line)
        elif not lines and line.startswith("/*"):
            lines, place = [line], "comment"
        elif not lines and not line.strip():
            comment = ""
        elif not lines and re.match(r"#(ifn?def|endif|include|undef|if)", line):
            continue
        else:
            lines.append(line)
        if place == "comment" and line.rstrip().endswith("*/"):
            comment, lines, place = comment_text(lines), [], "code"
        elif place == "code" and lines and is_whole(lines):
            yield comment, "\n".join(lines)
            comment, lines = "", []


def name_of(declaration):
    code = re.sub(r"/\*.*?\*/", "", declaration, flags=re.S)
    found = NAMED.search(re.sub(r"\s+", " ", code))
    return next((group for group in found.groups() if group), None) if found else None


def anchor_of(declaration, name):
    """A function and a struct may have one name between them."""
    found = re.match(rf"(struct|enum)\s+{name}\s*[{{;]", declaration)
    return f"{found[1]}-{name}" if found else name


def title_of(declaration, name):
    if anchor_of(declaration, name) != name:
        return anchor_of(declaration, name).replace("-", " ", 1)
    return name if declaration.startswith("#define") else f"{name}()"


def table(head, rows):
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n"
                    for row in rows)
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    return (f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{cells}</tbody>\n</table>\n")


def body_of(declaration, linked):
    """Lists and enumerations whose values all have a meaning are tables; else it is the code."""
    rows = [(f"<code>{name}</code>", html.escape(text)) for name, text in ROW.findall(declaration)]
    if rows:
        return table(("name", "meaning"), rows)
    values = VALUE.findall(declaration)
    if declaration.startswith("enum") and len(values) >= 3:
        return table(("value", "meaning"),
                     [(f"<code>{name}</code>", html.escape(text)) for name, _, text in values])
    if re.fullmatch(r"struct \w+;", declaration):
        return "<p>Known by its pointer only; what is inside is the stack's own.</p>\n"
    return f'<pre><code class="language-c">{linked(declaration)}</code></pre>\n'


class Reference:
    """All headers: {"tcp": text of tcp.h}."""

    def __init__(self, headers):
        self.items = {name: self.read(text) for name, text in headers.items()}
        self.purposes = {name: comment_text([text.splitlines()[1]])
                         for name, text in headers.items()}
        self.places = {}
        for header, items in self.items.items():
            for name, _, declaration in items:
                anchor = anchor_of(declaration, name)
                # Where it is defined beats where it is only announced.
                if anchor not in self.places or "{" in declaration:
                    self.places[anchor] = f"{header}.html#{anchor}"

    @staticmethod
    def read(text):
        seen = {}
        for comment, declaration in declarations(text):
            name = name_of(declaration)
            if not name or name.startswith("MSTACK_"):
                continue
            anchor = anchor_of(declaration, name)
            if anchor not in seen or "{" in declaration:
                seen[anchor] = (name, comment or seen.get(anchor, ("", ""))[1], declaration)
        return list(seen.values())

    def linked(self, own):
        """Code as HTML in which every name of the reference but its own leads there."""
        def link(found):
            place = self.places.get(f"{found[1]}-{found[2]}" if found[1] else found[2])
            is_own = not place or place.endswith("#" + own)
            return found[0] if is_own else f'<a href="{place}">{found[0]}</a>'

        return lambda code: re.sub(r"\b(?:(struct|enum) )?((?:ms|MS)_\w+)", link,
                                   html.escape(code, quote=False))

    def prose(self, comment, own):
        linked = self.linked(own)
        return "".join(f"<p>{linked(part)}</p>\n" for part in comment.split("\n\n") if part)

    def page(self, header):
        text = (f"<h1><code>mstack/{header}.h</code></h1>\n"
                f"<p>{html.escape(self.purposes[header])}</p>\n")
        items = [(anchor_of(declaration, name), title_of(declaration, name), comment, declaration)
                 for name, comment, declaration in self.items[header]]
        if len(items) > 3:
            links = "".join(f'<li><a href="#{anchor}"><code>{title}</code></a></li>\n'
                            for anchor, title, _, _ in items)
            text += f'<div class="contents"><ul>\n{links}</ul></div>\n'
        for anchor, title, comment, declaration in items:
            text += (f'<h2 id="{anchor}"><code>{title}</code></h2>\n'
                     + self.prose(comment, anchor) + body_of(declaration, self.linked(anchor)))
        return text

    def index(self):
        rows = [(f'<a href="{name}.html"><code>{name}.h</code></a>', html.escape(purpose))
                for name, purpose in self.purposes.items()]
        names = "".join(f'<li><a href="{place}"><code>{name.replace("-", " ")}</code></a></li>\n'
                        for name, place in sorted(self.places.items()))
        return ("<h1>API reference</h1>\n<p>The public headers are the manual. These pages are made"
                " of them: shapes, units, errors, and who owns what.</p>\n"
                + table(("header", "what it is for"), rows)
                + '<h2 id="names">Every name</h2>\n'
                + f'<div class="contents"><ul>\n{names}</ul></div>\n')
