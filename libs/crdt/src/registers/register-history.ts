// Every write to the registers of one typed document, and what replaced it: what the conflict journal is made of. It is fed
// with the updates of the document's ops in any causal order, and what it finds depends on nothing but the set of them.
//
//   update -> entries set and replaced -> writes, each with its replacers -> conflicts
//
// An update replaces a write when it deletes its entry: it had seen it, and nobody it knew of had replaced it before. Two
// writes are in conflict when the very same updates replaced both, or none did. For then neither had seen the other (it would
// have replaced it), and everybody who put an end to one of them knew both: one value was hidden by the other, not
// overwritten. What somebody replaced who did not know the other was overwritten on purpose; its successor takes its place
// in the conflict. Equal values are in none: what lost is shown.
//
// The winner has the latest (HLC, writer) of all that are in conflict, as in the view (register.ts).
//
// Invariant 1: "the same replacers" is an equivalence, so each write loses at most once: conflicts are fewer than writes.
// Invariant 2: a value that nobody replaced and that is not shown is the loser of a conflict.

import { canonicalJson, compareStrings, forbiddenKeys, type JsonValue } from '@anabranch/base';
import { type Hlc, hlcZero, parseHlc } from '@anabranch/causality';
import { readStoredJson } from '../bounded-json.ts';
import { splitParts, unescapePart } from '../path.ts';
import type { FieldSchema, Library, ObjectSchema } from '../schema.ts';
import { hlcLength } from '../typed/register.ts';
import { AutomergeEntryReader } from './automerge-entry-reader.ts';
import type { EntryReader } from './entry-reader.ts';
import { YjsEntryReader } from './yjs-entry-reader.ts';

/** `By` names the op that a write came with. */
export interface RegisterWrite<By> {
  readonly value: JsonValue;
  readonly hlc: Hlc;
  readonly writer: string;
  readonly by: By;
}

export interface RegisterConflict<By> {
  /** A JSON pointer. */
  readonly path: string;
  readonly winner: RegisterWrite<By>;
  readonly loser: RegisterWrite<By>;
  /** True for a register that shows all concurrent values: both were shown until they were replaced. */
  readonly isKeptAll: boolean;
  /** True while nobody has replaced the two: the winner is what the register shows. */
  readonly stands: boolean;
}

interface Write<By> {
  readonly writer: string;
  readonly hlcText: string;
  readonly valueText: string;
  readonly by: By;
  /** The numbers of the updates that replaced it, rising. */
  readonly replacers: number[];
}

interface RegisterLog<By> {
  readonly keepsAll: boolean;
  readonly writes: Write<By>[];
}

export class RegisterHistory<By> {
  readonly #schema: ObjectSchema;
  readonly #reader: EntryReader;
  /** By path, without the leading slash. */
  readonly #registers = new Map<string, RegisterLog<By>>();
  readonly #writes = new Map<string, Write<By>>();
  #updates = 0;

  /** Of a collection with typed fields. */
  constructor(library: Library, schema: ObjectSchema) {
    this.#schema = schema;
    const isTracked = (key: string): boolean => this.#registerOf(key) !== undefined;
    this.#reader = library === 'yjs' ? new YjsEntryReader(isTracked) : new AutomergeEntryReader(isTracked);
  }

  /** Takes an update of the document, after those that it builds on. */
  take(update: Uint8Array, by: By): void {
    const { sets, replaced } = this.#reader.read(update);
    this.#updates += 1;
    for (const id of new Set(replaced)) this.#writes.get(id)?.replacers.push(this.#updates);
    for (const { id, key, text } of sets) {
      const register = this.#registerOf(key);
      if (register === undefined || text === undefined || this.#writes.has(id)) continue;
      const [hlcText, valueText] = [text.slice(0, hlcLength), text.slice(hlcLength)];
      // What is malformed shows nothing.
      if (parseHlc(hlcText) === undefined || readStoredJson(valueText) === undefined) continue;
      const write: Write<By> = { writer: register.writer, hlcText, valueText, by, replacers: [] };
      this.#writes.set(id, write);
      register.log.writes.push(write);
    }
  }

  /** In no particular order. */
  *conflicts(): Iterable<RegisterConflict<By>> {
    for (const [path, { keepsAll, writes }] of this.#registers) {
      for (const [first, ...others] of groupByReplacers(writes)) {
        if (first === undefined || others.length === 0) continue;
        const isOpen = first.replacers.length === 0;
        if (keepsAll && isOpen) continue;
        const winner = others.reduce((latest, write) => (order(write, latest) > 0 ? write : latest), first);
        const won = read(winner);
        for (const write of [first, ...others]) {
          const loser = read(write);
          if (write === winner || canonicalJson(loser.value) === canonicalJson(won.value)) continue;
          yield { path: `/${path}`, winner: won, loser, isKeptAll: keepsAll, stands: isOpen };
        }
      }
    }
  }

  /** The register that a flat key belongs to and the writer whose value it holds; undefined when it is no register's key. */
  #registerOf(key: string): { readonly writer: string; readonly log: RegisterLog<By> } | undefined {
    const slash = key.lastIndexOf('/');
    const writer = unescapePart(key.slice(slash + 1));
    if (slash <= 0 || writer === undefined) return undefined;
    const path = key.slice(0, slash);
    const known = this.#registers.get(path);
    if (known !== undefined) return { writer, log: known };
    const field = fieldAt(this.#schema, splitParts(path));
    if (field?.type !== 'register') return undefined;
    const log: RegisterLog<By> = { keepsAll: field.keep === 'all', writes: [] };
    this.#registers.set(path, log);
    return { writer, log };
  }
}

function fieldAt(schema: ObjectSchema, parts: readonly string[] | undefined): FieldSchema | undefined {
  let field: FieldSchema | undefined = parts && schema;
  for (const part of parts ?? []) {
    if (field?.type === 'map' && !forbiddenKeys.has(part)) field = field.of;
    else field = field?.type === 'object' && Object.hasOwn(field.fields, part) ? field.fields[part] : undefined;
  }
  return field;
}

function groupByReplacers<By>(writes: readonly Write<By>[]): Iterable<Write<By>[]> {
  const groups = new Map<string, Write<By>[]>();
  for (const write of writes) {
    const key = write.replacers.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [write]);
    else group.push(write);
  }
  return groups.values();
}

function order<By>(a: Write<By>, b: Write<By>): number {
  return compareStrings(a.hlcText, b.hlcText) || compareStrings(a.writer, b.writer);
}

function read<By>({ writer, hlcText, valueText, by }: Write<By>): RegisterWrite<By> {
  return { value: readStoredJson(valueText) ?? null, hlc: parseHlc(hlcText) ?? hlcZero, writer, by };
}
