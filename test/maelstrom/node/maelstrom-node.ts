// One node of a Maelstrom test: between the lines on standard input and output and a region.
//
//   waiting --init--> opening --region takes writes--> serving --end of input, signal--> stopped
//
// Invariant 1: nothing but messages is written; every request gets one reply, those before the end of input too.
// Invariant 2: before `serving` requests are refused as temporarily unavailable, and packets of links are dropped: the network
//              may do that too.
// Invariant 3: at most `requestsMax` requests are being answered; more are refused.

import { assert, type Logger } from '@anabranch/base';
import { decodePacket, encodePacket, type Packet, packetType } from '../link/packet.ts';
import { ErrorReply, errorCode } from '../wire/error-reply.ts';
import { type Body, decodeMessage, type Message } from '../wire/message.ts';
import type { Workload } from '../wire/workload.ts';
import { answer, errorReplyOf } from './answer.ts';
import type { Region } from './region.ts';

export interface Outlet {
  send(message: Message): void;
  /** True when what was sent is not read: packets of links are then dropped, and sent again later by their connection. */
  readonly isCongested: boolean;
}

export interface RegionRequest {
  readonly node: string;
  readonly nodes: readonly string[];
  readonly transmit: (peer: string, packet: Packet) => void;
}

export interface MaelstromNodeParts {
  readonly workload: Workload;
  readonly outlet: Outlet;
  readonly logger: Logger;
  readonly openRegion: (request: RegionRequest) => Promise<Region>;
  /** Called when the store has failed and those who waited were answered. */
  readonly onFailed: (cause: Error) => void;
}

export class MaelstromNode {
  static readonly requestsMax = 10_000;

  readonly #parts: MaelstromNodeParts;
  #node: string | undefined;
  readonly #answering = new Set<Promise<void>>();
  #region: Region | undefined;
  #nextMessageId = 1;

  constructor(parts: MaelstromNodeParts) {
    this.#parts = parts;
  }

  /** Takes one line of input. Resolves when it is answered; never rejects. */
  async receive(line: string): Promise<void> {
    let message: Message;
    try {
      message = decodeMessage(line);
    } catch (error) {
      this.#parts.logger.error('message.refused', { error });
      return;
    }
    if (message.body.type === packetType) this.#receivePacket(message);
    else if (message.body.in_reply_to === undefined) await this.#track(this.#serve(message));
  }

  /** Answers what was asked before, and ends the region. */
  async stop(): Promise<void> {
    await Promise.all(this.#answering);
    await this.#region?.stop();
  }

  async #track(serving: Promise<void>): Promise<void> {
    this.#answering.add(serving);
    await serving;
    this.#answering.delete(serving);
  }

  #receivePacket({ src, body }: Message): void {
    const packet = decodePacket(body);
    if (packet === undefined) this.#parts.logger.error('packet.refused', { src });
    else this.#region?.receive(src, packet);
  }

  async #serve(message: Message): Promise<void> {
    try {
      this.#reply(message, await this.#answer(message));
    } catch (error) {
      const { code, message: text } = errorReplyOf(error);
      if (code === errorCode.crash) this.#parts.logger.error('request.failed', { error });
      this.#reply(message, { type: 'error', code, text });
    }
  }

  async #answer({ dest, body }: Message): Promise<Body> {
    if (body.type === 'init') return this.#init(dest, body);
    if (this.#region === undefined) throw new ErrorReply(errorCode.temporarilyUnavailable, 'the node is not initialised');
    if (this.#answering.size > MaelstromNode.requestsMax) throw new ErrorReply(errorCode.temporarilyUnavailable, 'too many requests wait');
    return answer(this.#region.replica, this.#parts.workload, body);
  }

  async #init(dest: string, body: Body): Promise<Body> {
    const { node_id: node, node_ids: nodes } = body;
    if (typeof node !== 'string' || !isListOfStrings(nodes) || !nodes.includes(node) || node !== dest) {
      throw new ErrorReply(errorCode.malformedRequest, 'init names no node or no nodes');
    }
    if (this.#node !== undefined) throw new ErrorReply(errorCode.abort, 'the node is initialised already');
    this.#node = node;
    const { openRegion, onFailed } = this.#parts;
    const region = await openRegion({ node, nodes, transmit: (peer, packet) => this.#transmit(peer, packet) });
    void region.replica.whenFailed.then(onFailed);
    this.#region = region;
    return { type: 'init_ok' };
  }

  #transmit(peer: string, packet: Packet): void {
    assert(this.#node !== undefined && peer !== this.#node, 'packets go to other nodes');
    if (!this.#parts.outlet.isCongested) this.#parts.outlet.send({ src: this.#node, dest: peer, body: encodePacket(packet) });
  }

  #reply({ src: client, dest: ownName, body: request }: Message, reply: Body): void {
    // A message without an id expects no reply.
    if (request.msg_id === undefined) return;
    const body = { ...reply, msg_id: this.#nextMessageId++, in_reply_to: request.msg_id };
    this.#parts.outlet.send({ src: ownName, dest: client, body });
  }
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
