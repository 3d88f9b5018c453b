/** The parts of a picture do not add up, so nobody can say which of them are the picture. */
export class MalformedPicture extends Error {
  override readonly name = 'MalformedPicture';
}
