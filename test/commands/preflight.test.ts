import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runIris, temporaryFolder, writeDuo } from './run-iris.ts';

describe('iris preflight and iris limits', () => {
  const folder = temporaryFolder();
  afterAll(() => rmSync(folder, { recursive: true }));

  it('find nothing in the way of proof', async () => {
    expect(await runIris(['preflight', 'proof'])).toMatchObject({ code: 0, stdout: 'proof: nothing stands in the way of a deployment' });
  });

  it('name a quota that is too small with the request that raises it, and take the declared one', async () => {
    const path = writeDuo(folder);
    const environment = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...environment, instanceTypes: { edge: 'c7g.4xlarge', core: 'c7g.4xlarge' } }));
    const { code, stdout } = await runIris(['preflight', path]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A --desired-value 48 --region eu-north-1$/m,
    );
    writeFileSync(
      path,
      JSON.stringify({ ...environment, instanceTypes: { core: 'c7g.4xlarge' }, quotas: { 'L-1216C47A': 100, 'L-34B43A08': 100 } }),
    );
    expect((await runIris(['preflight', path, '--json'])).code).toBe(0);
    writeFileSync(path, JSON.stringify({ ...environment, quotas: { vCPU: 100 } }));
    expect((await runIris(['preflight', path])).stderr).toMatch(/quotas.*L-1216C47A/);
  });

  it('show the fullest template by each limit and every quota', async () => {
    const { stdout } = await runIris(['limits', 'proof']);
    expect(stdout).toMatch(/^resources of a template +\d+ +500 +\d+ % +iris-proof-bangalore-monitor$/m);
    expect(stdout).toMatch(/^ap-south-1 +current +VPCs +L-F678F1CE +1 +5 +default$/m);
  });
});
