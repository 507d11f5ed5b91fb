// The count that a Hocuspocus provider keeps of its unsynced changes, followed here: it is told so often that a change is
// synced that the count comes to 0 when all it has is durable, and not before.
//
// The provider sets the count to 1 when it sends step 1, which begins a round, adds 1 for each later update, and takes 1 off
// each time it is told. The 1 stands for all that it had: it is told of it when its answer to our question is durable.
//
//   step 1 --> asked --answer durable--> answered: each update as it becomes durable
//
// Updates that it made while it was offline come after step 1, but were counted before: they are known by bringing nothing
// that the state vector in step 1 did not have.
//
// Invariant 1: in a round the provider is told once for its answer, and once for each update it counts in the round.
// Invariant 2: nothing is told for an update that was not kept; the answer to the next question brings it, and tells for it.
// Invariant 3: of updates that only delete it cannot be seen what they were counted in: until the answer they wait for it.
//
// What only the provider could count better: one that begins a round while word of an earlier one is on its way
// (forceSyncInterval), that deleted while it was offline, or that still gathers edits when the answer is told (flushDelay)
// may count 0 for as long as its newest update takes to become durable.

import * as Y from 'yjs';

/** A state vector of more bytes, some 500 authors, is not kept: all updates of the round then count. */
const stateVectorBytesMax = 4 << 10;
/** The question that begins a round, and one for what updates build on. */
const questionsMax = 2;

/** What an answer is worth: told so often once it is durable, if its round still lasts. */
export interface Answer {
  readonly round: number;
  readonly changes: number;
}

export class UnsyncedChanges {
  #round = 0;
  #isAnswered = true;
  /** Of updates that only delete. */
  #waiting = 0;
  /** What the answers to questions of this round will bring, in the order of the questions. */
  #questions: number[] = [];
  /** The first question of the round is on its way. */
  #isAsked = true;
  /** Questions of earlier rounds that are not answered yet. */
  #staleQuestions = 0;
  #stateVector: Uint8Array | undefined;

  /** Updates belong to the round they come in. */
  get round(): number {
    return this.#round;
  }

  /** Step 1 has come; it will be answered with a question. */
  begin(stateVector: Uint8Array): void {
    this.#round += 1;
    this.#isAnswered = false;
    this.#waiting = 0;
    if (this.#isAsked) this.#staleQuestions += this.#questions.length;
    this.#questions = [1];
    this.#isAsked = false;
    this.#stateVector = stateVector.length <= stateVectorBytesMax ? stateVector.slice() : undefined;
  }

  /** The question that begins the round is asked. */
  asked(): void {
    this.#isAsked = true;
  }

  /** An update that came in `round` is durable. @returns how often the provider is told so now. */
  kept(update: Uint8Array, round: number): number {
    if (round !== this.#round) return 0;
    const reach = reachOf(update);
    if (reach?.size === 0 && !this.#isAnswered) {
      this.#waiting += 1;
      return 0;
    }
    return this.#isCounted(reach) ? 1 : 0;
  }

  /** An update was not kept. @returns true when the provider is to be asked; otherwise it is, or will be, asked anyway. */
  missed(update: Uint8Array, round: number): boolean {
    const changes = round === this.#round && this.#isCounted(reachOf(update)) ? 1 : 0;
    return this.#ask(changes);
  }

  /** An answer has come: call in the order of answers. */
  takeAnswer(): Answer {
    const round = this.#round;
    if (this.#staleQuestions > 0) {
      this.#staleQuestions -= 1;
      return { round, changes: 0 };
    }
    // Whoever answers without a question is told, as for an update.
    return { round, changes: this.#questions.shift() ?? 1 };
  }

  /** An answer was not kept. @returns as {@link missed}. */
  answerMissed({ round, changes }: Answer): boolean {
    return this.#ask(round === this.#round ? changes : 0);
  }

  /** An answer is durable. @returns how often the provider is told so now, and whether that is the first word of the round. */
  answerKept({ round, changes }: Answer): { readonly changes: number; readonly isFirst: boolean } {
    if (round !== this.#round || changes === 0) return { changes: 0, isFirst: false };
    const isFirst = !this.#isAnswered;
    const waiting = this.#waiting;
    this.#isAnswered = true;
    this.#waiting = 0;
    return { changes: changes + waiting, isFirst };
  }

  #ask(changes: number): boolean {
    const last = this.#questions.length - 1;
    const underWay = this.#questions[last];
    if (underWay === undefined || (this.#isAsked && this.#questions.length < questionsMax)) {
      this.#questions.push(changes);
      return true;
    }
    this.#questions[last] = underWay + changes;
    return false;
  }

  #isCounted(reach: ReadonlyMap<number, number> | undefined): boolean {
    if (this.#stateVector === undefined || reach === undefined || reach.size === 0) return true;
    const seen = Y.decodeStateVector(this.#stateVector);
    for (const [author, clock] of reach) if (clock > (seen.get(author) ?? 0)) return true;
    return false;
  }
}

/** Up to where an update goes, by author; undefined for one that was refused before it was read to its end, and cannot be. */
function reachOf(update: Uint8Array): ReadonlyMap<number, number> | undefined {
  try {
    return Y.parseUpdateMeta(update).to;
  } catch {
    return undefined;
  }
}
