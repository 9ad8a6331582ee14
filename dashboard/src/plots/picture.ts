/** Downloads: plots as SVG and PNG, data as text. */

const DRAWN = [
  'fill',
  'fill-opacity',
  'fill-rule',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'stroke-opacity',
  'opacity',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
  'font-variant-numeric',
  'text-anchor',
] as const;

/** A drawing that stands by itself: its styles written into it, on the ground that it has on the page. */
export function standalone(svg: SVGSVGElement, ground: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll<SVGElement>('*');
  copy.querySelectorAll<SVGElement>('*').forEach((element, k) => {
    const style = getComputedStyle(originals[k]!);
    for (const name of DRAWN) {
      const value = style.getPropertyValue(name);
      if (value !== '') element.setAttribute(name, value.replaceAll('"', "'"));
    }
    element.removeAttribute('class');
    element.removeAttribute('style');
  });
  const { width, height } = svg.getBoundingClientRect();
  const margin = 12;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width + 2 * margin));
  copy.setAttribute('height', String(height + 2 * margin));
  copy.setAttribute('viewBox', `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`);
  copy.removeAttribute('class');
  copy.removeAttribute('aria-hidden');
  const back = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  const box = {
    x: -margin,
    y: -margin,
    width: width + 2 * margin,
    height: height + 2 * margin,
    fill: ground,
  };
  for (const [name, value] of Object.entries(box)) back.setAttribute(name, String(value));
  copy.prepend(back);
  return new XMLSerializer().serializeToString(copy);
}

/** The colour that lies behind an element of the page. */
export function groundOf(svg: Element): string {
  return getComputedStyle(svg).getPropertyValue('--surface').trim() || '#ffffff';
}

export function downloadSvg(svg: SVGSVGElement, name: string): void {
  download(new Blob([standalone(svg, groundOf(svg))], { type: 'image/svg+xml' }), `${name}.svg`);
}

export async function downloadPng(svg: SVGSVGElement, name: string, density = 3): Promise<void> {
  const drawing = new Blob([standalone(svg, groundOf(svg))], { type: 'image/svg+xml' });
  const address = URL.createObjectURL(drawing);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.width * density);
    canvas.height = Math.round(image.height * density);
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const picture = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (picture === null) throw new Error('the browser could not make a PNG of this plot');
    download(picture, `${name}.png`);
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** What a canvas shows, on a ground. */
export async function downloadCanvas(shown: HTMLCanvasElement, name: string, ground: string): Promise<void> {
  const copy = document.createElement('canvas');
  copy.width = shown.width;
  copy.height = shown.height;
  const context = copy.getContext('2d')!;
  context.fillStyle = ground;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(shown, 0, 0);
  const picture = await new Promise<Blob | null>((resolve) => copy.toBlob(resolve, 'image/png'));
  if (picture === null) throw new Error('the browser could not make a PNG of this');
  download(picture, `${name}.png`);
}

export function downloadText(text: string, name: string, type = 'text/plain'): void {
  download(new Blob([text], { type: `${type};charset=utf-8` }), name);
}

function download(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A name for files, from a title: letters, digits and dashes. */
export function fileName(title: string): string {
  const plain = title
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, 80).toLowerCase() || 'job';
}
