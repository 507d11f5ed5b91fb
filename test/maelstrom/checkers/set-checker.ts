// Judges a history of a grow-only set, for broadcast and g-set alike.
//
//   lost       a final read lacks an element whose add was acknowledged
//   unequal    final reads differ between nodes, or a node has none
//   invented   a read has an element that nobody had begun to add, or whose add was refused for certain
//   repeated   a read has an element twice
//   forgotten  a read lacks what its own node had acknowledged or shown before the read began
//
// The last one is more than Maelstrom asks: reads are local here, and a region never shows less than before.

import { canonicalJson, type JsonValue } from '@anabranch/base';
import { countsOf, type Entry, type Operation, operationsOf, type Verdict } from './history.ts';
import { quantiles } from './quantiles.ts';

interface Read {
  readonly operation: Operation;
  readonly node: string;
  /** The canonical text of what was read. */
  readonly elements: ReadonlySet<string>;
}

export function checkSet(history: readonly Entry[], nodes: readonly string[]): Verdict {
  const operations = operationsOf(history);
  const adds = operations.filter(({ invoked }) => invoked.f === 'write');
  const reads = operations.filter(({ invoked, outcome }) => invoked.f === 'read' && outcome === 'ok').map(readOf);
  return {
    problems: [
      ...lostElements(adds, reads),
      ...unequalReads(reads, nodes),
      ...inventedElements(adds, reads),
      ...repeatedElements(reads),
      ...forgottenElements(history, reads),
    ],
    figures: { ...countsOf(operations), ...stableLatency(adds, reads) },
  };
}

function readOf(operation: Operation): Read {
  return { operation, node: operation.invoked.node, elements: new Set(listOf(operation.ended?.value).map(textOf)) };
}

function lostElements(adds: readonly Operation[], reads: readonly Read[]): string[] {
  const acknowledged = adds.filter(({ outcome }) => outcome === 'ok').map(({ invoked }) => textOf(invoked.value));
  return finalReads(reads).flatMap(({ node, elements }) =>
    acknowledged.filter((text) => !elements.has(text)).map((text) => `lost: ${node} does not have ${text} at the end`),
  );
}

function unequalReads(reads: readonly Read[], nodes: readonly string[]): string[] {
  const finals = finalReads(reads);
  const problems = nodes
    .filter((node) => !finals.some((read) => read.node === node))
    .map((node) => `unequal: nothing was read from ${node} at the end`);
  const [first, ...others] = finals;
  for (const { node, elements } of others) {
    const differing = first === undefined ? [] : [...missingIn(first.elements, elements), ...missingIn(elements, first.elements)];
    if (differing.length > 0) problems.push(`unequal: ${node} and ${first?.node} differ at the end in ${differing.join(', ')}`);
  }
  return problems;
}

function inventedElements(adds: readonly Operation[], reads: readonly Read[]): string[] {
  const begun = new Map(adds.filter(({ outcome }) => outcome !== 'fail').map(({ invoked }) => [textOf(invoked.value), invoked.index]));
  return reads.flatMap(({ node, operation, elements }) => {
    const endIndex = operation.ended?.index ?? 0;
    return [...elements]
      .filter((text) => (begun.get(text) ?? Number.POSITIVE_INFINITY) > endIndex)
      .map((text) => `invented: ${node} shows ${text}, which was not added (entry ${endIndex})`);
  });
}

function repeatedElements(reads: readonly Read[]): string[] {
  return reads
    .filter(({ operation, elements }) => listOf(operation.ended?.value).length !== elements.size)
    .map(({ node, operation }) => `repeated: ${node} shows an element twice (entry ${operation.ended?.index})`);
}

/** Goes through the entries in order: what a node has shown or acknowledged before a read began must be in it. */
function forgottenElements(history: readonly Entry[], reads: readonly Read[]): string[] {
  const problems: string[] = [];
  const readsByEnd = new Map(reads.map((read) => [read.operation.ended?.index, read]));
  /** By node, in the order in which it was known. */
  const known = new Map<string, Set<string>>();
  const knownAtStart = new Map<number, number>();
  for (const entry of history) {
    const ofNode = known.get(entry.node) ?? new Set();
    known.set(entry.node, ofNode);
    if (entry.type === 'invoke' && entry.f === 'read') knownAtStart.set(entry.index, ofNode.size);
    if (entry.type !== 'ok') continue;
    const read = readsByEnd.get(entry.index);
    if (read === undefined) {
      ofNode.add(textOf(entry.value));
      continue;
    }
    const required = [...ofNode].slice(0, knownAtStart.get(read.operation.invoked.index));
    for (const text of required) {
      if (!read.elements.has(text)) problems.push(`forgotten: ${entry.node} had ${text} and shows it no more (entry ${entry.index})`);
    }
    for (const text of read.elements) ofNode.add(text);
  }
  return problems;
}

/** From each acknowledgement, how long reads anywhere still began that did not show the element. */
function stableLatency(adds: readonly Operation[], reads: readonly Read[]): Record<string, number> {
  const latencies = adds.flatMap(({ invoked, ended, outcome }) => {
    if (outcome !== 'ok' || ended === undefined) return [];
    const text = textOf(invoked.value);
    let lastAbsentMs = ended.timeMs;
    for (const { operation, elements } of reads) {
      const { index, timeMs } = operation.invoked;
      if (index > ended.index && timeMs > lastAbsentMs && !elements.has(text)) lastAbsentMs = timeMs;
    }
    return [lastAbsentMs - ended.timeMs];
  });
  return quantiles('stable ms', latencies);
}

function finalReads(reads: readonly Read[]): Read[] {
  return reads.filter(({ operation }) => operation.invoked.isFinal);
}

function missingIn(elements: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...others].filter((text) => !elements.has(text));
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('a read of a set holds no list');
  return value;
}

/** Values are what JSON said. */
function textOf(value: unknown): string {
  return canonicalJson(value as JsonValue);
}
