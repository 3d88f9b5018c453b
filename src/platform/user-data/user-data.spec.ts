import type { DiscoveryService } from '@nestjs/core';
import { UserData } from './user-data.js';
import { ErasesUserData, ExportsUserData, jsonLines, type ExportedBatch } from './user-data.decorators.js';

const nothing = (): Promise<ExportedBatch> => Promise.resolve({ parts: [] });

class Letters {
  erased: string[] = [];

  @ExportsUserData('letters')
  export(): Promise<ExportedBatch> {
    return nothing();
  }

  @ErasesUserData('letters', 30)
  erase(userId: string): Promise<boolean> {
    this.erased.push(userId);
    return Promise.resolve(false);
  }
}

class Stamps {
  @ExportsUserData('envelopes')
  envelopes(): Promise<ExportedBatch> {
    return nothing();
  }

  @ErasesUserData('stamps', 5)
  stamps(): Promise<boolean> {
    return Promise.resolve(false);
  }

  @ErasesUserData('envelopes', 5)
  eraseEnvelopes(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

function of(...instances: object[]): UserData {
  const providers = [...instances, undefined, 7].map((instance) => ({ instance }));
  const data = new UserData({ getProviders: () => providers } as unknown as DiscoveryService);
  data.onModuleInit();
  return data;
}

describe('the data of people', () => {
  it('is exported and erased in one order, however features were found', () => {
    for (const data of [of(new Letters(), new Stamps()), of(new Stamps(), new Letters())]) {
      expect(data.exports.map(({ name }) => name)).toEqual(['envelopes', 'letters']);
      expect(data.erasures.map(({ name }) => name)).toEqual(['envelopes', 'stamps', 'letters']);
    }
  });

  it('is asked of the provider itself, of a method that was wrapped later, too', async () => {
    const letters = new Letters();
    const data = of(letters);
    const wrapped = jest.fn((userId: string) => Letters.prototype.erase.call(letters, userId));
    letters.erase = wrapped;
    await data.erasures[0]?.erase('ann');
    expect(wrapped).toHaveBeenCalledWith('ann');
    expect(letters.erased).toEqual(['ann']);
  });

  it('has one source of each name', () => {
    expect(() => of(new Letters(), new Letters())).toThrow('Two sources of user data are named "letters"');
  });

  it('is written one value on each line', () => {
    expect(jsonLines([{ text: 'two\nlines' }, 1])).toBe('{"text":"two\\nlines"}\n1\n');
    expect(jsonLines([])).toBe('');
  });
});
