import { errorLine, IrisError } from '../../runtime/contract/errors.ts';

/** What was asked of AWS, for who has to allow it: `servicequotas:GetServiceQuota in us-east-1`. */
export type Asked = string;

/** What AWS answers for a thing that it does not have: not a failure, an answer. */
const ABSENT = ['NoSuchResourceException', 'NoSuchHostedZone', 'InvalidParameterValue'];
const DENIED =
  /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthFailure|NotAuthorizedException|InvalidClientTokenId|UnrecognizedClientException|ExpiredToken)/;

/**
 * The answer, or undefined for what is not there.
 * @throws IrisError AWS_REFUSED without credentials or rights, or when AWS cannot be reached, with what to do
 */
export async function answerOf<T>(asked: Asked, question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (ABSENT.includes(name)) return undefined;
    throw new IrisError('AWS_REFUSED', `${asked}: ${remedyOf(name, error)}`, { cause: error });
  }
}

function remedyOf(name: string, error: unknown): string {
  if (name === 'CredentialsProviderError')
    return 'no credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  if (DENIED.test(name)) return `AWS says ${name}; let these credentials do it, or use others`;
  return `AWS did not answer: ${errorLine(error)}`;
}

/**
 * A client of the AWS SDK, which is no dependency of who never asks AWS.
 * @throws IrisError PACKAGE_FAILED with the command that installs it
 */
export async function loadSdk<T>(name: string, version: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new IrisError('PACKAGE_FAILED', `${name} is not installed here; npm install --save-dev ${name}@${version}`, { cause });
  }
}
