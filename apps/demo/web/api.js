// The demo's API. A refusal is thrown as an Error whose message can be shown.

/**
 * @typedef {{ state: 'up' | 'cut', delayMs: number, heldBytes: number, deliveredBytes: number }} Way
 * @typedef {{ a: string, b: string, state: 'up' | 'cut' | 'one-way', aToB: Way, bToA: Way }} Link
 * @typedef {{ origin: string, ops: number, bytes: number, ms: number, upstream: string | null }} Lag
 * @typedef {{ origin: string, isWritable: boolean, versionVector: Record<string, number>, lag: Lag[] }} RegionStatus
 * @typedef {{ state: 'down' | 'running' | 'paused' | 'waiting', pid?: number, restartCount: number, lastExit?: string }} Process
 * @typedef {{ name: string, url: string, process: Process, isAnswering: boolean, isReady: boolean, status?: RegionStatus,
 *   documentCount?: number, statusAgeMs?: number }} Region
 * @typedef {{ regions: Region[], links: Link[] }} WorldStatus
 * @typedef {{ region: string, state: 'shown', json: unknown, digest: string } | { region: string, state: 'absent' }
 *   | { region: string, state: 'unanswered', reason: string }} View
 * @typedef {'both' | 'a-to-b' | 'b-to-a'} Direction
 */

/** A demo that does not answer in this time is treated as gone. */
const answerMsMax = 5_000;

/** @returns {Promise<WorldStatus>} */
export function readStatus() {
  return request('GET', 'api/status');
}

/**
 * @param {Link} link
 * @param {{ state?: 'up' | 'cut', direction?: Direction, delayMs?: number }} change
 */
export async function changeLink(link, change) {
  await request('PUT', `api/links/${link.a}/${link.b}`, { type: 'application/json', value: change });
}

/** @param {string} region @param {string} command */
export async function commandRegion(region, command) {
  await request('POST', `api/regions/${region}/${command}`);
}

/** @param {string} collection @param {string} id @returns {Promise<{ views: View[] }>} */
export function readDocument(collection, id) {
  return request('GET', `api/documents/${collection}/${encodeURIComponent(id)}`);
}

/** @param {string} region @param {string} collection @param {string} id @param {unknown[]} operations */
export async function editDocument(region, collection, id, operations) {
  const body = { type: 'application/vnd.anabranch.ops+json', value: operations };
  await request('PATCH', `api/regions/${region}/documents/${collection}/${encodeURIComponent(id)}`, body);
}

/** @param {string} method @param {string} path @param {{ type: string, value: unknown }} [body] */
async function request(method, path, body) {
  const init = body === undefined ? {} : { headers: { 'content-type': body.type }, body: JSON.stringify(body.value) };
  const response = await fetch(path, { method, ...init, signal: AbortSignal.timeout(answerMsMax) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `the demo answered ${response.status}`);
  return answer;
}
