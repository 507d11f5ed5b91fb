// A durable write over REST against a plain Express application that answers an empty POST: the region and the application,
// each on the same core, take turns under the same load of 64 connections. The ratio is of neighbouring turns, so that what
// slows the machine for a while slows both.

import type { Measure } from '../bench-row.ts';
import type { LoadPlan, LoadResult } from '../processes/load-generator.ts';
import { median, percentile } from '../statistics.ts';
import { Child } from '../world/child-process.ts';
import { RegionProcess } from '../world/region-process.ts';

const connections = 64;
const carts = 500;
const serverCore = 0;
const loadCore = 1;

export const measure: Measure = async ({ folder, isQuick }) => {
  const region = await RegionProcess.start({ folder, region: 'new-york', core: serverCore });
  const plain = await Child.start({ role: 'plain-express', core: serverCore });
  const generator = await Child.start({ role: 'load-generator', core: loadCore });
  const plainPort = await plain.ask<number>('open');
  const load = (plan: Pick<LoadPlan, 'port' | 'requests' | 'ms'>): Promise<LoadResult> => generator.ask('load', { ...plan, connections });
  const write = (ms: number) => load({ port: region.port, requests: writeRequests(), ms });
  const post = (ms: number) => load({ port: plainPort, requests: [emptyPost], ms });
  await write(1_500);
  await post(1_500);
  const [writes, posts]: [LoadResult[], LoadResult[]] = [[], []];
  for (let turn = 0; turn < (isQuick ? 3 : 7); turn++) {
    writes.push(await write(isQuick ? 1_000 : 2_500));
    posts.push(await post(isQuick ? 1_000 : 2_500));
  }
  await Promise.all([generator.stop(), plain.stop(), region.end('SIGTERM')]);
  const ratios = writes.map((result, turn) => result.answersPerSecond / (posts[turn]?.answersPerSecond ?? Number.NaN));
  return [
    { metric: 'ratio', unit: 'x express', better: 'more', bar: 1, runs: ratios },
    { metric: 'ratio-second-bar', unit: 'x express', better: 'more', bar: 3, runs: [median(ratios)] },
    { metric: 'writes', unit: 'requests/s', better: 'more', runs: writes.map((result) => result.answersPerSecond) },
    { metric: 'write-p99', unit: 'ms', better: 'less', runs: writes.map((result) => percentile(result.latenciesMs, 0.99)) },
    { metric: 'express', unit: 'requests/s', better: 'more', runs: posts.map((result) => result.answersPerSecond) },
  ];
};

const emptyPost = 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n';

function writeRequests(): string[] {
  return Array.from({ length: carts }, (_, n) => {
    const body = JSON.stringify([{ op: 'increment', path: `/items/sku-${n % 5}/qty`, by: 1 }]);
    const head = [
      `PATCH /v1/docs/carts/cart-${n} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Content-Type: application/vnd.anabranch.ops+json',
      `Content-Length: ${body.length}`,
    ];
    return `${head.join('\r\n')}\r\n\r\n${body}`;
  });
}
