import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorCode, isDefinite } from './error-reply.ts';
import { LineSplitter } from './line-splitter.ts';
import { decodeMessage, encodeMessage } from './message.ts';

test('[MAEL1] a message crosses a line unchanged, in chunks of any size', () => {
  const anId = fc.integer({ min: 0, max: 2 ** 31 });
  const body = fc.record(
    { type: fc.string(), msg_id: anId, in_reply_to: anId, value: fc.jsonValue() },
    { requiredKeys: ['type', 'value'] },
  );
  fc.assert(
    fc.property(fc.record({ src: fc.string(), dest: fc.string(), body }), fc.integer({ min: 1, max: 20 }), (message, chunkUnits) => {
      const text = encodeMessage(message) + encodeMessage(message);
      const splitter = new LineSplitter();
      const lines: string[] = [];
      for (let at = 0; at < text.length; at += chunkUnits) lines.push(...splitter.push(text.slice(at, at + chunkUnits)));
      const expected = JSON.parse(JSON.stringify(message));
      expect(lines.map(decodeMessage)).toEqual([expected, expected]);
    }),
  );
});

test('[MAEL1] what is no message is refused', () => {
  const lines = [
    ...['', '{', 'null', '[]', '"text"', '{"src":"a","dest":"b"}', '{"src":1,"dest":"b","body":{"type":"read"}}'],
    ...['{"src":"a","body":{"type":"read"}}', '{"src":"a","dest":"b","body":[]}', '{"src":"a","dest":"b","body":{}}'],
    ...['{"src":"a","dest":"b","body":{"type":"read","msg_id":"1"}}', '{"src":"a","dest":"b","body":{"type":"read","in_reply_to":0.5}}'],
  ];
  for (const line of lines) expect(() => decodeMessage(line), line).toThrow(/^(the|a) /);
});

test('[MAEL1] a line beyond the limit is refused, also without an end', () => {
  const splitter = new LineSplitter();
  const half = 'x'.repeat(LineSplitter.lineUnitsMax / 2 + 1);
  expect(splitter.push(half)).toEqual([]);
  expect(() => splitter.push(half)).toThrow('a line has more than');
});

test('[MAEL2] only the codes that say so are definite', () => {
  const { notSupported, temporarilyUnavailable, malformedRequest, abort, timeout, crash } = errorCode;
  for (const code of [notSupported, temporarilyUnavailable, malformedRequest, abort]) expect(isDefinite(code), `${code}`).toBe(true);
  for (const code of [timeout, crash, 15, 1_000, -1, Number.NaN]) expect(isDefinite(code), `${code}`).toBe(false);
});
