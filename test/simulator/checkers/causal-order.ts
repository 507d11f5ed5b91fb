import type { LoggedOpDump } from '../history.ts';
import type { CausalHistory } from './causal-history.ts';

/**
 * All ops of the logs, each after what it depends on. `pick` chooses among the origins whose next op can come, so that
 * other choices give other orders. An op whose dependencies are in no log is left out, with all that follow it.
 */
export function causalOrder(
  causal: CausalHistory,
  pick: (ready: readonly string[]) => string | undefined = ([first]) => first,
): LoggedOpDump[] {
  const order: LoggedOpDump[] = [];
  const done = new Map<string, number>();
  const next = (origin: string): LoggedOpDump | undefined => causal.op({ origin, seq: (done.get(origin) ?? 0) + 1 });
  const isReady = (origin: string): boolean => {
    const op = next(origin);
    return op?.dependencies.every(([other, seq]) => other === origin || (done.get(other) ?? 0) >= seq) ?? false;
  };
  const origins = [...causal.logs.keys()].sort();
  for (let ready = origins.filter(isReady); ready.length > 0; ready = origins.filter(isReady)) {
    const origin = pick(ready);
    const op = origin === undefined ? undefined : next(origin);
    if (op === undefined) break;
    order.push(op);
    done.set(op.origin, op.seq);
  }
  return order;
}
