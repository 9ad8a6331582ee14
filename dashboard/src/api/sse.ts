/** Parser of server-sent events (WHATWG HTML, section 9.2.6), fed with text as it arrives. */

export interface ServerEvent {
  name: string;
  data: string;
  /** The last id seen up to this event; resume after it. */
  id: string;
}

export class EventParser {
  /** The last id of an event that was complete. */
  lastId: string;
  /** Milliseconds to wait before connecting again, where the server says so. */
  retry: number | null = null;
  #rest = '';
  #began = false;
  #data: string[] = [];
  #name = '';
  #id: string;

  constructor(lastId = '') {
    this.lastId = lastId;
    this.#id = lastId;
  }

  /** Take the next piece of the stream; give the events that it completes. */
  feed(text: string): ServerEvent[] {
    let rest = this.#rest + text;
    if (!this.#began && rest !== '') {
      this.#began = true;
      if (rest.startsWith('\uFEFF')) rest = rest.slice(1);
    }
    const found: ServerEvent[] = [];
    let from = 0;
    for (;;) {
      const end = nextEnd(rest, from);
      if (end === null) break;
      const event = this.#line(rest.slice(from, end.line));
      if (event) found.push(event);
      from = end.next;
    }
    this.#rest = rest.slice(from);
    return found;
  }

  #line(line: string): ServerEvent | null {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null; // a comment, sent to keep the connection alive
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#name = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #dispatch(): ServerEvent | null {
    this.lastId = this.#id;
    const event = { name: this.#name || 'message', data: this.#data.join('\n'), id: this.#id };
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#name = '';
    return empty ? null : event;
  }
}

/** Where the line that starts at `from` ends and the next begins: after \n, \r\n or \r; null while it is not complete. */
function nextEnd(text: string, from: number): { line: number; next: number } | null {
  for (let k = from; k < text.length; k += 1) {
    if (text[k] === '\n') return { line: k, next: k + 1 };
    if (text[k] === '\r') {
      if (k + 1 === text.length) return null; // the \n of \r\n may still come
      return { line: k, next: text[k + 1] === '\n' ? k + 2 : k + 1 };
    }
  }
  return null;
}
