import assert from 'node:assert/strict';
import { expectParameterSize } from '../../../constructs/aws/pointed-document.ts';

describe('pointer', () => {
  it('fails above the 4 KB that SSM takes, which the template validator does not see', () => {
    assert.throws(() => expectParameterSize('/iris/x', 'x'.repeat(4_097)), {
      code: 'SYNTH_FAILED',
      message: 'parameter /iris/x is 4097 bytes, SSM takes 4096; point to a document instead',
    });
    expectParameterSize('/iris/x', 'x'.repeat(4_096));
  });
});
