/** R6, F17: the contract of registers on a real Consul, which has to be built first: npm run test:consul. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { enginePorts } from '../../infra/local/engines/engine-ports.ts';
import { EngineProcess } from '../../infra/local/engines/engine-process.ts';
import { ConsulRegister } from '../../runtime/adapters/slot-maps/consul-register.ts';
import { describeSlotMapRegisterContract, mapOf } from '../contract/slot-map-register-contract.ts';
import { GO, requireTool } from '../services/tool.ts';

const TOKEN = '11111111-2222-3333-4444-555555555555';
const KEY = 'iris/unit/slot-map';
const folder = mkdtempSync(join(tmpdir(), 'iris-consul-'));
let server: EngineProcess;
let endpoint: string;

beforeAll(async () => {
  requireTool(GO);
  const command = execFileSync(resolve(__dirname, '../services/consul.sh'), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  const { http, serf_lan, server: raft, dns } = await enginePorts(folder, ['http', 'serf_lan', 'server', 'dns']);
  const settings = {
    ports: { http, dns, serf_lan, serf_wan: -1, server: raft, grpc: -1, grpc_tls: -1 },
    acl: { enabled: true, default_policy: 'deny', tokens: { initial_management: TOKEN } },
    disable_update_check: true,
  };
  writeFileSync(join(folder, 'consul.json'), JSON.stringify(settings));
  const args = ['agent', '-dev', '-bind', '127.0.0.1', '-client', '127.0.0.1', '-config-file', join(folder, 'consul.json')];
  server = new EngineProcess('consul', folder, { command, args });
  endpoint = `http://127.0.0.1:${http}`;
  const hasLeader = async () => {
    const answer = await fetch(`${endpoint}/v1/status/leader`).catch(() => undefined);
    return answer?.ok === true && (await answer.text()).includes(':');
  };
  await server.start(hasLeader, 60_000);
  writeFileSync(join(folder, 'token.json'), JSON.stringify({ username: 'iris', password: TOKEN }));
}, 1_800_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = (credentialsPath = join(folder, 'token.json'), key = KEY) =>
  new ConsulRegister({ endpoints: [endpoint], key, credentialsPath });

describeSlotMapRegisterContract('Consul', async () => ({
  open: () => open(),
  async damage() {
    await fetch(`${endpoint}/v1/kv/${KEY}`, { method: 'PUT', headers: { 'x-consul-token': TOKEN }, body: '{"format":' });
  },
  heardWithinMs: 5_000,
  isMade: false,
  dispose: async () => undefined,
}));

it('refuses a wrong token and a map above 512 KB as one line', async () => {
  writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ username: 'iris', password: TOKEN.replaceAll('1', '9') }));
  await expect(open(join(folder, 'wrong.json')).read()).rejects.toMatchObject({
    code: 'ENGINE_INVALID',
    message: expect.stringMatching(/403.*wrong\.json/),
  });
  const large = { ...mapOf(1), environment: 'x'.repeat(600_000) };
  await expect(open(undefined, 'large').publish(large, undefined)).rejects.toMatchObject({
    code: 'ENGINE_INVALID',
    message: expect.stringMatching(/larger/),
  });
});
