"""Inert text as markup. The only place where text of others and tags of ours are put together."""

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from approvals.inert.characters import name_of
from approvals.inert.parts import MAX_CHIPS, SHOWN, code_point, measure, parts

LONG = 1_024  # characters from which a text is shown with its size and short code
FOLD = 4_000  # characters that stand before a fold
_INLINE = 400


def inert(text: object) -> SafeString:
    """Return the text as one isolated left-to-right run, every character that doesn't show as a chip.

    Line breaks and tabs are chips too: in a line of ours they could push words out of sight. May stand inside a sentence.
    """
    text = str(text)
    line = format_html('<bdi class="inert" dir="ltr">{}</bdi>', _shown(text[:SHOWN]))
    return line + _measured(text, "small") if len(text) >= LONG else line


def inert_block(text: object) -> SafeString:
    """Return a longer text as a block that keeps its line breaks; everything else as in `inert`."""
    text = str(text)
    block = _block(text[:SHOWN])
    return _whole(text, block) if len(text) >= LONG else block


def inert_value(text: object, tier: int) -> SafeString:
    """Return a value as a line, or as a block when that is what it needs. Must not stand inside a paragraph.

    Below tier 3 the rest of a long block is folded away under how much it is; from tier 3 on it stands open, so that
    nobody approves what they were not shown.
    """
    text = str(text)
    if len(text) <= _INLINE and "\n" not in text:
        return inert(text)
    if tier >= 3 or len(text) <= FOLD:
        return inert_block(text)
    return _whole(text, _folded(text[:FOLD], text[FOLD:SHOWN]))


def _block(text: str) -> SafeString:
    # HTML drops a line break right after <pre>: ours is that one, so that the text keeps its own.
    return format_html('<pre class="inert block" dir="ltr">\n{}</pre>', _shown(text, keep="\n"))


def _folded(first: str, rest: str) -> SafeString:
    fold = '{}<details class="fold"><summary>{} more bytes</summary>{}</details>'
    return format_html(fold, _block(first), f"{measure(rest)[0]:,}", _block(rest))


def _whole(text: str, block: SafeString) -> SafeString:
    return format_html('<div class="whole">{}{}</div>', block, _measured(text, "p"))


def _measured(text: str, tag: str) -> SafeString:
    """Say how long a text is, which one it is, and how much of it isn't here."""
    size, code = measure(text)
    left = size - measure(text[:SHOWN])[0] if len(text) > SHOWN else 0
    more = f". {left:,} more bytes aren't shown" if left else ""
    words = f'<{tag} class="measure">{{}} bytes, SHA-256 <code>{{}}</code>{{}}</{tag}>'
    return format_html(words, f"{size:,}", code, more)


def _shown(text: str, keep: str = "") -> SafeString:
    """Escape what shows and put chips between. After a thousand chips the rest is written out, which browsers bear."""
    written, chips = [], 0
    for part in parts(text, keep):
        if part.hidden:
            chips += 1
            written.append(_chip(part) if chips <= MAX_CHIPS else f"[{code_point(part)}]")
        else:
            written.append(format_html('<b class="host">{}</b>', part.text) if part.is_host else escape(part.text))
    return SafeString("".join(written))


def _chip(part) -> SafeString:
    return format_html('<span class="chip" title="{}">{}</span>', name_of(part.text), code_point(part))
