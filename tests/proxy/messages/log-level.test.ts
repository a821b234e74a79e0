import { describe, expect, it } from 'vitest';
import { LOG_LEVELS, mostVerbose, passesLevel } from '../../../runtime/proxy/messages/log-level.ts';

describe('a log message', () => {
  it('is for those who want its level or a less severe one, or who have not said', () => {
    const passing = (wanted: (typeof LOG_LEVELS)[number] | undefined) =>
      LOG_LEVELS.filter((level) => passesLevel(level, wanted));
    expect(passing('error')).toEqual(['error', 'critical', 'alert', 'emergency']);
    expect(passing('emergency')).toEqual(['emergency']);
    expect(passing('debug')).toEqual(LOG_LEVELS);
    expect(passing(undefined)).toEqual(LOG_LEVELS);
  });

  it('of a level that there is not is for everybody: nobody can have said that they do not want it', () => {
    for (const level of ['verbose', undefined, 3]) expect(passesLevel(level, 'emergency')).toBe(true);
  });
});

it('a server is told the most verbose of the levels that are wanted', () => {
  expect(mostVerbose(['error', 'info', 'alert'])).toBe('info');
  expect(mostVerbose([])).toBeUndefined();
});
