import { ApiHeader, ApiResponse } from '@nestjs/swagger';

/** Says in the document that a route reads `If-Match`; an enhancer for the parameter decorators that do. */
export const describeIfMatch =
  ({ required }: { required: boolean }): ParameterDecorator =>
  (prototype, method) => {
    if (method === undefined) return;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, method) as PropertyDescriptor;
    const decorators = [
      ApiHeader({
        name: 'If-Match',
        required,
        description: 'The ETag of the version that the change is made to.',
      }),
      ApiResponse({ status: 412, description: 'The resource has changed since that version.' }),
      ...(required ? [ApiResponse({ status: 428, description: 'If-Match is missing.' })] : []),
    ];
    for (const decorate of decorators) decorate(prototype, method, descriptor);
  };
