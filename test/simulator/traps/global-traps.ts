// Time, randomness and timers that are reached past the ports. Imported before anything else, this module puts wrappers in
// their place; outside of a run they only pass on. During a run the nearest caller decides:
//
//   product (libs/*)            throws, with the stack: it must take the port
//   Yjs, lib0, Automerge, ws    get virtual time and numbers of the seed
//   the simulator, the runner   get the real thing
//
// lib0 keeps what it finds when it is imported, hence the order.

import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** What stands in for the real world during a run. */
export interface TrappedWorld {
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
  readonly u32: () => number;
  readonly setTimer: (afterMs: number, callback: () => void) => { cancel(): void };
  /** Told what product code reached for. */
  readonly onTrapped: (message: string) => void;
}

type Caller = 'product' | 'library' | 'other';

const libraryFrame = /[/\\]node_modules[/\\](yjs|lib0|y-protocols|@automerge|uuid|ws)[/\\]/;
const productFrame = /[/\\]libs[/\\][a-z]+[/\\](src|dist)[/\\]/;
const ownFrame = /[/\\]traps[/\\]global-traps\./;

let world: TrappedWorld | undefined;

/** The turn of the event loop, for the scheduler. */
export const realSetImmediate: (callback: () => void) => void = setImmediate;

/** Begins a run; the answer ends it. */
export function trapGlobals(during: TrappedWorld): () => void {
  if (world !== undefined) throw new Error('one run at a time');
  world = during;
  return () => {
    world = undefined;
  };
}

function callerOf(stack: string): Caller {
  for (const line of stack.split('\n').slice(1)) {
    if (ownFrame.test(line) || line.includes('(node:') || line.includes('at node:')) continue;
    if (libraryFrame.test(line)) return 'library';
    return productFrame.test(line) ? 'product' : 'other';
  }
  return 'other';
}

/** Enough of the stack to see who called, and no more: libraries draw random numbers often. */
function nearestFrames(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 7;
  const { stack = '' } = new Error('who calls');
  Error.stackTraceLimit = stackTraceLimit;
  return stack;
}

/** Asks for the real thing, the virtual one, or throws. */
function ask<T>(name: string, real: () => T, virtual: (world: TrappedWorld) => T): T {
  if (world === undefined) return real();
  const caller = callerOf(nearestFrames());
  if (caller === 'other') return real();
  if (caller === 'library') return virtual(world);
  const trapped = new Error(`${name} was reached past the ports`);
  world.onTrapped(trapped.stack ?? trapped.message);
  throw trapped;
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

function fill(bytes: ArrayBufferView, u32: () => number): void {
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < view.length; at++) view[at] = u32() & 0xff;
}

function trapClocks(): void {
  const RealDate = Date;
  const now = RealDate.now.bind(RealDate);
  const trappedNow = (): number => ask('Date.now', now, ({ wallMs }) => wallMs());
  replace(
    globalThis,
    'Date',
    new Proxy(RealDate, {
      construct: (target, args, newTarget) =>
        Reflect.construct(target, args.length === 0 && world !== undefined ? [trappedNow()] : args, newTarget),
      get: (target, key, receiver) => (key === 'now' ? trappedNow : Reflect.get(target, key, receiver)),
    }),
  );
  const performanceNow = performance.now.bind(performance);
  replace(performance, 'now', () => ask('performance.now', performanceNow, ({ monotonicMs }) => monotonicMs()));
  const hrtime = process.hrtime.bind(process);
  const bigint = process.hrtime.bigint.bind(process.hrtime);
  const trappedHrtime = (since?: [number, number]): [number, number] =>
    ask(
      'process.hrtime',
      () => hrtime(since),
      ({ monotonicMs }) => [Math.floor(monotonicMs() / 1000), (monotonicMs() % 1000) * 1e6],
    );
  const trappedBigint = (): bigint => ask('process.hrtime.bigint', bigint, ({ monotonicMs }) => BigInt(Math.floor(monotonicMs() * 1e6)));
  replace(process, 'hrtime', Object.assign(trappedHrtime, { bigint: trappedBigint }));
}

