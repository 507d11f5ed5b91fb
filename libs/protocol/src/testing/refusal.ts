import { type ErrorCode, isAnabranchError } from '@anabranch/base';

/** The code with which `decode` refuses, or undefined when it gives a value. Any other failure passes through. */
export function refusalOf(decode: () => unknown): ErrorCode | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (isAnabranchError(error)) return error.code;
    throw error;
  }
}
