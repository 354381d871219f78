import { readFileSync } from 'node:fs';
import { IrisError } from '../../runtime/contract/errors.ts';

/** CloudFormation’s limits of one template. */
export const TEMPLATE_RESOURCES_MAX = 500;
export const TEMPLATE_BYTES_MAX = 1_048_576;
export const TEMPLATE_PARAMETERS_MAX = 200;

/** Size of one template. */
export interface TemplateSize {
  readonly stack: string;
  readonly resources: number;
  readonly bytes: number;
}

/** @throws IrisError SYNTH_FAILED when CloudFormation would not take the template. */
export function measureTemplate(stack: string, path: string): TemplateSize {
  const text = readFileSync(path);
  const template: { Resources?: object; Parameters?: object } = JSON.parse(text.toString('utf8'));
  const resources = Object.keys(template.Resources ?? {}).length;
  expectAtMost(stack, 'resources', resources, TEMPLATE_RESOURCES_MAX);
  expectAtMost(stack, 'parameters', Object.keys(template.Parameters ?? {}).length, TEMPLATE_PARAMETERS_MAX);
  expectAtMost(stack, 'bytes', text.length, TEMPLATE_BYTES_MAX);
  return { stack, resources, bytes: text.length };
}

function expectAtMost(stack: string, what: string, value: number, max: number): void {
  if (value > max)
    throw new IrisError(
      'SYNTH_FAILED',
      `template of ${stack} has ${value} ${what}, CloudFormation takes ${max}; raise shardsPerGroup or split the stack`,
    );
}
