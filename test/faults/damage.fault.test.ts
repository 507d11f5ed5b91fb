// Bits that flip in the store of a region. Most damaged stores are read by a program that asks for everything (store-image.ts),
// some are given to a real region.
//
// Every record carries a checksum of its key and its bytes. The pages of LMDB around them carry none, and a flip there can end
// the process that reads it, or make LMDB walk past a record that is there: both are counted, and bounded, here, and
// said in docs/limitations.md.

import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAnabranchError } from '@anabranch/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeededRandom } from '../simulator/seeded-random.ts';
import { Ledger } from './ledger.ts';
import { MeshUnderFault, shownBy } from './mesh-under-fault.ts';
import { randomOf } from './seed.ts';
import { Shoppers } from './shoppers.ts';
import { type Judgement, judge, StoreReader, type Verdict } from './store-image.ts';
import { within } from './until.ts';

const purchases = 300;
const flipsInRecords = 100;
const flipsAnywhere = 120;
const flipsUnderRegions = 4;
/** Of the flips anywhere, those in pages of LMDB that may do worse than be refused. */
const worseShareMax = 0.1;

let mesh: MeshUnderFault;
let ledger: Ledger;
let intactPath = '';
let intact: Buffer;
let intactAnswers: Readonly<Record<string, string>>;
let reader: StoreReader;

beforeAll(async () => {
  mesh = await MeshUnderFault.start();
  ledger = new Ledger();
  const shoppers = new Shoppers(ledger, 'flips');
  await mesh.whileBuying(shoppers, {}, () => within('purchases', 60_000, async () => ledger.acknowledged >= purchases));
  await mesh.expectAllShow(ledger);
  await mesh.region('berlin').stop();
  intactPath = join(mesh.folder, 'intact');
  cpSync(mesh.region('berlin').dataPath, intactPath, { recursive: true });
  intact = readFileSync(join(intactPath, 'data.mdb'));
  const questionsPath = join(mesh.folder, 'questions.json');
  const { questions } = await new StoreReader(mesh.configPath).readAfresh(intactPath);
  writeFileSync(questionsPath, JSON.stringify(questions));
  reader = new StoreReader(mesh.configPath, questionsPath);
  const { answers = {} } = await reader.readAfresh(intactPath);
  intactAnswers = answers;
  const documents = ledger.documents.filter((document) => answers[`document ${document}`] === undefined);
  expect(documents).toEqual([]);
});

afterAll(async () => {
  await reader?.end();
  await mesh?.close();
});

interface Flip {
  readonly offset: number;
  readonly bit: number;
}

/** A copy of the intact store with one bit flipped. */
function damagedCopy({ offset, bit }: Flip): string {
  const path = join(mesh.folder, 'damaged');
  rmSync(path, { recursive: true, force: true });
  cpSync(intactPath, path, { recursive: true });
  const bytes = Buffer.from(intact);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
  writeFileSync(join(path, 'data.mdb'), bytes);
  return path;
}

async function judgeFlip(flip: Flip): Promise<Judgement> {
  const path = damagedCopy(flip);
  const judgement = judge(intactAnswers, await reader.read(path));
  if (['intact', 'detected', 'refused'].includes(judgement.verdict)) return judgement;
  return judge(intactAnswers, await reader.readAfresh(path));
}

/** How many flips ended how; what is worse than a refusal is shown. */
async function judgeAll(flips: readonly Flip[]): Promise<Readonly<Record<Verdict, number>>> {
  const counts = { intact: 0, detected: 0, refused: 0, uncoded: 0, crashed: 0, silent: 0 };
  for (const flip of flips) {
    const { verdict, details } = await judgeFlip(flip);
    counts[verdict] += 1;
    if (['uncoded', 'crashed', 'silent'].includes(verdict)) {
      console.info(`offset ${flip.offset}, bit ${flip.bit}: ${verdict}, ${details.length} answers: ${details.slice(0, 2).join('; ')}`);
    }
  }
  console.info(`${flips.length} flips: ${JSON.stringify(counts)}`);
  return counts;
}

