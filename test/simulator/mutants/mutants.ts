// Bugs to be planted in the compiled product, one at a time, each a promise broken in the way that people break it. The
// simulator must find every one: what it cannot find, it does not check.
//
// A bug is one or more replacements in files below `libs`. Each text must be there exactly once: a mutant of code that has
// changed is an error, not a survivor.

import type { PlanName } from '../faults/simulation-plan.ts';

export interface Replacement {
  /** Below `libs`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** What is wrong, as a reviewer would put it. */
  readonly bug: string;
  readonly replacements: readonly Replacement[];
  /** Virtual minutes of a seed, when what it takes to show is rarer than in the one minute of the others. */
  readonly minutes?: number;
  /** The plan that draws what it takes, when few seeds of the swarm do. */
  readonly plan?: PlanName;
}

const engine = (file: string, find: string, replace: string): Replacement => ({ file: `engine/dist/${file}.js`, find, replace });
const crdt = (file: string, find: string, replace: string): Replacement => ({ file: `crdt/dist/${file}.js`, find, replace });
const server = (file: string, find: string, replace: string): Replacement => ({ file: `server/dist/${file}.js`, find, replace });
const client = (file: string, find: string, replace: string): Replacement => ({ file: `client/dist/${file}.js`, find, replace });
const storage = (file: string, find: string, replace: string): Replacement => ({ file: `storage/dist/${file}.js`, find, replace });

