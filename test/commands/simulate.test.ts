/** N4: `iris simulate` as users run it. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runIris, startIris, temporaryFolder } from './run-iris.ts';

describe('iris simulate', () => {
  it('gives the same history, byte for byte, in two processes, and judges it again from the file', async () => {
    const cwd = temporaryFolder();
    const run = async (history: string) => {
      const { code, stdout } = await runIris(['simulate', '--seed', '7', '--hours', '0.05', '--json', '--history', history], { cwd });
      expect(code).toBe(0);
      return { report: stdout, history: readFileSync(join(cwd, history), 'utf8') };
    };
    const [first, again] = [await run('first.jsonl'), await run('again.jsonl')];
    expect(again).toEqual(first);
    expect(first.history.split('\n').length).toBeGreaterThan(1_000);
    const { code, stdout } = await runIris(['simulate', '--check', 'first.jsonl', '--json'], { cwd });
    expect(code).toBe(0);
    const { acknowledged, broken } = JSON.parse(stdout) as { acknowledged: number; broken: unknown[] };
    expect([acknowledged, broken]).toEqual([(JSON.parse(first.report) as { acknowledged: number }).acknowledged, []]);
  }, 60_000);

  it('prints runs, hours and which fault met which state, and ends with 0', async () => {
    const { code, stdout, stderr } = await runIris(['simulate', '--seeds', '2', '--hours', '0.05', '--fault', 'edge-kill,reset']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/2 runs of 0.1 virtual hours: 0 lost of N = [\d,]+ acknowledged, loss bound 3\/N = .*; every law held/);
    expect(stdout).toMatch(/^fault +times .*serving/m);
    expect(stdout).toMatch(/^(edge-kill|reset) /m);
    expect(stderr).toMatch(/2 of 2 seeds, 0.1 virtual hours, 0 broken/);
  }, 60_000);

  it('goes on after kill -9 from what --progress keeps, torn lines and all, and gives what one run gives', async () => {
    const cwd = temporaryFolder();
    const args = ['simulate', '--seeds', '3', '--hours', '0.02', '--store', 'memory', '--json', '--progress'];
    const whole = await runIris([...args, 'whole'], { cwd });
    expect(whole.stdout.split('\n').map((line) => (JSON.parse(line) as { progress: unknown }).progress)).toEqual(
      [1, 2, 3].map((done) => ({ done, of: 3 })),
    );

    const killed = startIris([...args, 'killed'], { cwd });
    await killed.line('stdout', /"done":1,"of":3/);
    killed.child.kill('SIGKILL');
    await killed.ended;
    appendFileSync(join(cwd, 'killed', 'simulation.jsonl'), '{"seed":3,"hou');
    const resumed = await runIris([...args, 'killed'], { cwd });
    expect([resumed.code, resumed.stdout]).toEqual([0, whole.stdout]);
    expect(resumed.stderr).toMatch(/^[123] of 3 seeds were done before, 0 broken$/m);

    const others = await runIris(['simulate', '--seeds', '3', '--hours', '0.03', '--store', 'memory', '--progress', 'killed'], { cwd });
    expect([others.code, others.stderr]).toEqual([
      1,
      expect.stringMatching(/killed\/simulation.jsonl is of hours 0.02, this run of 0.03/) as string,
    ]);
  }, 60_000);

  it('ends with 1 and the law on a history that breaks one', async () => {
    const cwd = temporaryFolder();
    const events = [
      { event: 'send', message: 'ann/bob/0' },
      { event: 'ack', message: 'ann/bob/0', class: 'D2' },
    ];
    writeFileSync(join(cwd, 'lost.jsonl'), events.map((event) => `${JSON.stringify({ atMs: 1, ...event })}\n`).join(''));
    const { code, stdout } = await runIris(['simulate', '--check', 'lost.jsonl'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/1 lost of 1.*L1 durable broken 1 times\nL1 durable: ann\/bob\/0/);
  });

  it('ends with 1 on a file that is no history, and with 2 on what it does not know', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'none.jsonl'), '{"event":"dance"}\n');
    const broken = await runIris(['simulate', '--check', 'none.jsonl'], { cwd });
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/FILE_UNREADABLE: none.jsonl line 1 is no history/) as string]);
    for (const args of [
      ['--fault', 'dragons'],
      ['--store', 'paper'],
      ['--engine', 'paper'],
      ['--engine', 'distributed', '--store', 'log'],
      ['--budget', 'endless'],
      ['--seeds', '2', '--history', 'x'],
      ['--progress', 'x', '--history', 'y'],
    ])
      expect((await runIris(['simulate', ...args], { cwd })).code).toBe(2);
  });
});
