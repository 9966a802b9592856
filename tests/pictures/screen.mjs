// The screen of a terminal as a page, colours and all: of the sequences of ECMA-48 those that
// headcount writes.

const COLOURS = ['#30343c', '#d8605a', '#6aa84f', '#c9a227', '#5b8dd9', '#a678c8', '#4aa3a3', '#d5d8de'];

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

/** How text looks from here on. */
function styled(style, codes) {
  const next = { ...style };
  for (const code of codes) {
    if (code === 0) Object.assign(next, { bold: false, dim: false, reverse: false, colour: null });
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 7) next.reverse = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 27) next.reverse = false;
    else if (code >= 30 && code <= 37) next.colour = COLOURS[code - 30];
    else if (code >= 90 && code <= 97) next.colour = COLOURS[code - 90];
    else if (code === 39) next.colour = null;
  }
  return next;
}

function span(text, { bold, dim, reverse, colour }) {
  const rules = [
    bold && 'font-weight:700',
    dim && 'opacity:.6',
    reverse ? 'background:#d5d8de;color:#16181d' : colour && `color:${colour}`,
  ].filter(Boolean);
  return rules.length ? `<span style="${rules.join(';')}">${escaped(text)}</span>` : escaped(text);
}

/** The last screen that was drawn, of all that was written. */
export function lastScreen(out) {
  return out.split('\x1b[H').at(-1);
}

export function toHtml(screen, columns) {
  let [html, style, at] = ['', {}, 0];
  const text = screen.replaceAll('\r', '');
  for (const found of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])/g)) {
    html += span(text.slice(at, found.index), style);
    at = found.index + found[0].length;
    if (found[2] === 'm') style = styled(style, found[1].split(';').map(Number));
  }
  html += span(text.slice(at), style);
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #16181d }
    pre { margin: 0; padding: 20px 24px; width: ${columns}ch; color: #d5d8de;
      font: 15px/17px 'DejaVu Sans Mono', 'Liberation Mono', monospace }
  </style><pre>${html.trimEnd()}</pre>`;
}
