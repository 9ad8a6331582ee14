/** A part of the page as an HTML document by itself: its look within it, and nothing that is asked for elsewhere. */

/** No request can leave a document with this policy, whatever is in it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** Parts that only a live page has a use for. */
const LIVE = 'button:not(.quantity), .actions, .choices, select, input, script, [data-screen]';

/**
 * @param part what is shown on the page
 * @param title of the document
 * @param styles the page's style sheets
 */
export function standaloneHtml(part: HTMLElement, title: string, styles: Iterable<CSSStyleSheet>): string {
  const copy = part.cloneNode(true) as HTMLElement;
  // A copy of a canvas is empty, and a picture of one needs the original.
  const canvases = part.querySelectorAll('canvas');
  copy.querySelectorAll('canvas').forEach((canvas, k) => {
    const picture = document.createElement('img');
    picture.src = canvases[k]!.toDataURL('image/png');
    picture.alt = canvas.getAttribute('aria-label') ?? '';
    picture.style.width = canvases[k]!.style.width;
    canvas.replaceWith(picture);
  });
  for (const one of copy.querySelectorAll(LIVE)) one.remove();
  for (const one of copy.querySelectorAll('button, a')) one.replaceWith(inert(one));
  for (const one of copy.querySelectorAll('details')) one.setAttribute('open', '');
  for (const one of copy.querySelectorAll('[tabindex]')) one.removeAttribute('tabindex');
  // What the keyboard walks through on the page is a picture here.
  for (const one of copy.querySelectorAll('[role="slider"]')) {
    for (const name of one.getAttributeNames()) if (name.startsWith('aria-value')) one.removeAttribute(name);
    one.setAttribute('role', 'img');
  }
  const look = [...styles].map((sheet) => rulesFor(sheet.cssRules, copy)).join('\n');
  return (
    '<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">' +
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    `<meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>\n` +
    `<style>${look}</style></head>\n<body>${copy.outerHTML}</body></html>\n`
  );
}

/** The same words without what a press would do. */
function inert(element: Element): Element {
  const span = document.createElement('span');
  span.className = element.className;
  span.title = element.getAttribute('title')?.replace(' (click to copy)', '') ?? '';
  span.append(...element.childNodes);
  return span;
}

/** Rules that something in the part, or the page itself, matches; media rules with those within them. */
function rulesFor(rules: CSSRuleList, part: HTMLElement): string {
  return [...rules]
    .map((rule) => {
      if (rule instanceof CSSMediaRule) {
        const within = rulesFor(rule.cssRules, part);
        return within === '' ? '' : `@media ${rule.conditionText} {\n${within}\n}`;
      }
      if (rule instanceof CSSStyleRule) return matches(rule.selectorText, part) ? rule.cssText : '';
      return rule.cssText.startsWith('@page') ? rule.cssText : '';
    })
    .filter((text) => text !== '')
    .join('\n');
}

function matches(selectors: string, part: HTMLElement): boolean {
  if (/(^|,)\s*(:root|html|body|\*)/.test(selectors)) return true;
  const plain = selectors.replaceAll(
    /::?(before|after|marker|hover|focus-visible|focus|active|disabled)\b/g,
    '',
  );
  try {
    return part.matches(plain) || part.querySelector(plain) !== null;
  } catch {
    return false; // a selector of this browser's own
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
