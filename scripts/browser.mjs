// A real Chromium for scripts that look at pages: the one that CHROMIUM names, else one on the PATH, else Debian's, which
// is installed if this user may. It is spoken to over a pipe (Chrome DevTools Protocol), so nothing else is needed.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** The command of a browser that runs, installed if need be; throws with what to do if there is none. */
export function findBrowser() {
  const named = process.env['CHROMIUM'];
  const works = command => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
  const found = (named === undefined ? NAMES : [named]).find(works);
  if (found !== undefined) return found;
  if (named !== undefined) throw new Error(`CHROMIUM=${named} does not run`);
  console.error('no Chromium on the PATH: installing the package of the distribution');
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update'],
    ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
  ])
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: environment });
  if (works('chromium')) return 'chromium';
  throw new Error('no Chromium; install one, or name one by CHROMIUM=<command>');
}

/** Starts a browser without a window; `close` ends it. */
export async function openBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'pagestorm-browser-'));
  const args = [
    '--headless=new',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    '--no-first-run',
    '--disable-gpu',
    '--hide-scrollbars',
    '--force-device-scale-factor=1',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
  const child = spawn(findBrowser(), args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const browser = new Connection(child.stdio[3], child.stdio[4]);
  child.on('exit', () => browser.fail(new Error('the browser ended')));
  return {
    page: () => openPage(browser),
    close: async () => {
      const ended = new Promise(resolve => child.once('exit', resolve));
      await browser.send('Browser.close').catch(() => child.kill());
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Messages of the protocol over the two pipes, each ended by a zero byte. */
class Connection {
  #next = 1;
  #rest = '';
  #waiting = new Map();
  #listeners = [];
  #out;

  constructor(out, input) {
    this.#out = out;
    input.setEncoding('utf8');
    input.on('data', chunk => this.#read(chunk));
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }));
  }

  /** Calls `listener(method, params)` for each event of a session. */
  listen(sessionId, listener) {
    this.#listeners.push({ sessionId, listener });
  }

  fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #read(chunk) {
    const messages = (this.#rest + chunk).split('\0');
    this.#rest = messages.pop();
    for (const text of messages) {
      const { id, result, error, method, params, sessionId } = JSON.parse(text);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error !== undefined) waiting?.reject(new Error(`${waiting.method}: ${error.message}`));
      else waiting?.resolve(result);
      if (method === undefined) continue;
      for (const one of this.#listeners) if (one.sessionId === sessionId) one.listener(method, params);
    }
  }
}

async function openPage(browser) {
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method, params) => browser.send(method, params, sessionId);
  const page = {
    /** Requests but for the page itself, and what the console complained of. */
    requests: [],
    complaints: [],
    /** @param media e.g. { width: 390, height: 844, dark: true, print: true } */
    async emulate({ width, height, dark = false, print = false, scale = 1 }) {
      const mobile = width < 600;
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile });
      const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
      await send('Emulation.setEmulatedMedia', { media: print ? 'print' : 'screen', features });
    },
    async open(url) {
      page.requests.length = 0;
      page.complaints.length = 0;
      page.url = url;
      const loaded = new Promise(resolve => {
        page.loaded = resolve;
      });
      await send('Page.navigate', { url });
      await loaded;
    },
    /** The value of an expression in the page. */
    async evaluate(expression) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
        userGesture: true,
      });
      if (exceptionDetails !== undefined)
        throw new Error(exceptionDetails.exception?.description ?? expression);
      return result.value;
    },
    /** A PNG as bytes; of an area of the page if one is given. */
    async screenshot(clip = undefined) {
      const area = clip === undefined ? {} : { clip: { scale: 1, ...clip }, captureBeyondViewport: true };
      const { data } = await send('Page.captureScreenshot', { format: 'png', ...area });
      return Buffer.from(data, 'base64');
    },
  };
  browser.listen(sessionId, (method, params) => {
    if (method === 'Page.loadEventFired') page.loaded?.();
    if (method === 'Network.requestWillBeSent' && params.request.url !== page.url)
      page.requests.push(params.request.url);
    if (method === 'Log.entryAdded' && params.entry.level !== 'verbose')
      page.complaints.push(`${params.entry.level}: ${params.entry.text}`);
    if (method === 'Runtime.exceptionThrown') page.complaints.push(params.exceptionDetails.text);
    if (method === 'Runtime.consoleAPICalled' && params.type !== 'log') page.complaints.push(params.type);
  });
  for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await send(`${domain}.enable`);
  return page;
}
