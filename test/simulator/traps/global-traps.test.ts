import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { trapGlobals } from './global-traps.ts';

const reaching: Readonly<Record<string, string>> = {
  'Date.now': 'Date.now()',
  'new Date': 'new Date().getTime()',
  'Math.random': 'Math.random()',
  'performance.now': 'performance.now()',
  'process.hrtime': 'process.hrtime.bigint()',
  setTimeout: 'setTimeout(() => {}, 0)',
  setInterval: 'setInterval(() => {}, 1000)',
  setImmediate: 'setImmediate(() => {})',
  'crypto.getRandomValues': 'crypto.getRandomValues(new Uint8Array(4))',
  'crypto.randomUUID': 'crypto.randomUUID()',
};

/** Folders that look like the product's and a library's. */
const folder = mkdtempSync(join(tmpdir(), 'anabranch-traps-'));
const places = { product: join(folder, 'libs/engine/src'), library: join(folder, 'node_modules/lib0') };

async function moduleIn(place: keyof typeof places): Promise<Record<string, () => unknown>> {
  mkdirSync(places[place], { recursive: true });
  const lines = Object.entries(reaching).map(([name, code]) => `  ${JSON.stringify(name)}: () => ${code},`);
  const path = join(places[place], 'reaching.mjs');
  writeFileSync(path, `import crypto from 'node:crypto';\nexport const reach = {\n${lines.join('\n')}\n};\n`);
  const loaded = await import(/* @vite-ignore */ pathToFileURL(path).href);
  return loaded.reach;
}

function duringRun<T>(act: () => T): { readonly result: T; readonly trapped: readonly string[] } {
  const trapped: string[] = [];
  let drawn = 0;
  const release = trapGlobals({
    wallMs: () => 1_700_000_000_000,
    monotonicMs: () => 5,
    u32: () => drawn++,
    setTimer: () => ({ cancel: () => {} }),
    onTrapped: (message) => trapped.push(message),
  });
  try {
    return { result: act(), trapped };
  } finally {
    release();
  }
}

afterAll(() => rmSync(folder, { recursive: true }));

describe('traps', () => {
  test('[SIM2] whatever product code reaches for past its ports throws with the stack, and is reported', async () => {
    const reach = await moduleIn('product');
    for (const [name, act] of Object.entries(reach)) {
      const { trapped } = duringRun(() => expect(act, name).toThrow('was reached past the ports'));
      expect(trapped.length).toBe(1);
      expect(trapped[0]).toContain('libs/engine/src/reaching.mjs');
    }
  });

  test('[SIM2] a library gets virtual time and the numbers of the seed', async () => {
    const reach = await moduleIn('library');
    const { result, trapped } = duringRun(() => Object.fromEntries(Object.entries(reach).map(([name, act]) => [name, act()])));
    expect(trapped).toEqual([]);
    expect(result['Date.now']).toBe(1_700_000_000_000);
    expect(result['new Date']).toBe(1_700_000_000_000);
    expect(result['performance.now']).toBe(5);
    expect(result['process.hrtime']).toBe(5_000_000n);
    expect(result['Math.random']).toBe(0);
    expect(result['crypto.getRandomValues']).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(result['crypto.randomUUID']).toBe('00000005-0000-4006-a000-000700000008');
  });

  test('[SIM2] outside of a run everybody gets the real thing', async () => {
    const reach = await moduleIn('product');
    const before = Date.now();
    expect(reach['Date.now']?.()).toBeGreaterThanOrEqual(before);
    expect(reach['crypto.randomUUID']?.()).not.toBe(reach['crypto.randomUUID']?.());
    clearInterval(reach['setInterval']?.() as NodeJS.Timeout);
  });
});
