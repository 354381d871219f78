import { hitPercent } from '../../../runtime/measure/hit-percent.ts';

it('tells what was in memory since the last reading, and nothing where nobody asked (O1)', () => {
  const use = { asked: 0, hits: 0 };
  const read = hitPercent(() => use);
  expect(read()).toBeNaN();
  use.asked = 10;
  use.hits = 9;
  expect(read()).toBe(90);
  use.asked = 20;
  expect(read()).toBe(9 - 9);
  expect(read()).toBeNaN();
});
