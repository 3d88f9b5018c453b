import type { InsertQueryBuilder, ObjectLiteral, UpdateQueryBuilder } from 'typeorm';

/**
 * Runs a statement that writes one row and answers that row as it is stored, what the database filled in included: without
 * a second statement that reads it. Undefined where nothing was written.
 */
export async function writtenRow<Entity extends ObjectLiteral>(
  query: InsertQueryBuilder<Entity> | UpdateQueryBuilder<Entity>,
): Promise<Entity | undefined> {
  const metadata = query.expressionMap.mainAlias?.metadata;
  if (!metadata) throw new Error('A statement on a table without an entity has no row to answer.');
  const { columns, connection } = metadata;
  query.returning(columns.map(({ propertyPath }) => propertyPath));
  const { raw } = await query.updateEntity(false).execute();
  const [row] = raw as Record<string, unknown>[];
  if (!row) return undefined;
  const values = columns.map((column) => [
    column.propertyName,
    connection.driver.prepareHydratedValue(row[column.databaseName], column) as unknown,
  ]);
  return Object.fromEntries(values) as Entity;
}
