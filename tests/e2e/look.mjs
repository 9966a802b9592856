// What is wrong with how a page looks, whatever fonts there are, as sentences.
//
// Boxes and colours are judged in the page (judge). Then a picture of it has to show that there is
// something in each box: a text that is transparent, covered or of no size leaves no trace. It is
// compared with no other picture.
import { decode } from '../pictures/palette.mjs';

const INK = 3; // contrast of the darkest and the lightest pixel: thin letters are never quite their colour
const INK_OF_EMPTY = 1.2; // of a chart with nothing in it, which has a border at least

/** Of all cards and texts that are seen, those in elements too: { said, marks }. */
function judge() {
  const SIZE_MIN = 10.5; // px of letters, and of charts:
  const [SHARE_HIGH, CHART_HIGH, CHART_WIDE] = [6, 24, 150];
  const FADE = 60;
  const said = new Set();
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const colours = new Map();

  const name = (node) => {
    const host = node.getRootNode().host;
    const own = `${node.localName}${node.id && `#${node.id}`}${node.className && `.${[...node.classList].join('.')}`}`;
    return (host ? `${name(host)} ` : '') + own;
  };
  const up = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host;
  const chain = function* (node) {
    for (let at = node; at; at = up(at)) yield at;
  };
  const isSeen = (node) => {
    if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
    return ![...chain(node)].some((at) => at.matches('.unseen, .sr, dialog:not([open])'));
  };

  /** [red, green, blue, opacity] of a colour, however it is written. */
  const colour = (text) => {
    if (!colours.has(text)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      colours.set(text, [r, g, b, a / 255]);
    }
    return colours.get(text);
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  /** WCAG 2.2, contrast ratio. */
  const contrast = (node) => {
    const grounds = [...chain(node)].map((at) => colour(getComputedStyle(at).backgroundColor)).reverse();
    const ground = grounds.reduce((below, above) => over(above, below), [255, 255, 255]);
    const [x, y] = [luminance(over(colour(getComputedStyle(node).color), ground)), luminance(ground)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };

  /** Of each line of it. */
  const boxesOf = (textNode) => {
    const range = document.createRange();
    range.selectNodeContents(textNode);
    return range.getClientRects();
  };
  const isScroller = (node) => /auto|scroll/.test(getComputedStyle(node).overflowY);
  /** What is left of a box within those that cut, but those. */
  const cut = (box, node, but) => {
    let { left, right, top, bottom } = box;
    for (const at of chain(node)) {
      if (getComputedStyle(at).overflow === 'visible' || at === document.body || at === document.documentElement || but?.(at)) continue;
      const frame = at.getBoundingClientRect();
      [left, right] = [Math.max(left, frame.left), Math.min(right, frame.right)];
      [top, bottom] = [Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
    }
    return { left, right, top, bottom, width: right - left, height: bottom - top };
  };
  const shared = (a, b) => [
    Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  ];

  const nodes = [];
  const gather = (root) => {
    for (const node of root.querySelectorAll('*')) {
      nodes.push(node);
      if (node.shadowRoot) gather(node.shadowRoot);
    }
  };
  gather(document);

  if (document.documentElement.scrollWidth > innerWidth) said.add(`the page is ${document.documentElement.scrollWidth} wide`);
  const cards = nodes.filter((node) => node.matches('.card') && isSeen(node));
  for (const [i, card] of cards.entries()) {
    const box = card.getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth + 1) said.add(`${name(card)} sticks out of the page`);
    for (const other of cards.slice(i + 1)) {
      const [x, y] = shared(box, other.getBoundingClientRect());
      if (x > 1 && y > 1) said.add(`${name(card)} lies on ${name(other)}`);
    }
  }

  const charts = [];
  const marks = [];
  const mark = (node, { left, top, right, bottom }, isChart) =>
    marks.push({ name: name(node), left, top: top + scrollY, right, bottom: bottom + scrollY, isChart });
  /** Whether it is where a list fades out. */
  const isFading = (box, node) =>
    [...chain(node)].some((at) => getComputedStyle(at).maskImage !== 'none' && box.bottom > at.getBoundingClientRect().bottom - FADE);
  for (const chart of nodes.filter((node) => node.matches('#share, [role="slider"], svg') && isSeen(node))) {
    const box = cut(chart.getBoundingClientRect(), chart);
    const least = chart.id === 'share' ? SHARE_HIGH : CHART_HIGH;
    if (box.height < least || box.width < CHART_WIDE) said.add(`${name(chart)} is ${Math.round(box.width)} x ${Math.round(box.height)} px`);
    else mark(chart, box, true);
    charts.push([chart, box]);
  }

  const texts = [];
  for (const node of nodes) {
    if (node.matches('script, style, option, title, noscript') || !isSeen(node)) continue;
    for (const text of node.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || !text.data.trim()) continue;
      const card = [...chain(node)].find((at) => at.matches('.card, header'));
      for (const whole of boxesOf(text)) {
        const box = cut(whole, node);
        const { height } = cut(whole, node, isScroller);
        const isOfMore = height <= 0 && node.closest('tbody tr, ol li'); // a list has as many as there is room for
        if (!isOfMore && height < 0.8 * whole.height) said.add(`${name(node)} is cut off: ${text.data.slice(0, 40)}`);
        if (box.width <= 1 || box.height <= 1) continue; // scrolled away
        texts.push({ node, text, box, card });
        if (box.height > 0.9 * whole.height && !isFading(box, node)) mark(node, box);
        if (whole.right <= box.right + 1 && whole.left >= box.left - 1) continue;
        const told = [...chain(node)].find((at) => getComputedStyle(at).overflowX !== 'visible');
        if (getComputedStyle(told).textOverflow !== 'ellipsis') said.add(`${name(node)} is cut without a word: ${text.data.slice(0, 40)}`);
      }
      const style = getComputedStyle(node);
      const size = parseFloat(style.fontSize);
      if (size < SIZE_MIN) said.add(`${name(node)} is ${size} px small`);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const ratio = contrast(node);
      if (ratio < (isLarge ? 3 : 4.5)) said.add(`${name(node)} has a contrast of ${ratio.toFixed(2)}`);
    }
  }
  for (const { node, box, card } of texts) {
    const frame = card?.getBoundingClientRect();
    if (frame && (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1))
      said.add(`${name(node)} sticks out of ${name(card)}`);
  }
  for (const { node, box } of texts)
    for (const [chart, frame] of charts) {
      const [x, y] = shared(box, frame);
      if (x > 2 && y > 0.3 * box.height && !chart.contains(node)) said.add(`${name(node)} is written over ${name(chart)}`);
    }
  for (const [i, one] of texts.entries())
    for (const other of texts.slice(i + 1)) {
      if (one.card !== other.card || one.text === other.text) continue;
      const [x, y] = shared(one.box, other.box);
      if (x > 2 && y > 0.3 * Math.min(one.box.height, other.box.height)) said.add(`${name(one.node)} is written over ${name(other.node)}`);
    }
  return { said: [...said], marks };
}

const luminance = (colour) => {
  const [r, g, b] = [16, 8, 0].map((shift) => ((colour >> shift) & 255) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** Whether the pixels of a box differ by this contrast. */
function hasInk({ width, height, pixels }, { left, top, right, bottom }, contrast) {
  let [low, high, last] = [Infinity, -Infinity, -1];
  for (let y = Math.max(0, Math.ceil(top)); y < Math.min(height, bottom); y++)
    for (let x = Math.max(0, Math.ceil(left)); x < Math.min(width, right); x++) {
      const pixel = pixels[y * width + x];
      if (pixel === last) continue;
      last = pixel;
      const light = luminance(pixel);
      [low, high] = [Math.min(low, light), Math.max(high, light)];
      if (high + 0.05 >= contrast * (low + 0.05)) return true;
    }
  return false;
}

/** All of the page as it is. Playwright's pictures cost three times as much; in a page that wants
 * no motion there is nothing that it would have to stop. */
async function picture(page) {
  const size = await page.evaluate(() => ({ width: innerWidth, height: document.documentElement.scrollHeight }));
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', {
    format: 'png', optimizeForSpeed: true, captureBeyondViewport: true, clip: { x: 0, y: 0, ...size, scale: 1 },
  });
  await session.detach();
  return Buffer.from(data, 'base64');
}

/** { faults, png }: what is wrong, and how it looked. isEmpty: there is nothing in the charts.
 * fault: a pattern; no picture is taken when boxes and colours show it. */
export async function look(page, { isEmpty = false, fault } = {}) {
  const { said, marks } = await page.evaluate(judge);
  if (fault && said.some((one) => fault.test(one))) return { faults: said };
  const png = await picture(page);
  const decoded = decode(png);
  const isBlank = (one) => !hasInk(decoded, one, one.isChart && isEmpty ? INK_OF_EMPTY : INK);
  return { faults: [...said, ...new Set(marks.filter(isBlank).map((one) => `${one.name} is not to be seen`))], png };
}