function trapTimers(): void {
  const [timeout, interval, immediate] = [setTimeout, setInterval, setImmediate];
  const [clear, clearEvery] = [clearTimeout, clearInterval];
  const virtualTimers = new Set<unknown>();
  const virtually = (within: TrappedWorld, ms: number, callback: () => void): object => {
    const timer = within.setTimer(ms, callback);
    virtualTimers.add(timer);
    return timer;
  };
  const ending = (real: (timer: never) => void) => (timer: never) => {
    if (virtualTimers.delete(timer)) (timer as { cancel(): void }).cancel();
    else real(timer);
  };
  type Callback = (...args: unknown[]) => void;
  replace(globalThis, 'setTimeout', (callback: Callback, ms = 0, ...args: unknown[]) =>
    ask<unknown>(
      'setTimeout',
      () => timeout(callback, ms, ...args),
      (within) => virtually(within, ms, () => callback(...args)),
    ),
  );
  replace(globalThis, 'setInterval', (callback: Callback, ms = 0, ...args: unknown[]) =>
    // No library asks for one that a run would have to keep; one that did would be heard of.
    ask<unknown>(
      'setInterval',
      () => interval(callback, ms, ...args),
      (within) => virtually(within, ms, () => callback(...args)),
    ),
  );
  replace(globalThis, 'setImmediate', (callback: Callback, ...args: unknown[]) =>
    ask<unknown>(
      'setImmediate',
      () => immediate(callback, ...args),
      (within) => virtually(within, 0, () => callback(...args)),
    ),
  );
  replace(globalThis, 'clearTimeout', ending(clear));
  replace(globalThis, 'clearInterval', ending(clearEvery));
}

function trapRandomness(): void {
  const random = Math.random;
  replace(Math, 'random', () => ask('Math.random', random, ({ u32 }) => u32() / 2 ** 32));
  const getRandomValues = crypto.webcrypto.getRandomValues.bind(crypto.webcrypto);
  const trappedValues = <T extends ArrayBufferView>(bytes: T): T =>
    ask(
      'crypto.getRandomValues',
      () => {
        getRandomValues(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        return bytes;
      },
      ({ u32 }) => {
        fill(bytes, u32);
        return bytes;
      },
    );
  // Who binds it once, as lib0 does, is looked at once: it draws for every document.
  const forLibrary = <T extends ArrayBufferView>(bytes: T): T => {
    if (world === undefined) getRandomValues(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    else fill(bytes, world.u32);
    return bytes;
  };
  replace(trappedValues, 'bind', () => (callerOf(nearestFrames()) === 'library' ? forLibrary : trappedValues));
  replace(crypto.webcrypto, 'getRandomValues', trappedValues);
  const [randomBytes, randomFillSync, randomUUID] = [crypto.randomBytes, crypto.randomFillSync, crypto.randomUUID];
  replace(crypto, 'randomBytes', (size: number) =>
    ask(
      'crypto.randomBytes',
      () => randomBytes(size),
      ({ u32 }) => Buffer.from(Array.from({ length: size }, () => u32() & 0xff)),
    ),
  );
  replace(crypto, 'randomFillSync', (bytes: Uint8Array, ...rest: [number?, number?]) =>
    ask(
      'crypto.randomFillSync',
      () => randomFillSync(bytes, ...rest),
      ({ u32 }) => {
        fill(bytes, u32);
        return bytes;
      },
    ),
  );
  replace(crypto, 'randomUUID', () =>
    ask<string>('crypto.randomUUID', randomUUID, ({ u32 }) => {
      const hex = Array.from({ length: 4 }, () => u32().toString(16).padStart(8, '0')).join('');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    }),
  );
  syncBuiltinESMExports();
}

trapClocks();
trapTimers();
trapRandomness();
