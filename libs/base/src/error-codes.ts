// The one registry of errors a user, a client or a peer can meet. A code never changes its meaning; docs/errors.md is
// generated from this table. `status` is the HTTP status of the REST door, `retryable` says whether the same request
// may succeed later without being changed.

export interface ErrorCodeEntry {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
  readonly meaning: string;
}

const entry = (status: number, title: string, meaning: string, retryable = false): ErrorCodeEntry => ({
  status,
  title,
  retryable,
  meaning,
});

export const errorCodes = {
  // Requests
  request_malformed: entry(400, 'Malformed request', 'The request could not be parsed: bad JSON, header or parameter.'),
  document_id_invalid: entry(
    400,
    'Invalid document id',
    'Collections match [a-z][a-z0-9-]{0,62}, ids [A-Za-z0-9._~-]{1,200} but not . or .., which URLs give another meaning.',
  ),
  session_token_invalid: entry(400, 'Invalid session token', 'The Anabranch-Session token is not one this mesh issued.'),
  write_concern_invalid: entry(
    400,
    'Invalid write concern',
    'The write concern is malformed, or names more or other regions than the mesh has; nothing was applied.',
  ),
  read_concern_invalid: entry(400, 'Invalid read concern', 'The read concern is malformed or out of bounds.'),
  cursor_invalid: entry(400, 'Invalid cursor', 'The list cursor is not one this service issued.'),
  collection_not_found: entry(404, 'Unknown collection', 'The region serves no collection of this name.'),
  document_not_found: entry(
    404,
    'Document not found',
    'The document holds nothing in this region, was removed, or held nothing at the moment asked for.',
  ),
  conflict_not_found: entry(404, 'Conflict not found', 'The document has no conflict of this id in this region.'),
  write_not_found: entry(404, 'Unknown write', 'The region holds no write of this id: it does not exist, or has not arrived.'),
  origin_not_allowed: entry(403, 'Origin not allowed', 'The web page that made the request is not on the list of allowed origins.'),
  route_not_found: entry(404, 'Not found', 'No such path.'),
  method_not_allowed: entry(405, 'Method not allowed', 'The path exists, but not with this method; see Allow.'),
  request_timeout: entry(408, 'Request timeout', 'The request did not arrive in time.', true),
  precondition_failed: entry(
    412,
    'Precondition failed',
    'If-Match or If-None-Match does not hold for the document as this region has it; nothing was applied.',
  ),
  request_too_large: entry(413, 'Request too large', 'The body exceeds the stated limit of bytes, ops, depth or keys.'),
  content_type_unsupported: entry(415, 'Unsupported content type', 'The method does not take this content type; see Accept-Patch.'),
  headers_too_large: entry(431, 'Header fields too large', 'The header fields exceed the stated limit of bytes.'),
  idempotency_key_reused: entry(422, 'Idempotency key reused', 'The key was used before with another request.'),
  op_invalid: entry(422, 'Invalid operation', 'The operation, or its arguments, are not in the vocabulary.'),
  path_unknown: entry(422, 'Unknown path', 'The path names no field of the collection schema.'),
  type_mismatch: entry(422, 'Wrong type', 'The operation does not fit the type of the field at this path.'),
  index_out_of_range: entry(422, 'Index out of range', 'A list or text position lies outside the current value.'),
  patch_test_failed: entry(422, 'Patch test failed', 'A test operation of a JSON patch did not hold; nothing was applied.'),
  value_invalid: entry(422, 'Invalid value', 'The value is not JSON of the allowed shape, depth, size or key names.'),
  insufficient_rights: entry(
    409,
    'Insufficient rights',
    'The rights that this region holds, and could get in time, do not cover the change of a bounded counter; nothing was applied.',
    true,
  ),
  risk_not_accepted: entry(
    422,
    'Risk not accepted',
    'The act can break a promise, which the answer names; the request does not say that its caller accepts that.',
  ),
  region_reachable: entry(
    409,
    'Region can be heard',
    'Rights are reclaimed from a region that is gone for good; this one was heard of lately. Nothing was applied.',
  ),
  conflicts_not_kept: entry(
    422,
    'Conflicts not kept',
    'The collection is freeform: what its merge library does with concurrent values is not in the conflict journal.',
  ),
  history_unavailable: entry(
    422,
    'History unavailable',
    'The document has more history than one request replays, or the log no longer has its first ops.',
  ),
  library_mismatch: entry(422, 'Wrong merge library', 'The collection is kept with the other merge library.'),
  document_too_large: entry(422, 'Document too large', 'The write would take the document over its limit of bytes.'),
  update_invalid: entry(422, 'Invalid update', 'The CRDT update is malformed, oversized or out of bounds; nothing was logged.'),
  update_incomplete: entry(
    422,
    'Update with missing dependencies',
    'The CRDT update builds on parts this replica lacks; sync first.',
    true,
  ),
  not_yet_visible: entry(503, 'Not yet visible', 'The region has not yet received what the session token requires.', true),
  read_concern_unmet: entry(
    503,
    'Read concern not met',
    'The region could not make sure in time that what it shows is as recent as the read demands.',
    true,
  ),
  // The region
  not_ready: entry(503, 'Not ready', 'The region is starting or stopping.', true),
  overloaded: entry(503, 'Overloaded', 'A bounded queue is full; retry after the stated time.', true),
  store_failed: entry(503, 'Store failed', 'The store could not make a write durable; the region stops.', true),
  store_full: entry(507, 'Store full', 'The store has no room for a write; the region stops, and serves again once there is room.', true),
  store_locked: entry(500, 'Store in use', 'Another process has the data directory open.'),
  store_format_unknown: entry(500, 'Unknown store format', 'The data directory was written by an unknown format version.'),
  record_damaged: entry(500, 'Damaged record', 'A record of the store fails its checksum; it is reported and not served.'),
  document_quarantined: entry(
    500,
    'Document quarantined',
    'An update in the log cannot be merged; this document is not served, others are.',
  ),
  view_unavailable: entry(
    500,
    'View unavailable',
    'A request with this key was done before, as the op that the details name if it is known; what it shows now cannot be read here.',
  ),
  internal_error: entry(500, 'Internal error', 'A defect; the log has the details.'),
  config_invalid: entry(
    500,
    'Invalid configuration',
    'A flag, environment variable or configuration file is wrong, or an option that a client is made with, or one of its calls.',
  ),
  port_taken: entry(500, 'Port taken', 'The address to listen on is used by another process.'),
  // The embedded client
  collection_differs: entry(
    409,
    'Collection differs',
    'The client describes the collection with another library or schema than the region; the message names the first differences.',
  ),
  presence_unsupported: entry(
    400,
    'Presence unsupported',
    'Clients show each other presence at documents of Yjs collections only; the document itself is served.',
  ),
  session_superseded: entry(409, 'Session superseded', 'Another session of the same client has begun; this one has ended.', true),
  region_unreachable: entry(
    503,
    'Region unreachable',
    'No region can be reached, or the device was switched offline; nothing was done.',
    true,
  ),
  region_differs: entry(
    409,
    'Another region answers',
    'At the address that the client has for a region one of another name answers; the client does not speak with it.',
  ),
  region_left: entry(503, 'Region left', 'The client ended its session because it goes to another region.', true),
  outcome_unknown: entry(
    504,
    'Outcome unknown',
    'The region did not answer in time whether it has done what was asked; ask again with the same key.',
    true,
  ),
  document_unavailable: entry(
    503,
    'Document unavailable',
    'The device does not hold the document, and no region has sent it in time.',
    true,
  ),
  client_closed: entry(409, 'Client closed', 'The client was closed.'),
  document_replaced: entry(
    409,
    'Document replaced',
    'A write to the document was refused, and this one builds on it; make it again on the document as it is now.',
    true,
  ),
  // The local world of the demo
  region_not_found: entry(404, 'Unknown region', 'The local world has no region of this name.'),
  link_not_found: entry(404, 'Unknown link', 'The local world has no link between these two regions.'),
  region_state_conflict: entry(409, 'Region in another state', 'The process of the region is not in a state that allows this.'),
  // Links
  frame_invalid: entry(400, 'Invalid frame', 'A link or session frame is malformed, oversized or out of order.'),
  protocol_version_unsupported: entry(400, 'Unsupported protocol version', 'The peer speaks no protocol version this region accepts.'),
  mesh_key_mismatch: entry(401, 'Mesh key not proven', 'The peer did not prove that it holds the mesh key.'),
  region_duplicate: entry(409, 'Duplicate region', 'Two live processes claim the same region name.'),
  link_duplicate: entry(409, 'Duplicate link', 'The two regions already share a link; this one is closed.'),
  link_silent: entry(504, 'Silent link', 'The peer sent nothing for longer than the deadline.', true),
  handshake_timeout: entry(504, 'Handshake timeout', 'The peer did not finish the handshake in time.', true),
  origin_equivocation: entry(409, 'Equivocation', 'One origin has two different ops under one sequence number; the origin is quarantined.'),
  chain_broken: entry(409, 'Broken hash chain', 'Received ops do not continue the hash chain of their origin.'),
  op_gap: entry(409, 'Gap in an origin log', 'Received ops do not follow the last one held.', true),
  credit_exceeded: entry(400, 'Credit exceeded', 'The peer sent more bytes than it was granted.'),
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof errorCodes;
