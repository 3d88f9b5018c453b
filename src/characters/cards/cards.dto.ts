import { IsIn, IsOptional } from 'class-validator';
import type { Actor } from '../../platform/actor/actor.js';
import { CharacterResponse, toResponse } from '../characters.dto.js';
import { VISIBILITIES, type Visibility } from '../characters.types.js';
import type { CardFormat } from './card-file.types.js';
import type { ImportedCard } from './cards.service.js';

const FORMATS = ['json', 'png', 'charx'] as const satisfies readonly CardFormat[];
const SOURCE_FORMATS = [...FORMATS, 'apng'] as const;

export class CardImportQuery {
  /** Default `private`. Of a form, a field of the same name. */
  @IsOptional()
  @IsIn(VISIBILITIES)
  visibility?: Visibility;
}

export class CardExportQuery {
  /** Default: what `Accept` likes best, or `json`. */
  @IsOptional()
  @IsIn(FORMATS)
  format?: (typeof FORMATS)[number];

  @IsIn(['v2', 'v3'])
  spec: 'v2' | 'v3' = 'v3';
}

/** What the file was. */
export class CardSourceResponse {
  format!: (typeof SOURCE_FORMATS)[number];
  spec!: 'v1' | 'v2' | 'v3';
  /** Which text chunk of the image was read. */
  chunk?: 'ccv3' | 'chara';
}

/** Something that was put right. */
export class CardRepair {
  /** RFC 6901 fragment into the card's document, e.g. `#/data/tags`. */
  pointer!: string;
  code!: string;
}

/** Something that could be read only in part. */
export class CardWarning {
  code!: string;
  detail!: string;
  pointer?: string;
}

export class CardImportResponse {
  character!: CharacterResponse;
  source!: CardSourceResponse;
  repairs!: CardRepair[];
  warnings!: CardWarning[];
}

export const toImportResponse = (
  actor: Actor,
  { character, ...found }: ImportedCard,
): CardImportResponse => ({ character: toResponse(actor, character), ...found });
