import { type DoctorResult, failed, ok } from '../check.ts';

/** `engines` of our package.json. */
const OLDEST = [22, 13] as const;

/** @param version such as `v24.1.0` */
export function checkNode(version: string): DoctorResult {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return ok('Node', version);
  return failed('Node', version, `install ${OLDEST.join('.')} or newer, best 24: https://nodejs.org`);
}
