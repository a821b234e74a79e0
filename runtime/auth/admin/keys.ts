import type { AuthContext } from '../auth-context.ts';
import type { Rotation, RotationOutcome } from '../tokens/key-rotation.ts';
import type { KeyState } from '../tokens/key-schedule.ts';

/** A signing key as an operator sees it. Nothing in it opens a door; times are ISO 8601. */
export interface KeyView {
  kid: string;
  state: KeyState;
  created_at: string;
  signs_from: string;
  /** When the last token of it has ended; null while it signs, or will. */
  ends_at: string | null;
}

export interface RotationView {
  outcome: RotationOutcome;
  keys: KeyView[];
}

/** @returns newest first */
export function listKeys({ keys }: AuthContext): KeyView[] {
  return keys.list().map(({ record, state, signsFromMs, endsAtMs }) => ({
    kid: record.kid,
    state,
    created_at: iso(record.createdAtMs),
    signs_from: iso(signsFromMs),
    ends_at: endsAtMs === undefined ? null : iso(endsAtMs),
  }));
}

/** @throws StoreUnavailableError */
export async function rotateKeys(context: AuthContext, rotation: Rotation): Promise<RotationView> {
  const outcome = await context.keys.rotate(rotation);
  return { outcome, keys: listKeys(context) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
