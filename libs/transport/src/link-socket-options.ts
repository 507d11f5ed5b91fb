// The WebSocket settings of a link, the same for the side that dials and the side that accepts.
//
// Links compress with a window kept over the whole connection: small ops of one region look alike, so what was sent before
// is the dictionary of what follows. Both directions are bounded: inflating stops at `frameBytesMax`, and zlib runs at most
// `zlibJobsMax` jobs at once for the whole process.

import { frameBytesMax } from '@anabranch/protocol';

/** The WebSocket subprotocol of links, and its version: a peer that does not name it is refused before the upgrade. */
export const linkSubprotocol = 'anabranch.link.1';

/** The path that links are accepted at. */
export const linkPath = '/v1/link';

/** Frames below this many bytes (heartbeats, credit) are sent as they are: deflating them costs more than it saves. */
export const compressBytesMin = 96;

/** zlib jobs of all links at once; the rest wait. ws bounds this per process, not per connection. */
const zlibJobsMax = 8;

/** A close handshake that the peer does not finish in this time ends with the connection cut. */
const closeMsMax = 2_000;

/** Fragments of one message; our own peers send one. */
const fragmentsMax = 64;

export const linkSocketOptions = {
  maxPayload: frameBytesMax,
  maxFragments: fragmentsMax,
  closeTimeout: closeMsMax,
  perMessageDeflate: {
    clientNoContextTakeover: false,
    serverNoContextTakeover: false,
    concurrencyLimit: zlibJobsMax,
    zlibDeflateOptions: { level: 6, memLevel: 8 },
  },
};
