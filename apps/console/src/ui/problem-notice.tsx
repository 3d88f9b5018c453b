import type { ReactNode } from 'react';
import type { Problem } from '../api/problem.js';

interface Props {
  problem: Problem;
  /** What one can do about it. */
  children?: ReactNode;
}

export function ProblemNotice({ problem, children }: Props) {
  const { title, detail, errors, requestId } = problem;
  return (
    <div className="notice" role="alert">
      <strong>{title}</strong>
      <p>{detail}</p>
      {errors && errors.length > 0 && (
        <ul>
          {errors.map((error) => (
            <li key={`${error.pointer} ${error.detail}`}>{error.detail}</li>
          ))}
        </ul>
      )}
      {requestId && problem.status >= 500 && <p className="muted small">Request {requestId}</p>}
      {children && <div className="actions">{children}</div>}
    </div>
  );
}
