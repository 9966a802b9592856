// A test is a story on a stage of its own (stage.mjs):
//
//   story('a claim', async (s) => { await s.start(); await s.hit({ i: 'shop', p: '/' }); ... })
//
// Whatever was started is ended by its pid when the story ends, well or badly; of a story
// that fails, the logs are shown. A file that does not end is ended.
//
// With TELL_AGAIN in the environment a story that failed while the machine withheld its processors
// is told once more, and says so; one that failed undisturbed has failed.
import test, { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { withheld } from './own_time.mjs';
import { Story, within } from './stage.mjs';

export * from './stage.mjs';

const FILE_MS = 600_000; // the slowest takes a third
const DISTURBED_MS = 2_000;
const untold = new Set();

pause(FILE_MS, null, { ref: false }).then(() => {
  console.error(`not ended within ${FILE_MS} ms: ${[...untold].join('; ')}`);
  process.exit(1);
});

async function tell(name, fn, ms) {
  const s = new Story();
  try {
    await within(ms, name, fn(s));
    await s.close();
  } catch (e) {
    console.error(`FAILED: ${name}\n${e.stack}\n${s.logs()}`);
    await s.closeHard();
    throw e;
  }
}

/** A test with a stage of its own, and a deadline for all of it. */
export function story(name, fn, { ms = 60_000 } = {}) {
  test(name, async () => {
    untold.add(name);
    const late = withheld();
    await tell(name, fn, ms).catch((e) => {
      if (!process.env.TELL_AGAIN || late() < DISTURBED_MS) throw e;
      console.error(`TOLD AGAIN: ${name} (${Math.round(late())} ms were withheld)`);
      return tell(name, fn, ms);
    });
    untold.delete(name);
  });
}

// A file whose tests are over and that still does not end has left something open.
after(() => {
  pause(5_000, null, { ref: false }).then(() => {
    console.error('something was left open');
    process.exit(1);
  });
});
