/** Collects an option that may be given several times. */
export function repeated(value: string, former: string[] = []): string[] {
  return [...former, value];
}
