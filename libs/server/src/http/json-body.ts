// Request bodies as JSON values, strictly: UTF-8, one value, bounded nesting and size, no key that could change what an
// object is. Parsing happens before any of it is looked at, and V8 parses without recursion; the walk behind it stops at
// the depth limit, so nothing later overflows the stack.

import { isUtf8 } from 'node:buffer';
import { AnabranchError, forbiddenKeys, type JsonValue } from '@anabranch/base';

export const jsonLimits = {
  /** Nesting of arrays and objects. Beyond: 413 `request_too_large`. */
  depthMax: 96,
  /** Values in one body, each array, object and scalar counted. Beyond: 413 `request_too_large`. */
  valuesMax: 200_000,
} as const;

/** @throws AnabranchError `request_malformed`, `request_too_large`, `value_invalid`. */
export function parseJsonBody(body: Uint8Array): JsonValue {
  if (!isUtf8(body)) throw new AnabranchError('request_malformed', 'the body is not UTF-8');
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body: it stays here.
    throw new AnabranchError('request_malformed', 'the body is not JSON');
  }
  // Bytes that are UTF-8 hold a lone surrogate only as an escape.
  new ValueInspection(text.includes('\\u')).inspect(value, 1);
  return value;
}

class ValueInspection {
  readonly #checksSurrogates: boolean;
  #values = 0;

  constructor(checksSurrogates: boolean) {
    this.#checksSurrogates = checksSurrogates;
  }

  inspect(value: JsonValue, depth: number): void {
    if (++this.#values > jsonLimits.valuesMax) {
      throw new AnabranchError('request_too_large', `a body holds at most ${jsonLimits.valuesMax} values`);
    }
    if (typeof value === 'string') this.#inspectText(value);
    if (typeof value !== 'object' || value === null) return;
    if (depth > jsonLimits.depthMax) {
      throw new AnabranchError('request_too_large', `a body nests at most ${jsonLimits.depthMax} levels deep`);
    }
    for (const [key, member] of Object.entries(value)) {
      if (forbiddenKeys.has(key)) throw new AnabranchError('value_invalid', `${key} is not allowed as a key`);
      this.#inspectText(key);
      this.inspect(member, depth + 1);
    }
  }

  #inspectText(text: string): void {
    if (this.#checksSurrogates && /\p{Surrogate}/u.test(text)) {
      throw new AnabranchError('value_invalid', 'a string has a lone surrogate, which UTF-8 cannot carry');
    }
  }
}
