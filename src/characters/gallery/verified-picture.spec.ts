import sharp from 'sharp';
import { verifiedPicture } from './verified-picture.js';

it('a picture that a card shows in many places is decoded once, also a broken one', async () => {
  const content = await sharp({ create: { width: 9, height: 7, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
  expect(await verifiedPicture(content)).toBe(await verifiedPicture(content));
  const broken = content.subarray(0, 60);
  const faults = await Promise.all(
    [1, 2].map(() => verifiedPicture(broken).catch((fault: unknown) => fault)),
  );
  expect(faults[0]).toMatchObject({ code: 'image-invalid' });
  expect(faults[1]).toBe(faults[0]);
});
