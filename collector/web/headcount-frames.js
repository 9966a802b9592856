// Frames of Server-Sent Events, as our server writes them, out of bytes wherever these are cut.
const LINE_MAX = 1 << 20; // characters; a frame of the server is far below

export class Frames {
  #decoder = new TextDecoder();
  #rest = '';
  #frame = {};

  /** Whole frames: { event, data, id, retry }, data parsed. Throws on what is none. */
  feed(bytes) {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop();
    if (this.#rest.length > LINE_MAX) throw new RangeError('a line without end');
    return lines.map((line) => this.#take(line.replace(/\r$/, ''))).filter(Boolean);
  }

  #take(line) {
    const frame = this.#frame;
    if (line) {
      const [name] = line.split(':', 1);
      if (name) frame[name] = line.slice(name.length + 1).replace(/^ /, '');
      return null;
    }
    this.#frame = {};
    if ('data' in frame) frame.data = JSON.parse(frame.data);
    return Object.keys(frame).length ? frame : null;
  }
}
