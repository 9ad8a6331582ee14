import { describe, expect, it } from 'vitest';
import { EventParser } from './sse';

const STREAM =
  'retry: 1000\n\nevent: state\ndata: {"state":"running"}\nid: 2\n\n: keep-alive\n\nevent: evaluation\ndata: {"index":0}\nid: 3\n\n';

describe('the parser of server-sent events', () => {
  it('finds the same events however the stream is cut into pieces', () => {
    const whole = new EventParser().feed(STREAM);
    expect(whole).toEqual([
      { name: 'state', data: '{"state":"running"}', id: '2' },
      { name: 'evaluation', data: '{"index":0}', id: '3' },
    ]);
    for (let size = 1; size <= 40; size += 1) {
      const parser = new EventParser();
      const found = [];
      for (let k = 0; k < STREAM.length; k += size) found.push(...parser.feed(STREAM.slice(k, k + size)));
      expect(found).toEqual(whole);
      expect(parser.lastId).toBe('3');
      expect(parser.retry).toBe(1000);
    }
  });

  it('reads lines that end in CR LF or CR alone, also when a piece ends between them', () => {
    for (const end of ['\r\n', '\r']) {
      const text = `event: a${end}data: 1${end}id: 7${end}${end}data: 2${end}${end}\n`;
      const parser = new EventParser();
      const found = [...text].flatMap((character) => parser.feed(character));
      expect(found).toEqual([
        { name: 'a', data: '1', id: '7' },
        { name: 'message', data: '2', id: '7' },
      ]);
    }
  });

  it('joins several data lines, drops one leading space only, and skips events without data', () => {
    const parser = new EventParser();
    expect(parser.feed('data:  two\ndata:lines\n\nevent: empty\n\ndata\n\n')).toEqual([
      { name: 'message', data: ' two\nlines', id: '' },
      { name: 'message', data: '', id: '' },
    ]);
  });

  it('does not resume after an event that was not complete', () => {
    const parser = new EventParser('4');
    expect(parser.feed('id: 5\ndata: half')).toEqual([]);
    expect(parser.lastId).toBe('4');
    parser.feed('\n\n');
    expect(parser.lastId).toBe('5');
  });

  it('skips a byte order mark, comments and unknown fields, and ids with a null', () => {
    const parser = new EventParser();
    expect(parser.feed('\uFEFFdata: 1\n: note\nwhat: ever\nid: a\0b\n\n')).toEqual([
      { name: 'message', data: '1', id: '' },
    ]);
  });
});
