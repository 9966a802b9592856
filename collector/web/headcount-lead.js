// Which tab of a browser reads a stream: the one that has the lock, and so the lead. All of them
// talk over a channel. Where there are no locks (pages without TLS) each tab leads, alone.
const isShared = () => !!(globalThis.navigator?.locks && globalThis.BroadcastChannel && globalThis.document);

export class Lead {
  has = false;

  /** line: is told onLead(), onYield(), and by onMessage(what) what other tabs say. */
  constructor(name, line) {
    Object.assign(this, { name, line });
  }

  /** Whether there may be other tabs. */
  get isShared() {
    return !!this.channel;
  }

  join() {
    if (!isShared()) return this.#take();
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => this.line.onMessage(data);
    this.#queue();
  }

  leave() {
    const { turn } = this;
    this.turn = null;
    this.#yield();
    turn?.abort();
    this.channel?.close();
    this.channel = null;
  }

  post(message) {
    this.channel?.postMessage(message);
  }

  /** Takes the lead from whoever has it. */
  seize() {
    this.#queue(true);
  }

  /** Stands in line for the lead, and again when it was taken away. */
  async #queue(steal = false) {
    this.turn?.abort();
    const turn = (this.turn = new AbortController());
    const { signal } = turn;
    const hold = () => {
      if (signal.aborted) return;
      this.#take();
      return new Promise((done) => signal.addEventListener('abort', done));
    };
    try {
      await navigator.locks.request(this.name, steal ? { steal } : { signal }, hold);
    } catch ({ name }) {
      if (this.turn != turn) return;
      if (name != 'AbortError') return this.#take(); // a page that may have no locks
      this.#yield();
      this.#queue();
    }
  }

  #take() {
    this.has = true;
    this.line.onLead();
  }

  #yield() {
    this.has = false;
    this.line.onYield();
  }
}
