"""Contrast of the text of a page that a browser shows, as WCAG 2.2 has it."""


def contrasts(browser):
    """For each element with text of its own its contrast to what is behind it, colours and first characters."""
    pairs = browser.execute_script("""
        const clear = (e) => /, 0\\)|transparent/.test(getComputedStyle(e).backgroundColor);
        const solid = (e) => { while (e && clear(e)) e = e.parentElement;
            return getComputedStyle(e ?? document.body).backgroundColor; };
        return [...document.querySelectorAll("body *:not(script)")].filter((e) => e.getClientRects().length &&
            [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) =>
            [getComputedStyle(e).color, solid(e), e.outerHTML.slice(0, 80)]);
    """)
    found = []
    for ink, paper, element in pairs:
        low, high = sorted(map(luminance, (ink, paper)))
        found.append(((high + 0.05) / (low + 0.05), ink, paper, element))
    return found


def luminance(colour):
    """Relative luminance of `rgb(r, g, b)`, as WCAG 2.2 has it."""
    parts = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
