/** What a picture is for: those of the card specification. */
export const ASSET_TYPES = ['icon', 'background', 'emotion', 'user_icon', 'other'] as const;
export type AssetType = (typeof ASSET_TYPES)[number];

/** A picture of a character; its bytes are kept apart. */
export interface GalleryAsset {
  id: string;
  type: AssetType;
  /** `main` for the one that stands for the character; an emotion's own name. */
  name: string;
  /** As files of its kind end, without the dot. */
  ext: string;
  mediaType: string;
  /** Of the bytes, in hex. */
  sha256: string;
  /** In bytes. */
  size: number;
  width: number;
  height: number;
  createdAt: Date;
}
