import { Token, Tokenization } from 'aws-cdk-lib/core';
import { IrisError } from '../../runtime/contract/errors.ts';

/** @throws IrisError SYNTH_FAILED */
export function refuse(reason: string): never {
  throw new IrisError('SYNTH_FAILED', reason);
}

/** Values that only the deployment knows are AWS’s to check. @throws IrisError SYNTH_FAILED for a known one outside the range. */
export function expectRange(name: string, value: number | undefined, { min, max }: { readonly min: number; readonly max: number }): void {
  if (value === undefined || Token.isUnresolved(value) || (value >= min && value <= max)) return;
  refuse(`${name} is ${value}; it must be ${max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`}`);
}

/** For what is calculated with, hashed, or written to a file. @throws IrisError SYNTH_FAILED for a value that only the deployment knows. */
export function expectKnown(name: string, value: unknown): void {
  if (Token.isUnresolved(value))
    refuse(`${name} must be known when the template is written; it is a parameter’s or another resource’s value`);
}

/** A number in a text: one that only the deployment knows would become its placeholder’s digits. */
export function numberText(value: number): string {
  return Tokenization.stringifyNumber(value);
}
