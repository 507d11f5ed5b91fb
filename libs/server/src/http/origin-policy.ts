// Which web pages may talk to the region. A request without an Origin field does not come from a page of another site and
// passes. Pages of the region's own host pass, and those on the list; a region that listens on loopback and has no list lets
// every page served from loopback pass, which is what a developer's machine needs.

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface OriginPolicyOptions {
  /** Exact origins such as `https://shop.example`; `*` allows all. */
  readonly allowedOrigins: readonly string[];
  readonly allowsLoopback: boolean;
}

export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;
  readonly #allowsLoopback: boolean;

  constructor({ allowedOrigins, allowsLoopback }: OriginPolicyOptions) {
    this.#allowed = new Set(allowedOrigins);
    this.#allowsLoopback = allowsLoopback;
  }

  /** `origin` and `host` are the fields of the request. */
  allows(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.#allowed.has(origin) || this.#allowed.has('*')) return true;
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    // An origin is a scheme, a host and a port; "null" and anything longer is neither ours nor loopback.
    if (url === undefined || url.origin !== origin) return false;
    return url.host === host || (this.#allowsLoopback && loopbackHosts.has(url.hostname));
  }
}

/** True for an address that only this machine reaches. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
