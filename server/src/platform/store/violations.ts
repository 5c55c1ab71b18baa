// SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE; PostgreSQL unique_violation.
const SQLITE_UNIQUE: readonly unknown[] = [1555, 2067]
const POSTGRES_UNIQUE = '23505'

/** Whether a rejected write hit a primary key or a unique index, on either engine. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error &&
  (('errcode' in error && SQLITE_UNIQUE.includes(error.errcode)) ||
    ('code' in error && error.code === POSTGRES_UNIQUE))
