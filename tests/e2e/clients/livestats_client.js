// A client of the kind that pages with Livestats have: it tells the state of the page every
// so many seconds, by a form, and nothing else. Written from what those clients send.
//
//   new Livestats('/livestats.php', 15).start()
'use strict';

class Livestats {
  static IDLE = 0;
  static READING = 1;
  static WRITING = 2;
  static SLEEP_MS = 300_000; // idle for longer: no more pings until something happens

  constructor(address, seconds = 15) {
    this.address = address;
    this.every = seconds * 1000;
    this.state = Livestats.READING;
    this.top = document.body.scrollTop;
  }

  start() {
    document.onmousemove = () => (this.moved = true);
    document.onkeypress = () => (this.typed = true);
    this.attended = Date.now();
    this.timers = [setTimeout(() => this.ping(), 1), setInterval(() => this.tick(), this.every)];
  }

  stop() {
    this.timers.forEach(clearInterval);
  }

  tick() {
    if (this.state !== Livestats.IDLE) this.attended = Date.now();
    this.state = this.observe();
    if (this.state !== Livestats.IDLE || Date.now() - this.attended <= Livestats.SLEEP_MS) this.ping();
  }

  /** What happened since the last time. */
  observe() {
    const { typed, moved, top } = this;
    this.typed = this.moved = false;
    this.top = document.body.scrollTop;
    if (typed) return Livestats.WRITING;
    return moved || this.top !== top ? Livestats.READING : Livestats.IDLE;
  }

  ping() {
    const request = new XMLHttpRequest();
    request.open('POST', this.address, true);
    request.setRequestHeader('Content-type', 'application/x-www-form-urlencoded');
    const told = { state: this.state, url: location.href, title: document.title };
    request.send(Object.entries(told).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'));
  }
}
