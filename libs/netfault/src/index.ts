export { delayMsMax, type LinkConditions, type LinkDirection, type LinkState, type OneWay } from './link-conditions.ts';
export { LinkProxy, type LinkProxyOptions } from './link-proxy.ts';
