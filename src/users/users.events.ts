/** What a user's own devices follow: facts about the user rather than about one conversation. */
export const userStream = (userId: string): string => `user:${userId}`;

export const USER_UPDATED = 'user:updated';

/** Between instances only. */
export const ACCOUNT_CLOSED = 'account.closed';
