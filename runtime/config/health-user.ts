/** The stable user id of `mcpgw health`. No identity provider has the id `internal`, so it cannot be had from outside. */
export const HEALTH_USER_ID = 'internal:health';
