// A client of the kind that pages with Audience Meter have, in two forms: a POST that is held
// open and read as it grows, and the browser's own EventSource. Written from the protocol.
//
//   new AudienceClient('http://host/namespace', (text) => { ... })
'use strict';

class AudienceClient {
  constructor(address, told) {
    Object.assign(this, { address, told, retry: 2000, opened: 0 });
    this.open();
  }

  open() {
    this.opened++;
    let read = 0; // of the answer, up to the end of its last whole line
    const request = (this.request = new XMLHttpRequest());
    request.open('POST', this.address, true);
    request.setRequestHeader('Accept', 'text/event-stream');
    request.onprogress = () => {
      const text = request.responseText;
      for (let end; (end = text.indexOf('\n', read)) >= 0; read = end + 1) this.take(text.slice(read, end));
    };
    request.onloadend = () => {
      if (!this.closed && this.retry >= 0) this.timer = setTimeout(() => this.open(), this.retry);
    };
    request.send();
  }

  take(line) {
    const [, field, value] = /^(data|retry): ?(.*)$/.exec(line) ?? [];
    if (field === 'data') this.told(value);
    if (field === 'retry') this.retry = Number(value);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.request.abort();
  }
}

class AudienceEvents {
  constructor(address, told) {
    this.opened = 0;
    this.source = new EventSource(address);
    this.source.onopen = () => this.opened++;
    this.source.onmessage = ({ data }) => told(data);
  }

  close() {
    this.source.close();
  }
}
