import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaCluster, type KafkaOptions } from '../../infra/local/engines/kafka.ts';
import { TEST_CACHE } from './test-cache.ts';

/** Brokers of one test file, with a folder that goes with them. */
export interface TestKafka {
  readonly kafka: KafkaCluster;
  readonly folder: string;
  dispose(): Promise<void>;
}

/** A missing Java, Maven or jar fails the test with what to install. */
export async function startKafka(
  options: Pick<KafkaOptions, 'brokers' | 'security'> & { readonly folder?: string } = {},
): Promise<TestKafka> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'iris-kafka-'));
  const kafka = await KafkaCluster.start({ ...options, directory: join(folder, 'kafka'), cacheDirectory: TEST_CACHE });
  const onExit = () => kafka.killNow();
  process.once('exit', onExit);
  return {
    kafka,
    folder,
    dispose: async () => {
      kafka.killNow();
      await kafka.stop();
      process.off('exit', onExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A key with its own certificate for 127.0.0.1, in PEM: what a server shows, and whom its clients trust. */
export function makeCertificate(folder: string): { readonly keyPath: string; readonly caPath: string } {
  const [key, caPath, keyPath] = ['key.pem', 'ca.pem', 'server.pem'].map((name) => join(folder, name)) as [string, string, string];
  const subject = ['-subj', '/CN=iris-test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', caPath];
  execFileSync('openssl', request, { stdio: 'pipe' });
  writeFileSync(keyPath, `${readFileSync(key, 'utf8')}${readFileSync(caPath, 'utf8')}`);
  return { keyPath, caPath };
}
