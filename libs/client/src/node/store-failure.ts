import { AnabranchError } from '@anabranch/base';

/** What a call to the file system threw, as an error of the store. */
export function storeFailure(error: unknown): AnabranchError {
  if (error instanceof AnabranchError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new AnabranchError(isFull ? 'store_full' : 'store_failed', `the folder did not keep it: ${message}`);
}

export function throwStoreFailure(error: unknown): never {
  throw storeFailure(error);
}
