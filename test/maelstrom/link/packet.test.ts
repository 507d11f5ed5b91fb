import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePacket, encodePacket, heldMax, type Packet } from './packet.ts';

const connection = fc.stringMatching(/^[0-9a-f]{16}$/);
const seq = fc.nat(Number.MAX_SAFE_INTEGER);
const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), connection }),
  fc.record({
    kind: fc.constant('data' as const),
    connection,
    next: seq,
    segment: fc.record({ seq, bytes: fc.uint8Array(), isLast: fc.boolean() }),
  }),
  fc.record({ kind: fc.constant('ack' as const), connection, next: seq, held: fc.array(seq, { maxLength: heldMax }) }),
  fc.record({
    kind: fc.constant('close' as const),
    connection,
    code: fc.constantFrom('normal' as const, 'lost' as const, 'link_silent' as const, 'frame_invalid' as const),
    reason: fc.string({ maxLength: 200 }),
  }),
);

test('[MAEL1] a packet of a link crosses a message body unchanged', () => {
  fc.assert(
    fc.property(packet, (sent) => {
      expect(decodePacket(JSON.parse(JSON.stringify(encodePacket(sent))))).toEqual(sent);
    }),
  );
});

test('[MAEL1] a body with a wrong, missing or foreign member is no packet', () => {
  const foreign = fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.integer());
  fc.assert(
    fc.property(packet, fc.integer({ min: 0, max: 9 }), foreign, (sent, place, value) => {
      const body: Record<string, unknown> = { ...encodePacket(sent) };
      const names = Object.keys(body).filter((name) => name !== 'type');
      body[names[place % names.length] ?? ''] = value;
      const decoded = decodePacket(body);
      if (decoded !== undefined)
        expect({ type: 'link', ...JSON.parse(JSON.stringify(encodePacket(decoded))) }).toMatchObject(JSON.parse(JSON.stringify(body)));
    }),
  );
  const id = '0123456789abcdef';
  const wrong: Array<Record<string, unknown>> = [
    {},
    { kind: 'open', connection: id.toUpperCase() },
    { kind: 'hello', connection: id },
    { kind: 'data', connection: id, seq: -1, next: 0, isLast: true, bytes: '' },
    { kind: 'data', connection: id, seq: 0, next: 0, isLast: true, bytes: 'no base64!' },
    { kind: 'ack', connection: id, next: 0, held: Array.from({ length: heldMax + 1 }, () => 1) },
    { kind: 'close', connection: id, code: 'no_such_code', reason: '' },
  ];
  for (const body of wrong) expect(decodePacket(body), JSON.stringify(body)).toBeUndefined();
});
