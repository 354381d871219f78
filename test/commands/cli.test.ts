import { pretend, runIris, temporaryFolder } from './run-iris.ts';

describe('iris', () => {
  it('lists its commands, units and exit codes with --help, and ends with 0', async () => {
    const { code, stdout } = await runIris(['--help']);
    expect(code).toBe(0);
    for (const name of ['plan', 'synth', 'package', 'check', 'node', 'up', 'send', 'listen'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stdout).toContain('0 done; 1 refused or failed, with the reason as one line on stderr; 2 wrong usage');
  });

  it('explains each option of a command with its default', async () => {
    const { code, stdout } = await runIris(['up', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--base-port <n> .*default: 8085/);
  });

  it('ends with 2 and the nearest name on a command that does not exist', async () => {
    expect(await runIris(['plam', 'proof'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "iris: no command is called 'plam'; did you mean plan?",
    });
  });

  it('ends with 2 and one line on a missing command, an unknown flag and a surplus argument', async () => {
    for (const args of [
      [],
      ['check', '--loud'],
      ['check', 'a.json', 'b.json'],
      ['up'],
      ['send', '--as', 'alice', 'hello'],
      ['dead-letters', '--retry'],
    ]) {
      const { code, stderr } = await runIris(args);
      expect([code, stderr.split('\n').length]).toEqual([2, 1]);
    }
  });

  it('ends with 1 and one line with the code on what it refuses', async () => {
    const { code, stderr } = await runIris(['check', 'missing.json'], { cwd: temporaryFolder() });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^iris: FILE_UNREADABLE: .*missing.json cannot be read as JSON: [^\n]*$/);
  });
});

describe('the launcher', () => {
  it('hands over to the pinned Node when its own is too old, and passes the exit code on', async () => {
    const nodeArgs = pretend('20.20.2', process.arch);
    expect(await runIris(['--version'], { nodeArgs })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    expect(await runIris(['plam'], { nodeArgs })).toMatchObject({ code: 2 });
  });

  it('says in one line what to do where no pinned Node is installed', async () => {
    const { code, stderr } = await runIris(['--version'], { nodeArgs: pretend('20.20.2', 'riscv64') });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^iris: needs Node 24 or later, this is 20.20.2, and node-linux-riscv64 is not installed; run npm ci [^\n]*$/);
  });
});
