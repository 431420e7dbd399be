// What a reader sees of a page.
function luminance([r, g, b]) {
  const part = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
}
function contrast(one, other) {
  const [pale, deep] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (pale + 0.05) / (deep + 0.05);
}
function hex(channels) {
  return "#" + channels.map((c) => c.toString(16).padStart(2, "0")).join("");
}
function channels(colour) {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return a === 0 ? null : [r, g, b];
}
function groundOf(element, page) {
  for (let at = element; at; at = at.parentElement) {
    const found = channels(page.defaultView.getComputedStyle(at).backgroundColor);
    if (found) return found;
  }
  return [255, 255, 255];
}
function texts(page) {
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  const out = [];
  while (walker.nextNode()) {
    const words = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    const style = page.defaultView.getComputedStyle(element);
    if (!/\w/.test(words) || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (["STYLE", "SCRIPT"].includes(element.tagName) || parseFloat(style.fontSize) < 2) continue;
    out.push({
      words: words.slice(0, 60),
      size: parseFloat(style.fontSize),
      contrast: contrast(channels(style.color), groundOf(element, page)),
      pair: [hex(channels(style.color)), hex(groundOf(element, page))],
    });
  }
  return out;
}
function report(page) {
  const box = (element) => {
    const { left, right, width, height } = element.getBoundingClientRect();
    return { left, right, width, height, words: element.innerText.trim() };
  };
  const view = page.defaultView;
  return {
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
    width: view.innerWidth,
    scroll_width: page.documentElement.scrollWidth,
    height: page.documentElement.scrollHeight,
    buttons: [...page.querySelectorAll(".action a, .ask a")].map(box),
    images: [...page.images].map((image) => ({ alt: image.alt, loaded: image.naturalWidth > 0, ...box(image) })),
    texts: texts(page),
  };
}
