"""What HTML asks of a page of `fovea report`: every element is closed in its order, ids are unique, what refers to them finds
them, and nothing is asked of the network or of another file. Ends with 1 and a line a complaint."""
import html.parser
import re
import sys

VOID = {"meta", "link", "img", "br", "input"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.wanted, self.complaints = [], [], [], []

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        if len(attributes) != len(pairs):
            self.complaints.append(f"<{tag}>: an attribute twice")
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.wanted += attributes.get("aria-labelledby", "").split()
        for name in ("src", "href"):
            if not attributes.get(name, "data:").startswith("data:"):
                self.complaints.append(f"<{tag} {name}={attributes[name]}>: not in the page")
        if tag == "img" and not attributes.get("alt"):
            self.complaints.append("an image without words")
        if tag == "script" or any(name.startswith("on") for name in attributes):
            self.complaints.append(f"<{tag}>: a script")
        if tag not in VOID and not self.is_closed():
            self.open.append(tag)

    def is_closed(self):
        return self.get_starttag_text().endswith("/>")

    def handle_startendtag(self, tag, pairs):
        self.handle_starttag(tag, pairs)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}>: does not close what is open")


text = open(sys.argv[1], encoding="utf-8", newline="").read()
page = Page()
page.feed(text)
page.close()
complaints = page.complaints
if page.open:
    complaints.append(f"left open: {page.open}")
if len(set(page.ids)) != len(page.ids):
    complaints.append("an id twice")
complaints += [f"no such id: {i}" for i in page.wanted if i not in page.ids]
complaints += [f"an address: {a}" for a in re.findall(r"(?:https?|file|ftp):[^\s\"']*|//[a-z]+\.[a-z]+|url\(|@import", text)]
for section in sys.argv[2:]:
    if f"{section}-h" not in page.ids:
        complaints.append(f"no section {section}")
print("\n".join(complaints))
sys.exit(1 if complaints else 0)
