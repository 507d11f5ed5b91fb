import { AnabranchError, type Hash } from '@anabranch/base';
import { hlcZero, type OriginId } from '@anabranch/causality';
import type { OpsFrame } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { Intake } from './intake.ts';
import { OpLog } from './op-log.ts';
import type { ReplicaStore } from './replica-store.ts';

const origin = 'tokyo.000000000001' as OriginId;
const chainHash = new Uint8Array(32).fill(9);
const hash: Hash = { sha256: () => new Uint8Array(32), hmacSha256: () => new Uint8Array(32) };

function intakeOn(readOps: ReplicaStore['readOps']): Intake {
  const head = { origin, seq: 9, chainHash, hlc: hlcZero, logBytes: 900, oldestSeq: 1 };
  const log = new OpLog({ readOps } as ReplicaStore, hash, { identity: undefined, heads: [head], peerVectors: [], lastPosition: 9 });
  return new Intake(log, hash);
}

const repeated = (seq: number, lastChainHash: Uint8Array): OpsFrame => ({
  ...{ type: 'ops', origin, firstSeq: seq, ops: [new Uint8Array(1)] },
  lastChainHash,
});

test('[LOG3] a repeated op is a duplicate when its hash is ours, and breaks the log when it is not', () => {
  const intake = intakeOn(() => []);
  expect(intake.receive(repeated(9, chainHash))).toBe('duplicate');
  expect(intake.receive(repeated(9, new Uint8Array(32)))).toBe('broken');
});

test('[LOG3] an op of which our own record is damaged contradicts nothing when it is repeated: its link goes on', () => {
  const intake = intakeOn(() => {
    throw new AnabranchError('record_damaged', 'a flipped bit');
  });
  expect(intake.receive(repeated(5, chainHash))).toBe('duplicate');
});
