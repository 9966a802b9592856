// A stream that is read for as long as it is wanted: when the connection ends or is lost another
// one follows, 2 to 5 s later or when the server says, and after each failure later.
import { Frames } from './headcount-frames.js';

const RETRY_MS = 2e3;
const RETRY_MAX_MS = 6e4;

/** The header that names a token. */
export const bearer = (token) => (token ? { authorization: `Bearer ${token}` } : {});

/** Resolves after ms, or when it is aborted. */
const pause = (ms, signal) =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });

export class Reader {
  #retry = 0;
  #fails = 0;

  /**
   * line: whose it is. It has the query of the next request, and is told: onTry(), that one is
   * made; onFrames(frames, query), none: a comment; onRefused(status), which returns whether that
   * is an answer; onLost().
   */
  constructor(url, token, line) {
    Object.assign(this, { url, token, line });
  }

  open() {
    this.close();
    this.#fails = 0;
    this.#readOn((this.reading = new AbortController()).signal);
  }

  close() {
    this.reading?.abort();
    this.drop();
  }

  /** Gives up this connection; the next one follows. */
  drop() {
    this.attempt?.abort();
  }

  async #readOn(signal) {
    while (!signal.aborted) {
      const wait = await this.#read(signal);
      if (!signal.aborted) await pause(wait, signal);
    }
  }

  /** One connection, from its beginning to its end. Returns the ms until the next. */
  async #read(signal) {
    const { line } = this;
    const attempt = (this.attempt = new AbortController());
    const { query } = line;
    let least = 0;
    let isPlanned = false; // the end of a stream that said so is no loss,
    let isGood = false; // when it has told something before
    line.onTry();
    try {
      const response = await fetch(`${this.url}?${query}`, {
        headers: bearer(this.token), cache: 'no-store', signal: attempt.signal,
      });
      if (signal.aborted) return 0;
      if (line.onRefused(response.status)) return RETRY_MAX_MS;
      least = response.headers.get('retry-after') * 1e3 || 0;
      if (!response.ok) throw new Error(response.statusText);
      const reader = response.body.getReader();
      const frames = new Frames();
      for (let part; !(part = await reader.read()).done; ) {
        if (signal.aborted) return 0;
        const whole = frames.feed(part.value);
        for (const { event, retry } of whole) {
          isPlanned = !event && !!retry;
          this.#retry = Number(retry) || this.#retry;
          if (event == 'state') [isGood, this.#fails] = [true, 0];
        }
        line.onFrames(whole, query);
      }
    } catch {} // the connection was lost, or is none
    if (signal.aborted) return 0;
    if (!isPlanned || !isGood) {
      this.#fails++;
      line.onLost();
    }
    const retry = this.#retry || RETRY_MS * (1 + 1.5 * Math.random());
    return Math.min(Math.max(least, retry * 2 ** Math.max(0, this.#fails - 1)), RETRY_MAX_MS);
  }
}
