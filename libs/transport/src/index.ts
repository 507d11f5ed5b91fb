export { type AcceptOptions, acceptLinks, type LinkAcceptor } from './accept-links.ts';
export { type DialOptions, dialPeers, type LinkHost, type PeerAddress } from './dial-peers.ts';
export { linkPath } from './link-socket-options.ts';
