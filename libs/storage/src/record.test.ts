import { toHex } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newRecord, openRecord, payloadStart, sealRecord } from './record.ts';
import * as codec from './record-codec.ts';
import { describeKey, documentKey, idempotencyKey, logKey, metaKey, peerVectorKey, snapshotKey } from './store-key.ts';
import { berlin, berlinRegion, cartA, OpSource, tokyo } from './testing/op-source.ts';

const op = new OpSource().next(berlin, { bytes: Uint8Array.of(0xab), idempotencyKey: 'k' });
const digest = new Uint8Array(16).fill(1);
const storeId = new Uint8Array(16).fill(2);
const mark = { library: 'automerge', position: 2 ** 40, indexedAfter: 2 ** 39 } as const;
const snapshot = { ...mark, document: cartA, state: Uint8Array.of(0xcd) };

describe('records of store format 1', () => {
  // These bytes are on disks: another one here needs another store format and a migration.
  test.each([
    [
      'log',
      logKey(berlin, 1),
      codec.newLogRecord(op),
      '6c6265726c696e2e3566306331326162393064650000000000000001 01000000000000010000000000000101000000000100010001010101010101010101010101010101010101010101010101010101010101abb400730c',
    ],
    [
      'document entry',
      documentKey(cartA, 2 ** 33),
      codec.newIndexRecord([{ origin: berlin, seq: 2 ** 34, position: 2 ** 33 }]),
      '6463617274732f610000000200000000 010000020000000000000400000000136265726c696e2e35663063313261623930646589f13595',
    ],
    [
      'document mark',
      documentKey(cartA, 0),
      codec.newMarkRecord(mark),
      '6463617274732f610000000000000000 010100010000000000000080000000007bb27eb6',
    ],
    ['snapshot', snapshotKey(cartA), codec.newSnapshotRecord(snapshot), '7363617274732f61 0100010000000000cd488d446f'],
    ['format', metaKey('format'), codec.newFormatRecord(1), '6d666f726d6174 0101b969a966'],
    [
      'identity',
      metaKey('identity'),
      codec.newIdentityRecord({ region: berlinRegion, origin: berlin, storeId }),
      '6d6964656e74697479 01066265726c696e136265726c696e2e35663063313261623930646502020202020202020202020202020202ad8003a5',
    ],
    [
      'peer vector',
      peerVectorKey(berlinRegion),
      codec.newVectorRecord(VersionVector.of([[berlin, 300]])),
      '706265726c696e 0101136265726c696e2e356630633132616239306465ac020e109484',
    ],
    [
      'idempotency',
      idempotencyKey('k'),
      codec.newIdempotencyRecord({ key: 'k', requestDigest: digest, origin: berlin, seq: 5 }),
      '696b 01136265726c696e2e35663063313261623930646505010101010101010101010101010101016295af72',
    ],
  ])('keep their bytes: %s', (_name, key, record, hex) => {
    expect(`${toHex(key)} ${toHex(sealRecord(key, record))}`).toBe(hex);
  });

  test('[BOUND26] an identity names the epochs of a store whose past is not settled, and has the bytes of earlier releases without', () => {
    const identity = { region: berlinRegion, origin: berlin, storeId };
    const payloadOf = (record: Buffer) => openRecord(metaKey('identity'), sealRecord(metaKey('identity'), record)) as Buffer;
    for (const unsettledEpochs of [undefined, [berlin], [tokyo, berlin]]) {
      const named = { ...identity, ...(unsettledEpochs && { unsettledEpochs }) };
      expect(codec.decodeIdentityRecord(payloadOf(codec.newIdentityRecord(named)))).toEqual(named);
    }
    const whole = payloadOf(codec.newIdentityRecord({ ...identity, unsettledEpochs: [berlin] }));
    expect(codec.decodeIdentityRecord(whole.subarray(0, -1))).toBeUndefined();
  });

  test('[HIST1] a document mark of an earlier release says that the index begins behind it', () => {
    const payload = Buffer.from('0100010000000000', 'hex');
    expect(codec.decodeMarkRecord(payload)).toEqual({ library: 'automerge', position: 2 ** 40, indexedAfter: 2 ** 40 });
  });
});

describe('the checksum of a record', () => {
  const payloads = fc.uint8Array({ maxLength: 100 });
  const keys = fc.uint8Array({ minLength: 1, maxLength: 30 });

  test('[STORE3] any single changed bit of key or record is found', () =>
    fc.assert(
      fc.property(keys, payloads, fc.nat(), (key, payload, bit) => {
        const record = sealed(key, payload);
        expect(openRecord(key, record)).toEqual(Buffer.from(payload));
        const both = Buffer.concat([key, record]);
        const at = bit % (8 * both.length);
        both[at >> 3] = (both[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(openRecord(both.subarray(0, key.length), both.subarray(key.length))).toBe('checksum');
      }),
    ));

  test('[STORE3] a record cut anywhere is found', () => {
    const key = logKey(berlin, 1);
    const record = sealed(key, Uint8Array.of(1, 2, 3, 4));
    for (let length = 0; length < record.length; length++) {
      expect(openRecord(key, record.subarray(0, length))).toBe(length < 5 ? 'truncated' : 'checksum');
    }
  });
});

test('a key says what it names', () => {
  expect(describeKey(logKey(berlin, 2 ** 52))).toEqual({ keySpace: 'log', origin: berlin, seq: 2 ** 52 });
  expect(describeKey(documentKey(cartA, 7))).toEqual({ keySpace: 'document', document: cartA, position: 7 });
  expect(describeKey(snapshotKey(cartA))).toEqual({ keySpace: 'snapshot', document: cartA });
  expect(describeKey(peerVectorKey(berlinRegion))).toEqual({ keySpace: 'peerVector', region: berlinRegion });
  expect(describeKey(idempotencyKey('k'))).toEqual({ keySpace: 'idempotency', key: 'k' });
  expect(describeKey(metaKey('identity'))).toEqual({ keySpace: 'meta', key: 'identity' });
  expect(describeKey(Uint8Array.of(0x6c))).toEqual({ keySpace: 'log', origin: '', seq: 0 });
  expect(describeKey(Uint8Array.of(0xfe, 1))).toEqual({ keySpace: 'unknown', key: 'fe01' });
});

function sealed(key: Uint8Array, payload: Uint8Array): Buffer {
  const record = newRecord(payload.length);
  record.set(payload, payloadStart);
  return sealRecord(key, record);
}
