import { isURL, ValidateBy } from 'class-validator';

const UPLOADED = /^\/api\/avatars\/([\w-]{22})$/;
const ELSEWHERE = { protocols: ['https', 'http'], require_protocol: true, require_tld: false };

/** Where an uploaded picture is found, from the root of the service. */
export const avatarUrl = (token: string): string => `/api/avatars/${token}`;

/** The token of an uploaded picture; undefined for pictures elsewhere. */
export const avatarToken = (url: string | null): string | undefined => UPLOADED.exec(url ?? '')?.[1];

/** A picture elsewhere, or the uploaded one that a client gives back as it got it. */
export const IsAvatarUrl = (): PropertyDecorator =>
  ValidateBy({
    name: 'isUrl',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && (UPLOADED.test(value) || isURL(value, ELSEWHERE)),
      defaultMessage: () => 'avatarUrl must be an http or https URL',
    },
  });
