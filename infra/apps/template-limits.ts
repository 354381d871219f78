import { statSync } from 'node:fs';
import { CfnParameter, CfnResource, type Stack } from 'aws-cdk-lib/core';
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

/**
 * Counts the elements of a synthesized stack instead of parsing what was just written: planet's templates are 36 MB of JSON.
 * @throws IrisError SYNTH_FAILED when CloudFormation would not take the template.
 */
export function measureTemplate(stack: Stack, path: string): TemplateSize {
  const elements = stack.node.findAll();
  const resources = elements.filter((element) => CfnResource.isCfnResource(element)).length;
  const { size: bytes } = statSync(path);
  expectAtMost(stack.stackName, 'resources', resources, TEMPLATE_RESOURCES_MAX);
  expectAtMost(
    stack.stackName,
    'parameters',
    elements.filter((element) => element instanceof CfnParameter).length,
    TEMPLATE_PARAMETERS_MAX,
  );
  expectAtMost(stack.stackName, 'bytes', bytes, TEMPLATE_BYTES_MAX);
  return { stack: stack.stackName, resources, bytes };
}

function expectAtMost(stack: string, what: string, value: number, max: number): void {
  if (value > max)
    throw new IrisError(
      'SYNTH_FAILED',
      `template of ${stack} has ${value} ${what}, CloudFormation takes ${max}; raise shardsPerGroup or split the stack`,
    );
}
