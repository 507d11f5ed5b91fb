// Which web pages may talk to the region, by REST and by WebSocket. Two attacks are open to any page in a user's browser:
//
//   a page of another site sends requests here                     -> its Origin is not on the list: refused
//   a name of another site is made to resolve to this machine      -> on a loopback listener, Host is that name: refused
//   (DNS rebinding), which makes its pages look like our own
//
// A request without an Origin field does not come from a page of another site and passes. Pages of the region's own host
// pass, and those on the list; a region that listens on loopback and has no list lets every page served from loopback pass,
// which is what a developer's machine needs. Behind a proxy on the same machine, Host may also be that of a listed origin.

import type { IncomingHttpHeaders } from 'node:http';
import { AnabranchError } from '@anabranch/base';

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface OriginPolicyOptions {
  /** Exact origins such as `https://shop.example`; `*` allows all. */
  readonly allowedOrigins: readonly string[];
  /** The region listens on an address that only this machine reaches. */
  readonly isOnLoopback: boolean;
}

export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;
  readonly #allowedHosts: ReadonlySet<string>;
  readonly #isOnLoopback: boolean;

  constructor({ allowedOrigins, isOnLoopback }: OriginPolicyOptions) {
    this.#allowed = new Set(allowedOrigins);
    this.#allowedHosts = new Set(allowedOrigins.filter((origin) => URL.canParse(origin)).map((origin) => new URL(origin).host));
    this.#isOnLoopback = isOnLoopback;
  }

  /** Why a request is not taken, `origin_not_allowed`; undefined when it is. */
  refusalOf({ origin, host }: IncomingHttpHeaders): AnabranchError | undefined {
    if (!this.#allowsHost(host)) {
      return new AnabranchError('origin_not_allowed', 'a region that listens on loopback is asked for by a loopback name (Host)');
    }
    return this.allows(origin, host) ? undefined : new AnabranchError('origin_not_allowed', 'pages of this origin may not connect');
  }

  /** `origin` and `host` are the fields of the request. */
  allows(origin: string | undefined, host: string | undefined): boolean {
    if (!this.#allowsHost(host)) return false;
    if (origin === undefined || this.#allowed.has(origin) || this.#allowed.has('*')) return true;
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    // An origin is a scheme, a host and a port; "null" and anything longer is neither ours nor loopback.
    if (url === undefined || url.origin !== origin) return false;
    const allowsLoopback = this.#isOnLoopback && this.#allowed.size === 0;
    return url.host === host || (allowsLoopback && loopbackHosts.has(url.hostname));
  }

  #allowsHost(host: string | undefined): boolean {
    if (!this.#isOnLoopback || this.#allowed.has('*')) return true;
    return host !== undefined && (isLoopbackHost(hostnameOf(host)) || this.#allowedHosts.has(host.toLowerCase()));
  }
}

/** True for an address that only this machine reaches. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** A Host field without its port, and an IPv6 address without its brackets. */
function hostnameOf(host: string): string {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d*)?$/i.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}
