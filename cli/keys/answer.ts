/** The admin API's answers about signing keys, checked. */
import { z } from 'zod';
import type { AdminAnswer, KeyView, RotationView } from '../../runtime/embedded/admin.ts';
import { unexpected } from '../client/admin-answer.ts';

const keySchema = z.looseObject({
  kid: z.string(),
  state: z.enum(['next', 'signs', 'verifies']),
  created_at: z.string(),
  signs_from: z.string(),
  ends_at: z.string().nullable(),
});

const listSchema = z.looseObject({ keys: z.array(keySchema) });
const rotationSchema = listSchema.extend({ outcome: z.enum(['rotated', 'pending', 'busy']) });

/** @throws UserError */
export function keysIn(answer: AdminAnswer): KeyView[] {
  const found = listSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  return found.data.keys;
}

/** @throws UserError */
export function rotationIn(answer: AdminAnswer): RotationView {
  const found = rotationSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  return found.data;
}
