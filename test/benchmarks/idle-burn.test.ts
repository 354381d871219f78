/** CPU per message: what servers still work off is not taken for what they burn when idle. */
import { leastBurn } from '../../benchmarks/idle-burn.ts';

async function burnOf(looks: readonly number[]): Promise<{ burn: number; taken: number }> {
  let taken = 0;
  const burn = await leastBurn(() => Promise.resolve(looks[taken++] ?? Number.NaN), 2);
  return { burn, taken };
}

it('waits until the servers are quiet', async () => {
  expect(await burnOf([0.9, 0.5, 0.03])).toEqual({ burn: 0.03, taken: 3 });
  expect(await burnOf([0.01])).toEqual({ burn: 0.01, taken: 1 });
});

it('takes the least of what it saw where they never are', async () => {
  expect(await burnOf(Array.from({ length: 10 }, (_, i) => (i === 7 ? 0.2 : 0.9)))).toEqual({ burn: 0.2, taken: 10 });
});
