// Chromium as people have it, driven over its debugging pipe.
//
// Nothing is emulated: a tab behind another one is hidden, a page that was left is put away
// for going back, closing a tab ends it. (Playwright holds every page visible and in focus.)
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { within } from './program.mjs';

const CALL_MS = 15_000;

// Root has no sandbox; the rest keeps a browser without a screen from talking to anybody.
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
];

// And from more processes than its pages need: a renderer is kept at hand for any that may come.
const LEAN = ['--in-process-gpu', '--disable-features=SpareRendererForSitePerProcess', '--disable-extensions'];

// To start one costs more than most stories do in it, so a file has one, and a story people in it.
let shared = null;
after(() => shared?.kill());

export class Browser {
  /** The browser of a file; everybody in it leaves with the story. */
  static async of(s) {
    if (!shared || shared.child.exitCode !== null || shared.child.signalCode) shared = await Browser.launch(LEAN);
    s.closing.push(async () => {
      await Promise.all(shared.people.splice(0).map((person) => person.close()));
      shared.listeners = [];
    });
    return shared;
  }

  static async launch(more = []) {
    const browser = new Browser(more);
    await browser.call('Browser.getVersion');
    return browser;
  }

  constructor(more) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headcount-browser-'));
    this.calls = new Map();
    this.people = [];
    this.listeners = [];
    this.lastId = 0;
    this.child = spawn('/usr/bin/chromium', [...FLAGS, ...more, `--user-data-dir=${this.dir}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, so that all its processes can be ended
    });
    this.end = new Promise((resolve) => this.child.on('close', resolve));
    this.child.stdio[3].on('error', () => {}); // it was killed
    let text = '';
    this.child.stdio[4].setEncoding('utf8').on('data', (part) => {
      const messages = (text + part).split('\0');
      text = messages.pop();
      for (const message of messages) this.#hear(JSON.parse(message));
    });
    process.on('exit', () => this.#signal());
  }

  #signal() {
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {} // ended before
  }

  #hear({ id, error, result, method, params, sessionId }) {
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (error) call?.reject(new Error(`${call.method}: ${error.message}`));
    else if (call) call.resolve(result);
    for (const listener of this.listeners) if (method) listener(method, params, sessionId);
  }

  call(method, params = {}, sessionId) {
    const id = ++this.lastId;
    const answer = new Promise((resolve, reject) => this.calls.set(id, { method, resolve, reject }));
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return within(CALL_MS, method, answer);
  }

  /** Somebody else: a profile with nothing in it, and windows of its own. */
  async person() {
    const { browserContextId } = await this.call('Target.createBrowserContext');
    const person = new Person(this, browserContextId);
    this.people.push(person);
    return person;
  }

  /** Ends it at once, as a crash does: no page learns of it. */
  async kill() {
    this.#signal();
    await this.end;
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

class Person {
  constructor(browser, id) {
    this.browser = browser;
    this.id = id;
  }

  /** A new tab. behind: it is not looked at; script: runs before those of every page. */
  async open(url, { behind = false, script } = {}) {
    const { targetId } = await this.browser.call('Target.createTarget', {
      url: 'about:blank', browserContextId: this.id, background: behind,
    });
    const { sessionId } = await this.browser.call('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this.browser, targetId, sessionId);
    await tab.call('Page.enable');
    if (script) await tab.call('Page.addScriptToEvaluateOnNewDocument', { source: script });
    await tab.call('Page.navigate', { url });
    return tab;
  }

  close() {
    return this.browser.call('Target.disposeBrowserContext', { browserContextId: this.id });
  }
}

class Tab {
  constructor(browser, id, sessionId) {
    Object.assign(this, { browser, id, sessionId });
    this.dialogs = []; // the texts of alerts, which are answered
    browser.listeners.push((method, params, session) => {
      if (session !== sessionId || method !== 'Page.javascriptDialogOpening') return;
      this.dialogs.push(params.message);
      this.call('Page.handleJavaScriptDialog', { accept: true });
    });
  }

  call(method, params) {
    return this.browser.call(method, params, this.sessionId);
  }

  goto(url) {
    return this.call('Page.navigate', { url });
  }

  async run(expression) {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression, returnByValue: true, awaitPromise: true, userGesture: true,
    });
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
    return result.value;
  }

  /** Puts the tab in front of the others of its window. */
  show() {
    return this.browser.call('Target.activateTarget', { targetId: this.id });
  }

  /** A click of the mouse in the middle of what the selector finds. */
  async click(selector) {
    const { x, y } = await this.run(`(() => {
      const box = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`);
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased'])
      await this.call('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
  }

  type(text) {
    return this.call('Input.insertText', { text });
  }

  /** Lets ms pass on the page's clock, timers and all, in a moment. */
  async pass(ms) {
    const over = new Promise((resolve) => {
      this.browser.listeners.push((method, params, session) => {
        if (session === this.sessionId && method === 'Emulation.virtualTimeBudgetExpired') resolve();
      });
    });
    await this.call('Emulation.setVirtualTimePolicy', { policy: 'advance', budget: ms });
    await within(60_000, `${ms} ms pass`, over);
  }

  close() {
    return this.browser.call('Target.closeTarget', { targetId: this.id });
  }
}
