import { runIris } from './run-iris.ts';

describe('iris cost', () => {
  it('prints the bill of proof per region and layer with its largest lines, targets, use and source', async () => {
    const { code, stdout } = await runIris(['cost', 'proof']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^proof: \$[\d,]+ a month at list price/);
    expect(stdout).toMatch(/^region +edge +core +network +transfer +monitoring +global +together$/m);
    expect(stdout).toMatch(/^global: free for every account +-\d+ +-\d+ %$/m);
    expect(stdout).toMatch(/^K6 .* times$/m);
    expect(stdout).toMatch(/^Prices of \d{4}-\d\d: /m);
  });

  it('prints the same as JSON, and says what it does not take', async () => {
    const { stdout } = await runIris(['cost', 'planet', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'iris-cost/1', environment: 'planet' });
    expect((await runIris(['cost'])).stderr).toMatch(/takes one environment/);
  });
});
