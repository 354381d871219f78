import { type EnvironmentConfig, environmentSchema } from '../../environments/environment.ts';

export function resolveEnvironment(document: unknown): EnvironmentConfig {
  return environmentSchema.parse(document);
}
