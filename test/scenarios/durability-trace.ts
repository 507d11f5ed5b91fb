// Reads what strace saw of a region and says which bytes left the process before the writes they tell of were on the disk.
// Only a trace shows this: the kernel keeps what a killed process wrote, so an answer before the sync is wrong only when the
// power fails.
//
// Each write carries a marker in its bytes. On its way to the disk a marker is
//
//   written  by a write to data.mdb that holds it and has returned,
//   synced   by an fdatasync of data.mdb that began after that and returned 0,
//   durable  by a write of the meta page, through a descriptor opened with O_DSYNC, that began after that and returned.
//
// Bytes for anything but the store's files leave the process when their call begins; every marker in them must be durable
// then. Nothing is taken from the order of threads but what strace guarantees: of a call that others interrupt,
// `<unfinished ...>` is the beginning and `resumed>` the end.
//
// Invariant 1: a marker only moves on with a call that began after it had reached the place before.
// Invariant 2: a marker whose sync failed is never durable: a later sync does not write its pages again.

import { assert } from '@anabranch/base';

/** System calls that a trace must hold. */
export const tracedCalls = 'openat,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,fdatasync,fsync,msync';
/** strace cuts strings at this length; above the largest write of these tests, which the reader asserts. */
export const tracedStringBytes = 1 << 20;

export const marker = (index: number): string => `mark-${String(index).padStart(4, '0')}`;
const markers = /mark-\d{4}/g;

/** Where bytes went: an HTTP answer, a session or a link after its upgrade, or a file or pipe that is not of the store. */
export type Exit = 'answer' | 'session' | 'link' | 'output';

interface Departure {
  readonly exit: Exit;
  readonly markers: readonly string[];
  /** The entity tag of an answer. */
  readonly etag: string | undefined;
}

export interface DurabilityTrace {
  readonly departures: readonly Departure[];
  /** Markers that reached the disk. */
  readonly durable: ReadonlySet<string>;
  /** One entry for each marker that left too early, with its exit and time. */
  readonly problems: readonly string[];
}

interface Call {
  readonly name: string;
  /** What -y says of the descriptor: a path, `socket:[inode]`, `pipe:[inode]`. */
  readonly target: string;
  readonly descriptor: string;
  /** All that was known at its beginning, strings included. */
  readonly text: string;
  readonly time: string;
}

interface CallEnd {
  readonly call: Call;
  readonly result: number;
}

export function readDurabilityTrace(trace: string): DurabilityTrace {
  const reader = new TraceReader();
  const unfinished = new Map<string, Call>();
  for (const line of trace.split('\n')) {
    const [, thread = '', time = '', text = ''] = /^(\d+) +([\d:.]+) (.*)$/s.exec(line) ?? [];
    const isResumed = text.startsWith('<... ');
    const call = isResumed ? unfinished.get(thread) : callOf(text, time);
    if (call === undefined) continue;
    if (!isResumed) reader.begin(call);
    if (text.endsWith('<unfinished ...>')) unfinished.set(thread, call);
    else reader.end({ call, result: resultOf(text) });
  }
  return reader;
}

class TraceReader implements DurabilityTrace {
  readonly departures: Departure[] = [];
  readonly problems: string[] = [];
  readonly durable = new Set<string>();
  readonly #written = new Set<string>();
  readonly #synced = new Set<string>();
  readonly #lost = new Set<string>();
  /** What the call under way will move on when it succeeds. */
  readonly #moving = new Map<Call, readonly string[]>();
  /** Descriptors of data.mdb whose writes return when they are on the disk. */
  readonly #metaDescriptors = new Set<string>();
  readonly #upgraded = new Map<string, Exit>();

  begin(call: Call): void {
    if (call.name === 'openat') return;
    if (!isOfStore(call)) this.#depart(call);
    else if (isSync(call)) this.#moving.set(call, [...this.#written]);
    else if (this.#isMeta(call)) this.#moving.set(call, [...this.#synced]);
    else this.#moving.set(call, markersIn(call.text));
  }

  end({ call, result }: CallEnd): void {
    if (call.name === 'openat') {
      if (/data\.mdb".*O_DSYNC/.test(call.text)) this.#metaDescriptors.add(String(result));
      return;
    }
    const moved = this.#moving.get(call) ?? [];
    this.#moving.delete(call);
    if (isSync(call)) this.#endSync(moved, result);
    else if (result <= 0) return;
    else if (this.#isMeta(call)) for (const each of moved) this.durable.add(each);
    else for (const each of moved) if (!this.#synced.has(each) && !this.#lost.has(each)) this.#written.add(each);
  }

  #endSync(moved: readonly string[], result: number): void {
    for (const each of moved) {
      this.#written.delete(each);
      (result === 0 ? this.#synced : this.#lost).add(each);
    }
  }

  #depart(call: Call): void {
    assert(!/"\.\.\./.test(call.text), () => `the trace cut a string: ${call.text.slice(-80)}`);
    const upgraded = /"HTTP\/1\.1 101 /.test(call.text);
    if (upgraded) this.#upgraded.set(call.target, /anabranch\.link/.test(call.text) ? 'link' : 'session');
    const found = markersIn(call.text);
    const [, etag] = /etag: \\"([\w-]+)/.exec(call.text) ?? [];
    const isAnswer = call.text.includes('"HTTP/1.1 ');
    const exit = this.#upgraded.get(call.target) ?? (isAnswer ? 'answer' : 'output');
    if (found.length === 0) return;
    this.departures.push({ exit, markers: found, etag });
    for (const each of found) {
      if (!this.durable.has(each)) this.problems.push(`${call.time} ${exit} with ${each}, which was not on the disk`);
    }
  }

  #isMeta(call: Call): boolean {
    return this.#metaDescriptors.has(call.descriptor);
  }
}

function callOf(text: string, time: string): Call | undefined {
  const [, name, rest = ''] = /^(\w+)\((.*)$/s.exec(text) ?? [];
  if (name === undefined) return undefined;
  const [, descriptor = '', target = ''] = /^(\d+)<([^>]*)>/.exec(rest) ?? [];
  return { name, descriptor, target, text, time };
}

/** -1 for a call that failed, or that never ended. */
function resultOf(text: string): number {
  const [, result = '-1'] = /\) += (-?\d+)[^"]*$/.exec(text) ?? [];
  return Number(result);
}

function isOfStore(call: Call): boolean {
  return /\/(data|lock)\.mdb$/.test(call.target);
}

function isSync(call: Call): boolean {
  return call.name === 'fdatasync' || call.name === 'fsync';
}

function markersIn(text: string): readonly string[] {
  return [...new Set(text.match(markers))];
}
