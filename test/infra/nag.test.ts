import assert from 'node:assert/strict';
import { presets } from '../../environments/presets.ts';
import { fullEnvironment } from './apps/full-environment.ts';
import { twoAccounts } from './apps/two-accounts.ts';
import { nagFindings } from './nag/findings.ts';
import { SUPPRESSIONS } from './nag/suppressions.ts';

const REASON_CHARACTERS_MIN = 20;

describe('cdk-nag’s AwsSolutions rules', () => {
  it('find in all presets, and in an environment with every part that may be left out, what the committed list says, no more and no less (A18)', () => {
    const found = new Set([...presets.values(), fullEnvironment, twoAccounts].flatMap(nagFindings));
    const listed = Object.keys(SUPPRESSIONS);
    const told = {
      'mend, or give the reason in test/infra/nag/suppressions.ts': [...found].filter((finding) => !listed.includes(finding)),
      'take out of test/infra/nag/suppressions.ts, for nothing needs it': listed.filter((finding) => !found.has(finding)),
    };
    assert.deepEqual(
      Object.entries(told).flatMap(([what, lines]) => lines.map((line) => `${what}: ${line}`)),
      [],
    );
    assert.ok(found.size > 0);
  });

  it('are suppressed with a reason each', () => {
    for (const [finding, reason] of Object.entries(SUPPRESSIONS)) assert.ok(reason.length >= REASON_CHARACTERS_MIN, finding);
  });
});
