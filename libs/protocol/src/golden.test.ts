// The bytes of protocol version 1, one file per frame and two for the op: without and with every optional part.
//
// Logs on disk and peers of other releases hold these bytes. A golden is therefore never made again: nothing here writes
// one. A change that fails this test is a change of the protocol: give it a new protocol version (protocol-version.ts), write
// its goldens beside these by hand, and keep these as what the old version must go on meaning.

import { readdirSync, readFileSync } from 'node:fs';
import { fromHex, toHex } from '@anabranch/base';
import { describe, expect, test } from 'vitest';
import { decodeLinkFrame, decodeOp, encodeLinkFrame, encodeOp, protocolVersion } from './index.ts';
import { bareOp, fullOp, sampleFrames } from './testing/sample-frames.ts';

const folder = new URL('../test/golden/v1/', import.meta.url);

/** The bytes of a golden: hex, in lines of 32 bytes. */
function golden(name: string): Uint8Array {
  const bytes = fromHex(readFileSync(new URL(`${name}.hex`, folder), 'utf8').replaceAll('\n', ''));
  if (bytes === undefined) throw new Error(`${name}.hex is not hex`);
  return bytes;
}

describe('[WIRE1] the bytes of protocol version 1', () => {
  test.each(Object.values(sampleFrames))('$type', (sample) => {
    const bytes = golden(sample.type);
    expect(decodeLinkFrame(bytes)).toEqual(sample);
    expect(toHex(encodeLinkFrame(sample))).toBe(toHex(bytes));
  });

  test.each([
    ['op-bare', bareOp],
    ['op-full', fullOp],
  ])('%s', (name, sample) => {
    const bytes = golden(name);
    expect(decodeOp(bytes)).toEqual(sample);
    expect(toHex(encodeOp(sample))).toBe(toHex(bytes));
  });

  test('every frame has its golden, every golden its frame', () => {
    const names = [...Object.keys(sampleFrames), 'op-bare', 'op-full'].map((name) => `${name}.hex`);
    expect(readdirSync(folder).sort()).toEqual(names.sort());
    expect(protocolVersion).toBe(1);
  });
});