export const mutants: readonly Mutant[] = [
  {
    name: 'ack-before-sync',
    bug: 'a write is acknowledged before its commit is durable',
    replacements: [engine('op-log', 'if (position <= this.#durablePosition)', 'if (position <= this.#position)')],
  },
  {
    name: 'confirm-before-sync',
    bug: 'ops count as durable, are delivered and shipped when their commit has only begun',
    replacements: [
      engine(
        'op-log',
        'await this.#store.commit({ ops: next.ops });\n                this.#confirm(next);',
        'const committed = this.#store.commit({ ops: next.ops });\n                this.#confirm(next);\n                await committed;',
      ),
    ],
  },
  {
    name: 'failed-commit-goes-on',
    bug: 'a commit that failed is taken for durable, and the replica goes on',
    replacements: [storage('commit-queue', 'if (failure) {', 'if (false) {')],
  },
  {
    name: 'keys-forgotten-on-restart',
    bug: 'idempotency keys are looked up among the writes of this process only',
    replacements: [engine('idempotency-keys', '?? this.#readUsed(key);', ';')],
  },
  {
    name: 'keys-known-when-durable',
    bug: 'an idempotency key is known only when its first write is durable: a retry in between writes again',
    replacements: [
      engine('idempotency-keys', 'this.#pending.get(key)?.record ?? this.#readUsed', 'this.#readUsed'),
      engine('write-door', 'const answer = this.#transact(request, this.#underWay.get(key));', 'const answer = this.#transact(request);'),
    ],
  },
  {
    name: 'rollback-keeps-epoch',
    bug: 'a store that went back in time writes on under its epoch, whatever its peers know',
    replacements: [engine('epoch-guard', 'if (ahead === undefined)', 'if (true)')],
  },
  {
    name: 'epoch-not-confirmed',
    bug: 'a restarted region writes before its peers have confirmed its head',
    replacements: [engine('epoch-guard', 'if (parts.isOursAlone) {', 'if (true) {')],
  },
  {
    name: 'identity-kept-in-new-epoch',
    bug: 'a new epoch writes under the CRDT identity of the old one',
    minutes: 4,
    replacements: [
      engine('replica', 'this.#crdtIdentity = identityOf(identity.origin, hash);\n        this.#writes.renewed', 'this.#writes.renewed'),
    ],
  },
  {
    name: 'lost-tail-not-fetched',
    bug: 'a region does not take back from its peers what its own disk has lost',
    replacements: [
      engine(
        'origin-pulls',
        'if (origin === this.#parts.identity().origin)',
        'if (regionOf(origin) === regionOf(this.#parts.identity().origin))',
      ),
    ],
  },
  {
    name: 'gap-skipped',
    bug: 'ops that do not follow the last one held are appended all the same',
    replacements: [
      engine('intake', 'if (frame.firstSeq > cursor.seq + 1)', 'if (false)'),
      engine('intake', 'return bytesEqual(chainHash, frame.lastChainHash) ? arrivals : undefined;', 'return arrivals;'),
    ],
  },
  {
    name: 'resume-off-by-one',
    bug: 'a stream resumes one op too late',
    replacements: [
      engine('shipper', 'this.#cursors.set(frame.origin, frame.afterSeq);', 'this.#cursors.set(frame.origin, frame.afterSeq + 1);'),
    ],
  },
  {
    name: 'dependencies-ignored',
    bug: 'received ops are shown before the ops they depend on',
    replacements: [engine('intake', 'return op.dependencies.every(([origin, seq]) => this.#log.head(origin).seq >= seq);', 'return true;')],
  },
  {
    name: 'dependencies-not-written',
    bug: 'ops do not say what they depend on',
    replacements: [
      engine(
        'local-writes',
        'durable === this.#dependedOn ? [] : durable.since(this.#dependedOn).filter(([other]) => other !== origin)',
        '[]',
      ),
    ],
  },
  {
    name: 'no-relay',
    bug: 'ops are taken from the region that wrote them only',
    replacements: [engine('origin-pulls', 'if (seq === 0 && !isDirect)', 'if (!isDirect)')],
  },
  {
    name: 'token-ignored',
    bug: 'a read or write does not wait for what its session has seen',
    replacements: [engine('visibility', 'if (this.#durable().covers(version))', 'if (true)')],
  },
  {
    name: 'read-of-what-may-be-lost',
    bug: 'a read shows a write that is not durable',
    replacements: [engine('replica', 'await this.#log.whenDurable(loaded.localPosition);\n        return view;', 'return view;')],
  },
  {
    name: 'snapshot-says-too-much',
    bug: 'a snapshot names a position whose ops are not all in it: they are skipped when the document is loaded',
    minutes: 10,
    replacements: [engine('document-cache', 'const position = log.durablePosition;', 'const position = log.durablePosition + 1;')],
  },
  {
    name: 'checksum-not-checked',
    bug: 'a damaged record is taken for a good one',
    replacements: [storage('record', 'if (checksumOf(key, record) !== record.readUInt32BE(end))', 'if (false)')],
  },
  {
    name: 'key-with-two-writers',
    bug: 'all replicas count under one key of the flat map: the last one wins instead of the sum',
    replacements: [crdt('typed/counter', '`${escapePart(edit.writer)}/${edit.dot}`', "'shared/1'")],
  },
  {
    name: 'remove-cancels-nothing',
    bug: 'an article that is put back shows what was removed before',
    replacements: [crdt('typed/counter', 'const cancelled = greatest(contribution)?.[1].total ?? 0;', 'const cancelled = 0;')],
  },
  {
    name: 'remove-cancels-concurrent',
    bug: 'a remove takes increments along that the remover had not seen',
    replacements: [
      crdt('typed/counter', 'contribution.own.n > (greatest(contribution)?.[1].n ?? 0);', 'contribution.cancellations.size === 0;'),
    ],
  },
  {
    name: 'add-skipped-when-present',
    bug: 'adding what is there already does nothing: a concurrent remove of the first add wins',
    replacements: [
      crdt('typed/element-set', 'edit.put(this, own, edit.dot);', 'if (!this.#elements.has(element)) edit.put(this, own, edit.dot);'),
    ],
  },
  {
    name: 'register-by-arrival',
    bug: 'of concurrent writes the one that arrived last is shown',
    replacements: [crdt('typed/register', 'compareStrings(a.hlc, b.hlc) || compareStrings(writerA, writerB)', '0')],
  },
  {
    name: 'register-by-writer',
    bug: 'of concurrent writes the one of the greatest writer is shown, not the latest',
    replacements: [
      crdt('typed/register', 'compareStrings(a.hlc, b.hlc) || compareStrings(writerA, writerB)', 'compareStrings(writerA, writerB)'),
    ],
  },
  {
    name: 'move-copies',
    bug: 'a moved item is removed and inserted again: two concurrent moves make two of it',
    replacements: [
      crdt(
        'typed/list',
        'edit.put(this, moveName(item.id, edit.writer), `${edit.hlc} ${position}`);',
        'this.#removeItem(edit, item);\n        edit.put(this, escapePart(edit.issueItemId()), `${position}\\t${JSON.stringify(item.inserted.value)}`);',
      ),
    ],
  },
  {
    name: 'flag-keeps-one-writer',
    bug: 'enabling a flag that is on does nothing: a concurrent disable wins',
    replacements: [crdt('typed/flag', 'this.setOwn(edit, edit.dot);', 'if (!this.isLive) this.setOwn(edit, edit.dot);')],
  },
  {
    name: 'rights-not-frozen',
    bug: 'a new epoch takes over what earlier ones left before every peer has told what it knows of them',
    minutes: 3,
    replacements: [engine('own-epochs', '&& this.unconfirmed().length === 0', '')],
  },
  {
    name: 'rights-not-checked',
    bug: 'a decrement does not ask whether the own rights reach',
    replacements: [crdt('typed/bounded-counter', 'if (held >= BigInt(needed))', 'if (true)')],
  },
  {
    name: 'transfer-not-subtracted',
    bug: 'rights that were given away are still held by who gave them',
    replacements: [crdt('typed/rights-ledger', 'this.move(giver, -first, -second);', '')],
  },
  {
    name: 'takeover-twice',
    bug: 'what was taken over from an earlier epoch stays with it, and can be taken over again',
    minutes: 3,
    replacements: [
      crdt(
        'typed/rights-ledger',
        'this.move(giver, -first, -second);',
        "if (entry.kind === 'transfer') this.move(giver, -first, -second);",
      ),
    ],
  },
  {
    name: 'asking-in-vain',
    bug: 'a region that is asked for rights gives none',
    replacements: [engine('escrow', 'if (want === undefined || this.#isStopped', 'if (true || this.#isStopped')],
  },
  {
    name: 'transaction-in-two-ops',
    bug: 'each document of a transaction is an op of its own',
    replacements: [
      engine(
        'local-writes',
        'const logged = this.append(applied, {',
        'const logged = applied.map((one) => [one]).map((one) => this.append(one, {',
      ),
      engine(
        'local-writes',
        '...(trace !== undefined && { trace }) });\n        for',
        '...(trace !== undefined && { trace }) })).at(-1);\n        for',
      ),
    ],
  },
  {
    name: 'earlier-epoch-taken-up',
    bug: 'a disk that went back to the end of an earlier epoch goes on under it, though a later one has inherited from it',
    minutes: 5,
    plan: 'relapse',
    replacements: [engine('epoch-guard', "(this.#state === 'checking' && regionOf(origin) === regionOf(own))", 'false')],
  },
  {
    name: 'damaged-op-left',
    bug: 'an op whose record is damaged is not fetched from the regions that hold it',
    minutes: 3,
    plan: 'disk',
    replacements: [engine('log-repair', "holder?.send({ type: 'fetch', origin, seq });", '')],
  },
  {
    name: 'copy-let-in',
    bug: 'another process of a store that is linked already is let in, though the first is heard',
    minutes: 3,
    plan: 'copy',
    replacements: [engine('admission', "return isAlive ? { refuse: 'region_duplicate' } : admitted;", 'return admitted;')],
  },
  {
    name: 'half-is-a-majority',
    bug: 'half of the regions pass for a majority',
    replacements: [engine('write-concerns', 'Math.floor(count / 2) + 1', 'Math.ceil(count / 2)')],
  },
  {
    name: 'bound-not-waited-for',
    bug: 'a read with a bound is answered however far behind the region is',
    replacements: [
      engine('read-concerns', 'this.#wait(() => behind().length === 0, unmet, waitMs)', 'this.#wait(() => true, unmet, waitMs)'),
    ],
  },
  {
    name: 'complete-before-held',
    bug: 'a region takes itself for complete up to what a peer reported, before it holds it',
    replacements: [engine('freshness', 'if (report.seq <= heldSeq)', 'if (true)')],
  },
  {
    name: 'deletions-not-inspected',
    bug: 'an update that deletes what nobody has is taken, and parked in memory',
    replacements: [crdt('yjs/inspect-yjs-update', 'if (clock + length > walk.known(client))', 'if (false)')],
  },
  {
    name: 'sessions-without-end',
    bug: 'a region opens sessions beyond those that it takes',
    replacements: [server('sync/sync-doors', 'this.sessionCount < this.#limits.sessionsMax', 'true')],
  },
  {
    name: 'device-forgets-unanswered',
    bug: 'an embedded client does not send again what was on its way when its session ended',
    replacements: [client('courier/outbox', '[...this.#inFlight.values(), ...this.#deferred].sort', '[...this.#deferred].sort')],
  },
  {
    name: 'device-tells-before-kept',
    bug: 'an embedded client shows what a region told it before its store has kept it',
    minutes: 4,
    replacements: [
      client(
        'courier/commit-queue',
        'if (changes.length > 0)\n                    await this.#store.commit(changes);\n                for (const { then } of entries)\n                    callSafely(then);',
        'for (const { then } of entries)\n                    callSafely(then);\n                if (changes.length > 0)\n                    await this.#store.commit(changes);',
      ),
    ],
  },
  {
    name: 'device-passes-over-failure',
    bug: 'an embedded client goes on as if its store had kept what it did not',
    minutes: 4,
    replacements: [
      client('courier/commit-queue', 'await this.#store.commit(changes);', 'await this.#store.commit(changes).catch(() => {});'),
    ],
  },
  {
    name: 'device-keeps-its-names',
    bug: 'a document that was forgotten and begun again is written under the names of before',
    minutes: 3,
    replacements: [
      client(
        'documents/open-documents',
        'async #forget(name, before) {\n        this.#parts.authors.renew();',
        'async #forget(name, before) {',
      ),
    ],
  },
  {
    name: 'device-need-not-be-covered',
    bug: 'a region sends documents to a client that has seen more of them than the region has',
    replacements: [server('sync/documents-session', 'this.#isCovering = durable.covers(required);', 'this.#isCovering = true;')],
  },
];
