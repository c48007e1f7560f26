"""What a browser would make of inert markup: its elements, its words, and the text it was made of."""

import re
from html.parser import HTMLParser

_CHIP = re.compile(r"U\+([0-9A-F]{4,6})(?: ×([0-9]+))?")
#: Every element that inert markup may be made of, with the attributes it may have.
ALLOWED = {
    "bdi": {"class": {"inert"}, "dir": {"ltr"}},
    "pre": {"class": {"inert block"}, "dir": {"ltr"}},
    "span": {"class": {"chip"}, "title": None},
    "b": {"class": {"host"}},
    "div": {"class": {"whole"}},
    "p": {"class": {"measure"}},
    "small": {"class": {"measure"}},
    "code": {},
    "details": {"class": {"fold"}},
    "summary": {},
}


class Reading(HTMLParser):
    """`words` is all text in it, `chips` the code points shown, `original` the text that the inert part stands for."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.words, self.original, self.chips, self.strange, self._open = "", "", [], [], []
        self.feed(str(html).replace('dir="ltr">\n', 'dir="ltr">'))
        self.close()

    def handle_starttag(self, tag, attrs):
        self._open.append(tag)
        allowed = ALLOWED.get(tag)
        if allowed is None or any(
            name not in allowed or (allowed[name] and value not in allowed[name]) for name, value in attrs
        ):
            self.strange.append((tag, attrs))

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.strange.append(("/" + tag, []))

    def handle_data(self, data):
        self.words += data
        if "span" in self._open:
            point, times = _CHIP.fullmatch(data).groups()
            self.chips.append(int(point, 16))
            self.original += chr(int(point, 16)) * int(times or 1)
        elif {"bdi", "pre"} & set(self._open):
            self.original += data

    def handle_comment(self, data):
        self.strange.append(("comment", data))

    handle_decl = handle_pi = unknown_decl = handle_comment


def in_order(words: str, pieces: tuple[str, ...]) -> bool:
    """Whether the pieces stand in the words one after the other."""
    at = 0
    for piece in pieces:
        at = words.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True
