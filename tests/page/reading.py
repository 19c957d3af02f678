"""What the checks ask of a page in the browser."""

SHOWN_PATHS = "[...document.querySelectorAll('#picture path.path')].map((path) => [path.classList[1], Number(path.dataset.share), Number(path.getAttribute('stroke-width')), path.getAttribute('stroke-dasharray')])"
WORDS = "[...document.querySelectorAll('#picture .says')].map((text) => text.textContent)"
FOCUS = """(() => { const at = document.activeElement; return at.id || (at.dataset.id !== undefined ? `row ${at.dataset.id}` : at.getAttribute('href') || at.tagName); })()"""
IDS_IN_GRID = "[...document.querySelectorAll('#rows tr[data-id]')].map((row) => Number(row.dataset.id))"
CHOSEN = "[...document.querySelectorAll('#rows tr[aria-selected=true]')].map((row) => Number(row.dataset.id))"
OUTLINE = "(() => { const style = getComputedStyle(document.activeElement); return [style.outlineStyle, parseFloat(style.outlineWidth)]; })()"

# Texts whose contrast with what is behind them falls short of WCAG's AA, 4.5 (3 where the text is large), as sentences.
CONTRAST = r"""(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const behind = (node) => { for (; node; node = node.parentElement) { const colour = rgb(getComputedStyle(node).backgroundColor); if (colour[3] === 255) return colour; } return [255, 255, 255, 255]; };
  const poor = []; let looked = 0;
  const look = (node, colour, text, large) => { ++looked; const found = ratio(rgb(colour), behind(node)); if (found < (large ? 3 : 4.5)) poor.push(`${text.slice(0, 40)}: ${found.toFixed(2)}`); };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || ["TITLE", "title", "DESC", "desc", "OPTION", "NOSCRIPT"].includes(node.tagName) || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    look(node, node instanceof SVGElement ? style.fill : style.color, text, parseFloat(style.fontSize) >= 24);
  }
  for (const shape of document.querySelectorAll("svg .path, svg .mark, svg .dot")) {
    const style = getComputedStyle(shape);
    look(shape, shape.classList.contains("path") ? style.stroke : style.fill, `a ${shape.getAttribute("class")}`, true);
  }
  for (const control of document.querySelectorAll("input, button, select")) look(control.parentElement, getComputedStyle(control).borderTopColor, `edge of ${control.id || control.textContent}`, true);
  return [looked, poor];
})()"""

WIDER_THAN_WINDOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Words of the picture that stand on each other.
COLLISIONS = """(() => {
  const texts = [...document.querySelectorAll('#picture text')], boxes = texts.map((text) => text.getBBox());
  const found = [];
  for (let i = 0; i < boxes.length; ++i) for (let j = 0; j < i; ++j) {
    const [a, b] = [boxes[i], boxes[j]];
    if (a.x < b.x + b.width && b.x < a.x + a.width && a.y + 3 < b.y + b.height && b.y + 3 < a.y + a.height) found.push(`${texts[i].textContent} / ${texts[j].textContent}`);
  }
  return found;
})()"""


def tab_stops(browser, most=30):
    """What has the focus after each Tab from the top, until it leaves the page; and those whose focus cannot be seen."""
    browser.evaluate("scrollTo(0, 0); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    stops, unseen = [], []
    for _ in range(most):
        browser.press("Tab")
        focus = browser.evaluate(FOCUS)
        if focus == "BODY" or stops[:1] == [focus] and len(stops) > 3:
            break
        stops.append(focus)
        style, width = browser.evaluate(OUTLINE)
        if style == "none" or width < 2:
            unseen.append(focus)
    return stops, unseen
