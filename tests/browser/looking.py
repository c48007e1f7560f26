"""What a page may never do to those who look at it: fail one of axe's rules, in light or in dark, or scroll sideways."""

from axe_playwright_python.base import AXE_SCRIPT

SCHEMES = ("light", "dark")
#: For a window whose pages axe is put into, which the product's policy forbids.
WITH_AXE = {"java_script_enabled": True, "bypass_csp": True}
_RUN = """async () => (await axe.run({resultTypes: ["violations"]})).violations.map(
    (one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html)])"""


def faults(page, schemes=SCHEMES) -> list:
    """Return what axe finds on the page as it stands, in each colour scheme: rules, each with up to three elements."""
    page.evaluate(AXE_SCRIPT)
    found = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        found += [(scheme, *one) for one in page.evaluate(_RUN)]
    return found


def too_wide(page, *widths: int) -> list[str]:
    """Return the widths of a window (px) at which the page scrolls sideways, each with the page's own."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 700})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"at {width} it is {wide} px wide")
    return found
