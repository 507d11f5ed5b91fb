import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';

export function readFlag(reader: BoundedReader): boolean {
  const byte = reader.byte();
  if (byte > 1) throw frameInvalid('a flag is 0 or 1');
  return byte === 1;
}
