/** F17, F20: where slot maps are published; of two publishers one is refused, and bad credentials, sizes and servers are told as one line. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsulRegister } from '../../../runtime/adapters/slot-maps/consul-register.ts';
import { EtcdRegister } from '../../../runtime/adapters/slot-maps/etcd-register.ts';
import { FileRegister } from '../../../runtime/adapters/slot-maps/file-register.ts';
import { publishFirst, publishOver, readPublication } from '../../../runtime/adapters/slot-maps/publication.ts';
import { describeSlotMapRegisterContract, mapOf } from '../../contract/slot-map-register-contract.ts';
import { ConsulStore } from '../../fakes/consul-store.ts';
import { freePort } from '../../services/free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-registers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const KEY = 'iris/unit/slot-map';

describeSlotMapRegisterContract('a file', async () => {
  const path = join(folder, 'contract.json');
  return {
    open: () => new FileRegister(path),
    damage: async () => writeFileSync(path, '{"format":'),
    heardWithinMs: 5_000,
    isMade: false,
    dispose: async () => undefined,
  };
});

describeSlotMapRegisterContract('Consul, as a fake speaks it', async () => {
  const store = await ConsulStore.start();
  return {
    open: () => new ConsulRegister({ endpoints: [`http://${store.address}`], key: KEY }),
    damage: async () => store.put(KEY, Buffer.from('{"format":')),
    heardWithinMs: 5_000,
    isMade: false,
    dispose: () => store.stop(),
  };
});

describe('a file', () => {
  const path = join(folder, 'slot-map.json');

  it('leaves no other file behind', async () => {
    const register = new FileRegister(path);
    await publishFirst(register, mapOf(1));
    await publishOver(register, await readPublication(register), mapOf(2));
    expect(readdirSync(folder)).toContain('slot-map.json');
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('is refused while another command publishes, until that has been gone for 10 s', async () => {
    const register = new FileRegister(path);
    const claim = `${path}.new`;
    writeFileSync(claim, 'half a map');
    const from = await readPublication(register);
    await expect(publishOver(register, from, mapOf(3))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/another command publishes/),
    });
    utimesSync(claim, new Date(), new Date(Date.now() - 11_000));
    await publishOver(register, from, mapOf(3));
    expect((await readPublication(register)).map.version).toBe(3);
  });
});

describe('publishing', () => {
  it('asks the one validator and the one check of a step before anything is written (L12)', async () => {
    const store = await ConsulStore.start();
    const register = new ConsulRegister({ endpoints: [`http://${store.address}`], key: KEY });
    await expect(publishFirst(register, { ...mapOf(1), tableSha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(readPublication(register)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(/holds no slot map/),
    });
    await publishFirst(register, mapOf(1));
    const from = await readPublication(register);
    await expect(publishOver(register, from, mapOf(1, 2))).rejects.toMatchObject({
      message: expect.stringMatching(/version 1 is not above 1/),
    });
    await publishOver(register, from, mapOf(2));
    await expect(publishOver(register, from, mapOf(2, 1))).rejects.toMatchObject({ message: expect.stringMatching(/another command/) });
    expect((await readPublication(register)).map).toEqual(mapOf(2));
    await store.stop();
  });

  it('counts as done when its answer was lost, and is told when it was not', async () => {
    const store = await ConsulStore.start();
    class Forgetful extends ConsulRegister {
      isWritten = true;
      override async publish(...args: Parameters<ConsulRegister['publish']>): Promise<boolean> {
        if (this.isWritten) await super.publish(...args);
        throw new Error('the connection was lost');
      }
    }
    const register = new Forgetful({ endpoints: [`http://${store.address}`], key: KEY });
    await publishFirst(register, mapOf(1));
    register.isWritten = false;
    await expect(publishOver(register, await readPublication(register), mapOf(2))).rejects.toThrow(/connection was lost/);
    await store.stop();
  });
});

describe('a register', () => {
  it('says which place does not answer, after all its addresses were tried', async () => {
    const [one, two] = [await freePort(), await freePort()];
    const endpoints = [`http://127.0.0.1:${one}`, `http://127.0.0.1:${two}`];
    for (const register of [new EtcdRegister({ endpoints, key: KEY }), new ConsulRegister({ endpoints, key: KEY })])
      await expect(register.read()).rejects.toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        message: expect.stringMatching(new RegExp(`^(etcd|consul) 127.0.0.1:${one},127.0.0.1:${two} does not answer: .*fetch failed`)),
      });
  });

  it('goes on with the address that answers', async () => {
    const store = await ConsulStore.start();
    const register = new ConsulRegister({ endpoints: [`http://127.0.0.1:${await freePort()}`, `http://${store.address}`], key: KEY });
    await publishFirst(register, mapOf(1));
    expect((await readPublication(register)).map.version).toBe(1);
    await store.stop();
  });

  it('names the file of a token that Consul does not take, and not the token; the right one is taken', async () => {
    const store = await ConsulStore.start();
    store.token = 'the-right-token';
    const credentialsPath = join(folder, 'consul.json');
    const register = new ConsulRegister({ endpoints: [`http://${store.address}`], key: KEY, credentialsPath });
    writeFileSync(credentialsPath, JSON.stringify({ username: 'iris', password: 'a-wrong-token' }));
    const refused = register.read();
    await expect(refused).rejects.toMatchObject({ code: 'ENGINE_INVALID', message: expect.stringMatching(/403.*consul\.json/) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('a-wrong-token') });
    writeFileSync(credentialsPath, JSON.stringify({ username: 'iris', password: store.token }));
    expect(await register.read()).toBeUndefined();
    await store.stop();
  });

  it('says that a map is too large for Consul', async () => {
    const store = await ConsulStore.start();
    const register = new ConsulRegister({ endpoints: [`http://${store.address}`], key: KEY });
    const large = { ...mapOf(1), environment: 'x'.repeat(600_000) };
    await expect(register.publish(large, undefined)).rejects.toMatchObject({
      code: 'ENGINE_INVALID',
      message: expect.stringMatching(/larger/),
    });
    await store.stop();
  });
});
