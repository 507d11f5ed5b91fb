// A client of nodes: one request at a time, and the reply to it or none in time.

import type { Clock } from '@anabranch/base';
import type { Body, Message } from '../wire/message.ts';
import type { Network } from './network.ts';

export class Client {
  readonly id: string;
  readonly #network: Network;
  readonly #clock: Clock;
  #lastId = 0;
  #waiting: { readonly id: number; readonly resolve: (body: Body | undefined) => void } | undefined;

  constructor(id: string, network: Network, clock: Clock) {
    this.id = id;
    this.#network = network;
    this.#clock = clock;
    network.addClient(id, (message) => this.#receive(message));
  }

  /** Resolves with the body of the reply; undefined when none came in time. */
  call(node: string, body: Body, timeoutMs: number): Promise<Body | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const deadline = this.#clock.setTimer(timeoutMs, () => settle(undefined));
      const settle = (reply: Body | undefined): void => {
        deadline.cancel();
        this.#waiting = undefined;
        resolve(reply);
      };
      this.#waiting = { id, resolve: settle };
      this.#network.send({ src: this.id, dest: node, body: { ...body, msg_id: id } });
    });
  }

  /** Waits no longer for a reply. */
  giveUp(): void {
    this.#waiting?.resolve(undefined);
  }

  #receive({ body }: Message): void {
    // Late replies to what was given up are nobody's.
    if (body.in_reply_to !== undefined && body.in_reply_to === this.#waiting?.id) this.#waiting.resolve(body);
  }
}