/** Offsets inside what purchases wrote into records: their coupons, except where these are keys of LMDB (of used idempotency keys). */
function offsetsInRecords(count: number, random: SeededRandom): number[] {
  const found = [...intact.toString('latin1').matchAll(/(?<!i)flips-\d{6}/g)].map(({ index }) => index);
  return Array.from({ length: count }, () => random.pick(found) + random.below('flips-000000'.length));
}

test(`[FAULT7] ${flipsInRecords} bits flipped in records: each is refused with a code, or nobody reads it any more`, async () => {
  const random = randomOf('flips in records');
  const flips = offsetsInRecords(flipsInRecords, random).map((offset) => ({ offset, bit: random.below(7) }));
  const { detected, refused, uncoded, crashed, silent } = await judgeAll(flips);
  expect({ uncoded, crashed, silent }).toEqual({ uncoded: 0, crashed: 0, silent: 0 });
  expect(detected + refused).toBeGreaterThan(flipsInRecords / 10);
});

test(`[FAULT7] ${flipsAnywhere} bits flipped anywhere in the file: none is an error without a code, few do worse`, async () => {
  const random = randomOf('flips anywhere');
  const flips = Array.from({ length: flipsAnywhere }, () => ({ offset: random.below(intact.length), bit: random.below(8) }));
  const { detected, refused, uncoded, crashed, silent } = await judgeAll(flips);
  expect(uncoded).toBe(0);
  expect(detected + refused).toBeGreaterThan(0);
  expect(crashed + silent).toBeLessThanOrEqual(flipsAnywhere * worseShareMax);
});

test(`[FAULT7] a region on a store with a flipped bit serves what is whole, refuses the rest with a code and gets it back from its peers`, async () => {
  const random = randomOf('flips under a region');
  const berlin = mesh.region('berlin');
  const replaceStore = (path: string | undefined): void => {
    rmSync(berlin.dataPath, { recursive: true, force: true });
    if (path !== undefined) cpSync(path, berlin.dataPath, { recursive: true });
  };
  const outcomes: string[] = [];
  while (outcomes.length < flipsUnderRegions) {
    const [offset = 0] = offsetsInRecords(1, random);
    const flip = { offset, bit: random.below(7) };
    if ((await judgeFlip(flip)).verdict !== 'detected') continue;
    replaceStore(damagedCopy(flip));
    berlin.start();
    await within('berlin is ready, or ends', 60_000, async () => !berlin.isRunning || (await berlin.client.isReady()));
    if (!berlin.isRunning) {
      expect(await berlin.whenEnded, berlin.recentOutput).toBe(1);
      expect(berlin.recordsOf('region.start_failed')[0]?.fields).toMatchObject({ code: 'record_damaged' });
      outcomes.push('refused to start');
      continue;
    }
    const shown = await shownBy(berlin.client).catch((error: unknown) => {
      expect(isAnabranchError(error, 'record_damaged'), String(error)).toBe(true);
      return new Map<string, unknown>();
    });
    const damaged = [...shown].filter(([document, json]) => !ledger.isShownBy(document, json));
    expect(damaged.every(([, code]) => code === 'record_damaged' || code === 'document_quarantined')).toBe(true);
    // What was refused was fetched meanwhile, or is with another read.
    await within('berlin has everything back', 60_000, async () => {
      const now = await shownBy(berlin.client).catch(() => new Map<string, unknown>());
      return ledger.documents.every((document) => ledger.isShownBy(document, now.get(document)));
    });
    outcomes.push(`${shown.size - damaged.length} of ${ledger.documents.length} documents served at once, all of them soon`);
    await berlin.stop();
  }
  console.info(outcomes.join(', '));
  replaceStore(undefined);
  berlin.start();
  await berlin.untilReady();
  await mesh.expectAllShow(ledger);
});
