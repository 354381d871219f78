import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import type { CfnResource } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';
import { addContentFile, type ContentFile } from './content-file.ts';

/** Bytes of a standard SSM parameter's value. */
export const PARAMETER_BYTES_MAX = 4_096;

export interface PointedDocumentProps {
  /** SSM parameter that says which document is current. */
  readonly parameterName: string;
  /** Readable name inside the assembly. */
  readonly fileName: string;
  /** The document's exact text. */
  readonly text: string;
}

/**
 * A document in S3 under its content hash, and a parameter that points to it: a change of the document changes one resource, and a node
 * that reads it can tell a whole document from a damaged one.
 */
export class PointedDocument extends Construct {
  readonly file: ContentFile;
  readonly parameterName: string;
  /** The pointer’s text. */
  readonly value: string;
  private readonly parameter: CfnParameter;

  constructor(scope: Construct, id: string, props: PointedDocumentProps) {
    super(scope, id);
    this.parameterName = props.parameterName;
    this.file = addContentFile(this, { fileName: props.fileName, source: { text: props.text } });
    this.value = JSON.stringify({ bucket: this.file.bucket, key: this.file.key, sha256: this.file.sha256 });
    expectParameterSize(props.parameterName, this.value);
    this.parameter = new CfnParameter(this, 'Pointer', {
      name: props.parameterName,
      type: 'String',
      tier: 'Standard',
      value: this.value,
      description: `Where the current ${props.fileName} lies and what it hashes to`,
    });
  }

  /** Moves the pointer only when the resource has been made: a rollout that fails leaves it where it was. */
  moveAfter(resource: CfnResource): void {
    this.parameter.addResourceDependency(resource);
  }
}

/** @throws IrisError SYNTH_FAILED above 4 KB, which the template validator does not see. */
export function expectParameterSize(name: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= PARAMETER_BYTES_MAX) return;
  throw new IrisError('SYNTH_FAILED', `parameter ${name} is ${bytes} bytes, SSM takes ${PARAMETER_BYTES_MAX}; point to a document instead`);
}
