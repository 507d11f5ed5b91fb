// A second process of a row: its handlers are called from here, as a peer region or a load generator would be driven.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from '@anabranch/region/node-flags';
import { pinned } from '../machine.ts';

export type Role = 'linked-region' | 'load-generator' | 'plain-express' | 'typists';

/** What a role's file exports. */
export type Handlers = Readonly<Record<string, (payload: never) => unknown>>;

export interface ChildRequest {
  readonly id: number;
  readonly name: string;
  readonly payload: never;
}

export interface ChildReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface ChildOptions {
  readonly role: Role;
  /** The processor core it is kept on; any when left out. */
  readonly core?: number;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.on('message', (message: ChildReply) => this.#receive(message));
    child.once('exit', (code, signal) => this.#fail(new Error(`a process of the row ended with ${code ?? signal}`)));
    child.once('error', (error) => this.#fail(error));
  }

  /** Starts the process and waits until its role is loaded. */
  static async start({ role, core }: ChildOptions): Promise<Child> {
    const script = fileURLToPath(new URL('../child.js', import.meta.url));
    const [command, args] = pinned(core, process.execPath, [...(role === 'linked-region' ? nodeFlags : []), script, role]);
    const child = new Child(spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    await child.#reply(child.#nextId++);
    return child;
  }

  /** Calls what the role's file exports as `name`. */
  async ask<T>(name: string, payload?: unknown): Promise<T> {
    const id = this.#nextId++;
    this.#process.send({ id, name, payload });
    return (await this.#reply(id)) as T;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.disconnect();
    await ended;
  }

  #reply(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive({ id, result, error }: ChildReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
