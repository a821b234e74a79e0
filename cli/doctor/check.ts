/** What `doctor` found about one thing. */

export interface DoctorResult {
  /** In a word or two. */
  check: string;
  /** `skipped`: could not be asked. Only `failed` stops `up`. */
  state: 'ok' | 'warning' | 'failed' | 'skipped';
  detail: string;
  /** What to do. */
  remedy?: string;
}

export function ok(check: string, detail: string): DoctorResult {
  return { check, state: 'ok', detail };
}

export function warning(check: string, detail: string, remedy: string): DoctorResult {
  return { check, state: 'warning', detail, remedy };
}

export function failed(check: string, detail: string, remedy: string): DoctorResult {
  return { check, state: 'failed', detail, remedy };
}

/** @param detail why it could not be asked */
export function skipped(check: string, detail: string): DoctorResult {
  return { check, state: 'skipped', detail };
}
