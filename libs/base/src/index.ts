export { AnabranchError, isAnabranchError } from './anabranch-error.ts';
export { AssertionError, assert, assertNever } from './assert.ts';
export {
  bytesEqual,
  concatBytes,
  decodeUtf8,
  encodeUtf8,
  fromBase64url,
  fromHex,
  toBase64url,
  toHex,
} from './bytes.ts';
export type { Clock, Timer } from './clock.ts';
export { type ErrorCode, type ErrorCodeEntry, errorCodes } from './error-codes.ts';
export type { Hash } from './hash.ts';
export { canonicalJson, compareStrings, forbiddenKeys, type JsonObject, type JsonValue } from './json.ts';
export { type LogFields, type Logger, silentLogger } from './logger.ts';
export { type MetricLabels, type Metrics, silentMetrics } from './metrics.ts';
export type { Random } from './random.ts';
