/** A9, A13: logins and authorities of engines are read again for each connection; a file that cannot be used leaves the one before, and no error says what it holds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineLogin } from '../../../runtime/adapters/engine-credentials.ts';
import { trustedAuthority } from '../../../runtime/adapters/trusted-authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-credentials-'));
const path = join(folder, 'file');
const write = (content: unknown) => writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a login is the file’s of now, or the last that could be used', async () => {
  write({ username: 'core', password: 'first-word' });
  const login = await EngineLogin.open(path);
  expect(login.last).toEqual({ username: 'core', password: 'first-word' });
  write({ username: 'core-2', password: 'second-word' });
  const second = { username: 'core-2', password: 'second-word' };
  expect([await login.read(), login.last]).toEqual([second, second]);
  for (const broken of ['', '{"username":"core-3","pass', { username: 'core-3' }]) {
    write(broken);
    expect(await login.read()).toEqual(second);
  }
  rmSync(path);
  expect(await login.read()).toEqual(second);
  await expect(EngineLogin.open(path)).rejects.toMatchObject({ code: 'ENGINE_INVALID', message: expect.stringContaining(path) });
});

it('an authority is the file’s of now, or the last that could be used, also where options are copied', () => {
  const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
  write(pem('old'));
  const options = { tls: Object.assign(trustedAuthority(path), { minVersion: 'TLSv1.2' }) };
  const connects = () => ({ ...options.tls, host: 'engine' }).ca;
  expect(connects()).toBe(pem('old'));
  write(pem('old') + pem('new'));
  expect(connects()).toBe(pem('old') + pem('new'));
  write('half a fi');
  expect(connects()).toBe(pem('old') + pem('new'));
  write(pem('new'));
  expect(connects()).toBe(pem('new'));
  write('no certificate');
  expect(() => trustedAuthority(path)).toThrow(expect.objectContaining({ code: 'ENGINE_INVALID', message: expect.stringContaining(path) }));
});
