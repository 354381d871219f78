/** The system's code of an error, such as ENOENT; undefined for anything else that was thrown. */
export function systemCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
