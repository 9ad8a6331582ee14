// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { standaloneHtml } from './document';

function shown(html: string): HTMLElement {
  document.body.innerHTML = html;
  return document.body.firstElementChild as HTMLElement;
}

describe('a document by itself', () => {
  it('keeps words and figures, and nothing that acts, leads or asks', () => {
    const part = shown(
      '<article class="paper"><h1>Answer</h1><button class="quantity" title="3.2144381 Å (click to copy)">3.2144</button>' +
        '<button class="button">Print</button><a href="#/jobs/x">another job</a>' +
        '<div role="slider" tabindex="0" aria-valuenow="3" aria-label="Plot"><svg><path d="M0 0"/></svg></div>' +
        '<details><summary>How</summary><p>so</p></details></article>',
    );
    const style = document.createElement('style');
    style.textContent =
      ':root { --text: #111 } .paper h1 { color: red } .elsewhere { background: url(http://x/y.png) } ' +
      '@media print { .paper { padding: 0 } .elsewhere { color: blue } }';
    document.head.append(style);
    const html = standaloneHtml(part, 'a & b', [style.sheet!]);
    const made = new DOMParser().parseFromString(html, 'text/html');
    expect(made.title).toBe('a & b');
    expect(made.querySelectorAll('button, a, script, [tabindex]')).toHaveLength(0);
    expect(made.querySelector('[title="3.2144381 Å"]')!.textContent).toBe('3.2144');
    expect(made.body.textContent).toContain('another job');
    expect(made.body.textContent).not.toContain('Print');
    expect(made.querySelector('[role="img"]')!.getAttribute('aria-label')).toBe('Plot');
    expect(made.querySelector('details')!.open).toBe(true);
    expect(html).not.toMatch(/https?:\/\/|url\(/);
    const look = made.querySelector('style')!.textContent;
    expect(look).toMatch(/:root.*--text/);
    expect(look).toContain('.paper h1');
    expect(look).toMatch(/@media print \{\s*\.paper/);
    expect(look).not.toContain('elsewhere');
    expect(part.querySelectorAll('button')).toHaveLength(2); // the page itself is as it was
  });
});
