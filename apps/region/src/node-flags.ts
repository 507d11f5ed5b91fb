/**
 * Flags of Node that a region's process is started with; `bin/anabranch.mjs` names them in its first line. Ops live from their arrival
 * until their commit, a few milliseconds: with Node's default young generation of 16 MB the collector copies most of them
 * once or twice on the way, which costs a third of the work of receiving.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=64'];
