// Under which names a device writes: drawn anew each time it begins, and whenever a document may lack what it wrote: after a
// write was refused, a document was forgotten, or what was kept of one was damaged.
//
// A replica must not use a number twice: not a dot under its writer, not a clock under its Yjs clientID, not a seq under its
// Automerge actor. A device cannot know whether its store is the newest that there was: a browser's profile may be put back,
// a disk restored, a folder copied. So nothing is ever continued under an old name, and nothing of a device that was set
// back can contradict what a region has of it.

import { type Random, toHex } from '@anabranch/base';
import type { Hlc } from '@anabranch/causality';
import type { Author, DocumentIdentity } from '@anabranch/crdt';

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';

export class DeviceAuthor {
  /** Stands in the keys of what it writes: the device, a dot, 10 drawn characters. */
  readonly writer: string;
  readonly identity: DocumentIdentity;
  #dot = 0;

  constructor(device: string, random: Random) {
    this.writer = `${device}.${drawName(random, 10)}`;
    // Regions have the ids from 2^32 on.
    this.identity = { yjsClientId: Math.max(1, random.u32()), automergeActor: toHex(random.bytes(16)) };
  }

  next(hlc: Hlc): Author {
    this.#dot += 1;
    return { writer: this.writer, dot: this.#dot, hlc };
  }
}

/** As whom a device writes to the documents that it loads from now on. */
export class DeviceAuthors {
  readonly #device: string;
  readonly #random: Random;
  current: DeviceAuthor;

  constructor(device: string, random: Random) {
    this.#device = device;
    this.#random = random;
    this.current = new DeviceAuthor(device, random);
  }

  /** What was written under the present names may be missing in documents from now on. */
  renew(): void {
    this.current = new DeviceAuthor(this.#device, this.#random);
  }
}

/** Random lower-case letters and digits. */
export function drawName(random: Random, length: number): string {
  let name = '';
  for (let at = 0; at < length; at++) name += alphabet[random.u32() % alphabet.length] ?? '';
  return name;
}
