import { bytesEqual, isAnabranchError, toHex } from '@anabranch/base';

export interface Codec<T> {
  readonly decode: (bytes: Uint8Array) => T;
  readonly encode: (value: T) => Uint8Array;
}

/**
 * What is wrong with how a codec takes these bytes, whatever they are: undefined when it refuses them with `frame_invalid`,
 * or reads a value whose bytes are these very ones.
 */
export function formProblem<T>(codec: Codec<T>, bytes: Uint8Array): string | undefined {
  let value: T;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    return isAnabranchError(error, 'frame_invalid') ? undefined : `${toHex(bytes)} is refused with ${String(error)}`;
  }
  const form = codec.encode(value);
  return bytesEqual(form, bytes) ? undefined : `${toHex(bytes)} is read as ${toHex(form)}`;
}
