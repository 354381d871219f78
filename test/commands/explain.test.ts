import { runIris } from './run-iris.ts';

describe('iris explain', () => {
  it('says why a load balancer is there and what would go with it', async () => {
    const { code, stdout } = await runIris(['explain', 'EdgeLoadBalancer', '--environment', 'proof']);
    expect(code).toBe(0);
    expect(stdout.match(/AWS::ElasticLoadBalancingV2::LoadBalancer/g)).toHaveLength(3);
    expect(stdout).toMatch(/^ {2}because of: G1, R19, C11, A9$/m);
    expect(stdout).toMatch(/^ {2}replaced with it: iris-proof-tokyo-edge\/EdgeListener/m);
  });

  it('says so when nothing has that name', async () => {
    expect(await runIris(['explain', 'Nothing', '--environment', 'proof'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no resource of proof/) as unknown,
    });
    expect((await runIris(['explain', 'Nothing'])).code).toBe(2);
  });
});
