"""The five planted defects in a real browser: what the desk says of them is seen, in light and dark, before Approve."""

from datetime import timedelta

import pytest

from agents.tools import base
from approvals.action.blocks import recheck
from tests.browser.test_hostile import Door
from tests.servers import ours
from tests.stories.fifty import DEFECTS, Morning, Shop
from tests.toolserver import serving

pytestmark = pytest.mark.long

# What is painted: opaque, of a size, in colours that differ enough to be read (WCAG's ratio), nothing laid over it.
_SEEN = """(node) => {
    node.scrollIntoView({block: "center"})
    const style = getComputedStyle(node), place = node.getBoundingClientRect()
    const light = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map(Number).map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0)
    let behind = node
    while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement
    const [one, two] = [style.color, behind ? getComputedStyle(behind).backgroundColor : "rgb(255, 255, 255)"].map(light)
    const on_top = document.elementFromPoint(place.x + 8, place.y + place.height / 2)
    return {
        shown: node.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && place.height > 10,
        contrast: (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05),
        uncovered: node.contains(on_top) || on_top.contains(node),
        before: Boolean(node.compareDocumentPosition(document.getElementById("approve-form")) & 4),
    }
}"""


@pytest.fixture(scope="module", autouse=True)
def _servers():
    for servers in ours:
        servers.start()


@pytest.mark.django_db
def test_each_planted_defect_is_seen_before_approve_in_light_and_dark(chromium, monkeypatch, settings):
    settings.FACT_TIMEOUT = timedelta(seconds=30)
    monkeypatch.setattr(recheck, "STILL_NEW", timedelta(0))
    shop, door = Shop(), Door(chromium)
    with serving(shop.behave):
        base.sources["shop"] = base.HttpSource(name="shop", host="refunds")
        for item in Morning(shop, only_planted=True).items:
            door.client.force_login(item.reader, backend="django.contrib.auth.backends.ModelBackend")
            door.open(f"/actions/{item.action.pk}/")
            said = door.page.locator(".closely li, .rechecked.drifted li", has_text=DEFECTS[item.defect])
            for scheme in ("light", "dark"):
                door.page.emulate_media(color_scheme=scheme)
                seen = said.evaluate(_SEEN)
                assert seen.pop("contrast") >= 4.5 and all(seen.values()), (item.defect, scheme, seen)
            # What a screen reader is given.
            tree = said.locator("xpath=ancestor::section").aria_snapshot()
            assert "heading" in tree and all(word in tree for word in DEFECTS[item.defect].split()), (item.defect, tree)
            door.require_quiet(item.defect)
        base.sources.clear()
    door.context.close()
