// The demo's API kills processes, so only its own page and programs on this machine may use it. Two attacks are open to any
// page in the user's browser, and both are refused here:
//
//   another site posts to 127.0.0.1        -> the browser says so in Origin (or Sec-Fetch-Site): refused
//   another site's name is made to resolve to 127.0.0.1 (DNS rebinding) -> Host is that name: refused
//
// Programs like curl send neither Origin nor Sec-Fetch-Site, and are let through.

import { AnabranchError } from '@anabranch/base';
import type { RequestHandler } from 'express';

const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Refuses what does not come from the page at `port`. */
export function sameOriginOnly(port: () => number): RequestHandler {
  return (request, _response, next) => {
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`, `[::1]:${port()}`];
    const { host, origin, 'sec-fetch-site': site } = request.headers;
    if (host === undefined || !hosts.includes(host)) throw refusal('the Host field is not that of the demo');
    if (!readingMethods.has(request.method)) {
      const isOwnPage = origin === undefined ? isOwnSite(site) : hosts.some((own) => origin === `http://${own}`);
      if (!isOwnPage) throw refusal('only the page of the demo changes anything');
    }
    next();
  };
}

function isOwnSite(site: string | string[] | undefined): boolean {
  return site === undefined || site === 'same-origin' || site === 'none';
}

function refusal(message: string): AnabranchError {
  return new AnabranchError('origin_not_allowed', message);
}
