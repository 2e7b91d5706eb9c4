/**
 * Tests in a random order, so that none leans on what another left behind. The order is told and can be had again:
 * TIDEGATE_ORDER=7 npm test
 */

import { test } from 'node:test';

type Claim = () => Promise<void> | void;

const claims: [string, Claim][] = [];

/** A claim, shown to hold by `shown`. */
export function claim(name: string, shown: Claim): void {
  claims.push([name, shown]);
}

let seed = Number(process.env['TIDEGATE_ORDER'] ?? Math.floor(Math.random() * 1_000_000));
console.log(`# order ${seed}`);

function dice(sides: number): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return Math.floor((seed / 2_147_483_648) * sides);
}

// The file that imports this one has made all its claims by then.
setImmediate(() => {
  for (let left = claims.length; left > 0; left -= 1) {
    const [next] = claims.splice(dice(left), 1);
    if (next) test(next[0], { timeout: 60_000 }, next[1]);
  }
});
