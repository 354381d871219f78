import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileAssetPackaging, Stack, Stage } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { expectKnown, refuse } from './known-props.ts';

/** Where a published file lies, and what its content hashes to. */
export interface ContentFile {
  /** May hold CloudFormation references to the deploying account. */
  readonly bucket: string;
  /** The content's hash with the file name's ending. */
  readonly key: string;
  /** Lower-case hex; of the content, or the hash given with the file. */
  readonly sha256: string;
  /** Path relative to the assembly's folder. */
  readonly assemblyPath: string;
}

export interface ContentFileProps {
  /** Readable name inside the assembly; its ending becomes the key's, so that a role can be limited to it. */
  readonly fileName: string;
  /** Text, or the path of a file. */
  readonly source: { readonly text: string } | { readonly path: string };
  /**
   * Names the content; give it for a file whose bytes may differ between tools, such as a compressed one.
   * @default the SHA-256 of `text`; required with `path`
   */
  readonly sha256?: string;
}

/**
 * Puts a file into the assembly and has the deployment publish it under its content hash, as CDK's own assets are; unlike those the key
 * is the hash of the content itself, so a node can check what it got against its name.
 * @throws IrisError SYNTH_FAILED for a second file of one name with other content, and for a text that only the deployment knows.
 */
export function addContentFile(scope: Construct, props: ContentFileProps): ContentFile {
  const sha256 = props.sha256 ?? hashOf(props.source);
  const folder = Stage.of(scope)?.assetOutdir;
  if (folder === undefined) throw new Error(`${scope.node.path} is not inside a CDK app`);
  if ('text' in props.source) expectKnown(`text of ${props.fileName}`, props.source.text);
  expectOneContent(Stage.of(scope) as Stage, props.fileName, sha256);
  const target = join(folder, props.fileName);
  mkdirSync(folder, { recursive: true });
  if ('text' in props.source) writeFileSync(target, props.source.text);
  else if (!existsSync(target)) copyFileSync(props.source.path, target);
  const location = Stack.of(scope).synthesizer.addFileAsset({
    fileName: props.fileName,
    packaging: FileAssetPackaging.FILE,
    sourceHash: sha256,
    displayName: props.fileName,
  });
  return { bucket: location.bucketName, key: location.objectKey, sha256, assemblyPath: props.fileName };
}

/** What each assembly has been given under a name. */
const hashes = new WeakMap<Stage, Map<string, string>>();

/** The second of one name would take the first one’s place, and a node would be handed what does not fit its hash. */
function expectOneContent(stage: Stage, fileName: string, sha256: string): void {
  const known = hashes.get(stage) ?? new Map<string, string>();
  hashes.set(stage, known.set(fileName, known.get(fileName) ?? sha256));
  if (known.get(fileName) !== sha256) refuse(`${fileName} is in this assembly already, with other content; give this one another name`);
}

function hashOf(source: ContentFileProps['source']): string {
  if (!('text' in source)) throw new Error(`sha256 is missing for ${source.path}`);
  return createHash('sha256').update(source.text).digest('hex');
}
