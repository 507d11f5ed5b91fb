// Regions that say what a test has them say, as bytes: for what no real region says. A session is welcomed; the rest is the test's.

import type { Clock } from '@anabranch/base';
import { type OriginId, parseRegionId } from '@anabranch/causality';
import { decodeSessionRequest, encodeSessionFrame, type SessionAnswer, type SessionRequest, type WelcomeFrame } from '@anabranch/protocol';
import { aloneTabs, type ConnectionListener, type Platform } from '../ports.ts';

const realClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (afterMs, callback) => {
    const timer = setTimeout(callback, afterMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

type RequestOf<Type> = Extract<SessionRequest, { readonly type: Type }>;

export class ScriptedSession {
  readonly requests: SessionRequest[] = [];
  isClosed = false;
  readonly #listener: ConnectionListener;

  constructor(listener: ConnectionListener) {
    this.#listener = listener;
  }

  of<Type extends SessionRequest['type']>(type: Type): RequestOf<Type>[] {
    return this.requests.filter((frame): frame is RequestOf<Type> => frame.type === type);
  }

  send(frame: SessionAnswer): void {
    this.sendBytes(encodeSessionFrame(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    if (!this.isClosed) this.#listener.received(bytes);
  }
}

export class ScriptedRegion {
  readonly name: string;
  readonly url: string;
  readonly origin: OriginId;
  readonly sessions: ScriptedSession[] = [];
  welcome: Partial<WelcomeFrame> = {};
  /** Its clock, as it stands in answers to probes; not told unless given. */
  wallMs: (() => number) | undefined;

  constructor(name: string) {
    this.name = name;
    this.url = `http://${name}.example`;
    this.origin = `${name}.5f0c12ab90de` as OriginId;
  }

  /** The newest session, when it is open. */
  get session(): ScriptedSession | undefined {
    const session = this.sessions.at(-1);
    return session?.isClosed === false && session.requests.length > 0 ? session : undefined;
  }

  connect(listener: ConnectionListener) {
    const session = new ScriptedSession(listener);
    this.sessions.push(session);
    queueMicrotask(() => listener.opened());
    return {
      bufferedBytes: 0,
      send: (bytes: Uint8Array) => {
        const frame = decodeSessionRequest(bytes);
        if (frame === undefined) return;
        session.requests.push(frame);
        if (frame.type === 'open') queueMicrotask(() => session.send(this.#welcomeFrame()));
      },
      close: () => {
        session.isClosed = true;
      },
    };
  }

  #welcomeFrame(): WelcomeFrame {
    return {
      ...{ type: 'welcome', protocolVersion: 1, region: parseRegionId(this.name), origin: this.origin, resumeKey: new Uint8Array(16) },
      ...{ followSerial: 0, wallMs: Date.now(), durable: [], coversRequired: true },
      ...this.welcome,
    };
  }
}

/** How much farther each region is than the one before it. */
const fartherMs = 40;

/** A platform on which these regions answer. */
export function platformOf(regions: readonly ScriptedRegion[]): Platform {
  let drawn = 0;
  const at = (url: string): ScriptedRegion | undefined => regions.find((region) => url.replace(/^ws/, 'http').startsWith(region.url));
  return {
    clock: realClock,
    random: {
      u32: () => {
        drawn += 1;
        return Math.imul(drawn, 0x9e3779b1) >>> 0;
      },
      bytes: (length) => Uint8Array.from({ length }, () => (drawn++ * 37) & 0xff),
    },
    connect: (url, listener) => {
      const region = at(url);
      if (region === undefined) throw new Error(`no region at ${url}`);
      return region.connect(listener);
    },
    sendHttp: async ({ url }) => {
      const region = at(url);
      // Each is farther away than the one named before it: who is nearest does not depend on what else the machine does.
      const afterMs = region === undefined ? 0 : fartherMs * regions.indexOf(region);
      if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
      return { status: 200, text: '', wallMs: region?.wallMs?.(), header: () => undefined };
    },
    tabs: aloneTabs,
    onOnline: () => () => {},
  };
}
