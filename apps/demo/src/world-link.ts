import type { LinkConditions, LinkDirection, LinkProxy, OneWay } from '@anabranch/netfault';
import type { LinkPlan, RegionName } from './world-plan.ts';

/** One way of a link, as the page and the API show it. */
export interface LinkWayView extends LinkConditions {
  /** Bytes on the way, or held by a cut. */
  readonly heldBytes: number;
  readonly deliveredBytes: number;
}

export interface WorldLinkView {
  readonly a: RegionName;
  readonly b: RegionName;
  /** `cut` and `up` mean both ways; `one-way` has one way cut. */
  readonly state: 'up' | 'cut' | 'one-way';
  readonly aToB: LinkWayView;
  readonly bToA: LinkWayView;
  /** Connections accepted since the start: each redial of the regions counts. */
  readonly connectionsAccepted: number;
}

export interface LinkChange {
  readonly direction: LinkDirection;
  readonly conditions: Partial<LinkConditions>;
}

/** The link of two regions, seen from either: `a` and `b` are the asker's, whichever of the two dials. */
export class WorldLink {
  readonly a: RegionName;
  readonly b: RegionName;
  readonly #proxy: LinkProxy;
  readonly #isReversed: boolean;

  constructor(plan: LinkPlan, proxy: LinkProxy, isReversed = false) {
    this.a = isReversed ? plan.b : plan.a;
    this.b = isReversed ? plan.a : plan.b;
    this.#proxy = proxy;
    this.#isReversed = isReversed;
  }

  /** @throws AnabranchError `value_invalid`; nothing has changed then. */
  change({ direction, conditions }: LinkChange): void {
    this.#proxy.change(direction === 'both' ? 'both' : this.#way(direction), conditions);
  }

  cut(direction: LinkDirection = 'both'): void {
    this.change({ direction, conditions: { state: 'cut' } });
  }

  heal(direction: LinkDirection = 'both'): void {
    this.change({ direction, conditions: { state: 'up' } });
  }

  /** Resets the connections at both ends; the regions dial anew. */
  reset(): void {
    this.#proxy.reset();
  }

  view(): WorldLinkView {
    const aToB = this.#wayView('a-to-b');
    const bToA = this.#wayView('b-to-a');
    const state = aToB.state === bToA.state ? aToB.state : 'one-way';
    return { a: this.a, b: this.b, state, aToB, bToA, connectionsAccepted: this.#proxy.acceptedCount };
  }

  #wayView(asked: OneWay): LinkWayView {
    const way = this.#way(asked);
    const proxy = this.#proxy;
    return { ...proxy.conditions(way), heldBytes: proxy.heldBytes(way), deliveredBytes: proxy.deliveredBytes(way) };
  }

  #way(asked: OneWay): OneWay {
    if (!this.#isReversed) return asked;
    return asked === 'a-to-b' ? 'b-to-a' : 'a-to-b';
  }
}
